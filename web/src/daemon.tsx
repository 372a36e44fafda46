// What all of the page knows of the daemon: its overview, who we are, and what was carried so far.
import { ComponentChildren, createContext } from "preact";
import { useContext, useEffect, useMemo, useState } from "preact/hooks";
import { get } from "./api/client";
import { Caller, Overview } from "./api/types";
import { History } from "./live/series";
import { Polled, usePoll } from "./live/poll";

export interface Daemon extends Polled<Overview> {
  caller: Caller | undefined;
  history: History;
  /** The clock of the daemon now, in milliseconds: what it tells is in its own time. */
  now: number;
  /** Whether we may act, and administer. */
  operates: boolean;
}

const Context = createContext<Daemon | undefined>(undefined);

export function useDaemon(): Daemon {
  const d = useContext(Context);
  if (!d) throw new Error("there is no daemon around");
  return d;
}

/** Asks for the overview and shows what is inside to those who belong here. */
export function DaemonProvider({ children }: { children: ComponentChildren }) {
  const history = useMemo(() => new History(), []);
  const [skew, setSkew] = useState(0);
  const polled = usePoll(
    "overview",
    () => get<Overview>("overview"),
    (o) => {
      history.push(o);
      setSkew(Date.parse(o.time) - Date.now());
    },
  );
  const started = polled.data?.started ?? "";
  const [caller, setCaller] = useState<Caller>();
  useEffect(() => {
    if (started !== "") get<Caller>("session").then(setCaller, () => setCaller(undefined));
  }, [started]);
  const now = useNow() + skew;
  const operates = caller?.role === "operate" || caller?.role === "administer";
  return <Context.Provider value={{ ...polled, caller, history, now, operates }}>{children}</Context.Provider>;
}

/** The time, which goes on each second. */
function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
