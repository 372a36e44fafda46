// What is said above every page: that the daemon does not answer, or was started anew.
import { useEffect, useRef, useState } from "preact/hooks";
import { Warning } from "../api/types";
import { useDaemon } from "../daemon";
import { clock, duration } from "../format";
import { Icon } from "./icons";
import { Text } from "./states";

export function Banner() {
  const { data, problem, gone, again, at } = useDaemon();
  const restarted = useRestart();
  return (
    <div class="banners" aria-live="polite">
      {gone && data && (
        <div class="banner bad">
          <Icon name="failing" />
          <p>
            <strong>The daemon does not answer.</strong> What you see is of {clock(new Date(at).toISOString())}. The page goes on by itself once the daemon is back.
          </p>
          <button type="button" onClick={again}>
            Try now
          </button>
        </div>
      )}
      {!gone && problem && data && problem.status !== 401 && (
        <div class="banner bad">
          <Icon name="failing" />
          <p>
            <strong>{problem.title ?? "The daemon cannot tell its state."}</strong> {problem.detail}
          </p>
        </div>
      )}
      {restarted !== undefined && !gone && (
        <div class="banner">
          <Icon name="trying" />
          <p>
            <strong>The daemon was started anew</strong> {duration(restarted)} ago. Graphs begin with it.
          </p>
        </div>
      )}
    </div>
  );
}

/** What deserves a look. */
export function Warnings({ list }: { list: Warning[] }) {
  return (
    <div class="warnings" role="group" aria-label="Warnings">
      {list.map((w) => (
        <div class="banner warn" key={w.code + w.text}>
          <Icon name="failing" />
          <p>
            <strong>{w.text}</strong> {w.action && <Text>{w.action}</Text>}
          </p>
        </div>
      ))}
    </div>
  );
}

/** How long ago the daemon was restarted while we looked, for the first minute. */
function useRestart(): number | undefined {
  const { data, now } = useDaemon();
  const first = useRef<string | undefined>(undefined);
  const [restart, setRestart] = useState<string>();
  const started = data?.started;
  useEffect(() => {
    if (started === undefined) return;
    if (first.current !== undefined && first.current !== started) setRestart(started);
    first.current = started;
  }, [started]);
  if (restart === undefined) return undefined;
  const ago = now - Date.parse(restart);
  return ago < 60_000 ? ago : undefined;
}

export function Stranger() {
  return (
    <div class="card trouble">
      <h1 tabIndex={-1}>This page needs a session</h1>
      <p>
        The daemon does not know this browser, or the session has ended. Run <code>culvert web</code> on the host and open the link that it prints: it works once.
      </p>
    </div>
  );
}
