import { run } from "./harness";
import "./pages";
import "./screenshots";

await run();
