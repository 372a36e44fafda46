// Lists of exchanges.
import { Outcome, TraceSummary } from "../api/types";
import { useDaemon } from "../daemon";
import { latency, moment, plural } from "../format";
import { toExchange } from "../route";
import { IconName } from "./icons";
import { Pill, Tone } from "./parts";

export const outcomeNames: Record<Outcome, string> = { running: "Running", up: "Up", failed: "Failed", closed: "Closed" };
const tones: Record<Outcome, Tone> = { running: "warn", up: "good", failed: "bad", closed: "calm" };
const icons: Record<Outcome, IconName> = { running: "trying", up: "up", failed: "failing", closed: "off" };

export function OutcomePill({ outcome }: { outcome: Outcome }) {
  return (
    <Pill tone={tones[outcome]} icon={icons[outcome]}>
      {outcomeNames[outcome]}
    </Pill>
  );
}

/** Who it is with: "office", or the address while the connection is not known. */
export function traceName(t: TraceSummary): string {
  return t.connection || t.remote;
}

export function TraceTable({ rows }: { rows: TraceSummary[] }) {
  const { now } = useDaemon();
  return (
    <table class="list" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Began</th>
          <th role="columnheader">Outcome</th>
          <th role="columnheader">With</th>
          <th role="columnheader">Messages</th>
          <th role="columnheader">What happened</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((t) => (
          <tr role="row" key={t.id}>
            <td role="cell" class="name">
              <a href={toExchange(t.id)} aria-label={`Exchange ${t.id} of ${moment(t.started, now)} with ${traceName(t)}`}>
                {moment(t.started, now)}
              </a>
              <small>{t.ended ? `took ${latency(Date.parse(t.ended) - Date.parse(t.started))}` : ""}</small>
            </td>
            <td role="cell">
              <OutcomePill outcome={t.outcome} />
            </td>
            <td role="cell" data-label="With">
              {traceName(t)}
              <small>
                {t.peer ? `${t.peer}, ` : ""}
                {t.remote}
              </small>
            </td>
            <td role="cell" data-label="Messages">
              {plural(t.message_count + (t.forgotten ?? 0), "message")}
              <small>{t.initiator ? "we began" : "the peer began"}</small>
            </td>
            <td role="cell" data-label="What happened" class="wide">
              {t.failure ? t.failure.title ?? t.failure.detail : t.outcome === "running" ? "It is being made" : "–"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
