import { run } from "./harness";
import "./pages";
import "./actions";
import "./trouble";
import "./real";
import "./screenshots";

await run();
