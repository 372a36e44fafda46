// Streams of events and log lines that go on by themselves after an interruption.
import { useEffect, useState } from "preact/hooks";

/** Items are kept up to a number, the oldest go first. One that came again after a reconnection is left out. */
export function appended<T extends { seq: number }>(list: T[], more: T[], most: number): T[] {
  const last = list.length > 0 ? list[list.length - 1]!.seq : 0;
  const fresh = more.filter((item) => item.seq > last);
  return fresh.length === 0 ? list : [...list, ...fresh].slice(-most);
}

export interface Streamed<T> {
  items: T[];
  /** Items that were lost because they came too fast. */
  missed: number;
  open: boolean;
}

/** Follows a stream while the component is there. path: without the backlog; another path begins anew. */
export function useStream<T extends { seq: number }>(path: string, backlog: number, most: number, epoch: string): Streamed<T> {
  const [state, setState] = useState<Streamed<T>>({ items: [], missed: 0, open: false });
  useEffect(() => {
    setState({ items: [], missed: 0, open: false });
    let waiting: T[] = [];
    let timer: number | undefined;
    let retry: number | undefined;
    let source: EventSource;
    const flush = (): void => {
      timer = undefined;
      const batch = waiting;
      waiting = [];
      setState((s) => ({ ...s, items: appended(s.items, batch, most) }));
    };
    const connect = (): void => {
      source = new EventSource(`/v1/${path}${path.includes("?") ? "&" : "?"}backlog=${backlog}`);
      source.addEventListener("open", () => setState((s) => ({ ...s, open: true })));
      source.addEventListener("item", (e) => {
        waiting.push(JSON.parse((e as MessageEvent<string>).data) as T);
        timer ??= window.setTimeout(flush, 100);
      });
      source.addEventListener("gap", (e) => {
        const { missed } = JSON.parse((e as MessageEvent<string>).data) as { missed: number };
        setState((s) => ({ ...s, missed: s.missed + missed }));
      });
      source.addEventListener("error", () => {
        setState((s) => ({ ...s, open: false }));
        if (source.readyState === EventSource.CLOSED) retry = window.setTimeout(connect, 3000);
      });
    };
    // A browser has few connections to one server: pages that nobody sees leave theirs to the others.
    const seen = (): void => {
      source.close();
      clearTimeout(retry);
      if (!document.hidden) connect();
    };
    connect();
    document.addEventListener("visibilitychange", seen);
    return () => {
      document.removeEventListener("visibilitychange", seen);
      source.close();
      clearTimeout(timer);
      clearTimeout(retry);
    };
  }, [path, epoch]);
  return state;
}
