import { run } from "./harness";
import "./pages";
import "./actions";
import "./trouble";
import "./screenshots";

await run();
