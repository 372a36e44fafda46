// The log as it is written, with filters.
import { useState } from "preact/hooks";
import { Level, LogEntry } from "../api/types";
import { useDaemon } from "../daemon";
import { count, dateTime, moment } from "../format";
import { foundLines } from "../live/search";
import { useStream } from "../live/stream";
import { Choice, Search, Title } from "../ui/parts";
import { Empty } from "../ui/states";

const kept = 5000;
const step = 300;

export function LogPage() {
  const { data } = useDaemon();
  const { items, missed, open } = useStream<LogEntry>("log?level=debug", 2000, kept, data!.started);
  const [level, setLevel] = useState<Level>("INFO");
  const [connection, setConnection] = useState("");
  const [word, setWord] = useState("");
  const [frozen, setFrozen] = useState<LogEntry[]>();
  const [most, setMost] = useState(step);
  const found = foundLines(frozen ?? items, { level, connection, word });
  const shown = found.slice(-most).reverse();
  const levels: [Level, string][] = [["DEBUG", "Everything"], ["INFO", "Info and above"], ["WARN", "Warnings and errors"], ["ERROR", "Errors"]];
  const connections: [string, string][] = [["", "Every connection"], ...data!.connections.map((c): [string, string] => [c.name, c.name])];
  const newer = frozen ? items.length - frozen.length : 0;
  return (
    <>
      <Title>Log</Title>
      <div class="filters">
        <Choice label="Level" value={level} options={levels} change={setLevel} />
        {connections.length <= 200 ? <Choice label="Connection" value={connection} options={connections} change={setConnection} /> : null}
        <Search label="Find in the log" value={word} change={setWord} />
        <button type="button" aria-pressed={frozen !== undefined} onClick={() => setFrozen(frozen ? undefined : items)}>
          {frozen ? "Go on" : "Pause"}
        </button>
        <span class="aside" role="status">
          {frozen ? `Paused${newer > 0 ? `, ${count(newer)} new` : ""}` : open ? `${count(found.length)} lines, the newest first` : "Waiting for the daemon …"}
          {missed > 0 && `, ${count(missed)} lost because they came too fast`}
        </span>
      </div>
      {shown.length === 0 ? <Empty icon="log" title={items.length === 0 ? "Nothing was logged yet" : "No line matches"} /> : <Lines list={shown} />}
      {found.length > most && (
        <button type="button" onClick={() => setMost(most + step)}>
          Show older lines
        </button>
      )}
    </>
  );
}

function Lines({ list }: { list: LogEntry[] }) {
  const { now } = useDaemon();
  return (
    <ol class="lines">
      {list.map((e) => (
        <li key={e.seq} class={`line ${e.level.toLowerCase()}`}>
          <time dateTime={e.time} title={dateTime(e.time)}>
            {moment(e.time, now)}
          </time>
          <span class="level">{e.level}</span>
          <span class="text">
            {e.text}
            {e.attrs &&
              Object.entries(e.attrs).map(([k, v]) => (
                <span key={k} class="attr">
                  {" "}
                  <span class="attr-key">{k}=</span>
                  {v}
                </span>
              ))}
          </span>
        </li>
      ))}
    </ol>
  );
}
