// Runs before the page is drawn, so that it does not flash in the wrong colours.
import { applyTheme, savedTheme } from "./theme";

applyTheme(savedTheme());
