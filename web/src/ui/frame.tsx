// Header and navigation.
import { useState } from "preact/hooks";
import { useDaemon } from "../daemon";
import { Route } from "../route";
import { savedTheme, saveTheme, Theme } from "../theme";
import { Icon, IconName, Logo } from "./icons";

export function Header() {
  const { data, gone, problem, caller } = useDaemon();
  const state = gone ? "Not connected" : problem ? "Trouble" : data ? "Live" : "Connecting";
  return (
    <header class="top">
      <a class="brand" href="#/connections">
        <Logo />
        <span>Culvert</span>
      </a>
      <span class={`pulse ${gone || problem ? "bad" : data ? "good" : ""}`}>
        <span class="dot" aria-hidden="true" />
        {state}
      </span>
      <span class="spacer" />
      {caller && (
        <span class="role" title={`Signed in as ${caller.name}`}>
          {roles[caller.role]}
        </span>
      )}
      <ThemeSwitch />
    </header>
  );
}

const roles: Record<string, string> = { read: "May look", operate: "May operate", administer: "Administrator" };

const pages: { page: Route["page"]; also?: Route["page"]; name: string; icon: IconName }[] = [
  { page: "connections", also: "connection", name: "Connections", icon: "connections" },
  { page: "exchanges", also: "exchange", name: "Exchanges", icon: "exchanges" },
  { page: "certificates", name: "Certificates", icon: "certificates" },
  { page: "pools", name: "Pools", icon: "pools" },
  { page: "log", name: "Log", icon: "log" },
];

export function Navigation({ route }: { route: Route }) {
  return (
    <nav class="pages" aria-label="Pages">
      {pages.map(({ page, also, name, icon }) => (
        <a key={page} href={`#/${page}`} aria-current={route.page === page ? "page" : route.page === also ? "true" : undefined}>
          <Icon name={icon} />
          <span>{name}</span>
        </a>
      ))}
    </nav>
  );
}

const themes: Theme[] = ["system", "light", "dark"];
const themeNames: Record<Theme, string> = { system: "as the system", light: "light", dark: "dark" };

function ThemeSwitch() {
  const [theme, setTheme] = useState(savedTheme());
  const next = themes[(themes.indexOf(theme) + 1) % themes.length]!;
  const change = (): void => {
    saveTheme(next);
    setTheme(next);
  };
  const label = `Colours: ${themeNames[theme]}. Change to ${themeNames[next]}`;
  return (
    <button class="quiet square" type="button" onClick={change} aria-label={label} title={label}>
      <Icon name={theme} />
    </button>
  );
}
