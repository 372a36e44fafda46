// All connections: who is up, who fails, and how much they carry.
import { useState } from "preact/hooks";
import { Connection } from "../api/types";
import { useDaemon } from "../daemon";
import { bitRate, bytes, count, list, plural } from "../format";
import { countStandings, foundConnections, pageOf, Standing, standingOf, standings } from "../live/search";
import { toConnection } from "../route";
import { connectionActions } from "../ui/commands";
import { useAct } from "../ui/actions";
import { Warnings } from "../ui/banner";
import { DaemonFacts } from "../ui/facts";
import { Graphs, Sparkline } from "../ui/graph";
import { Pager, Search, Section, StandingPill, standingNames, Title, When } from "../ui/parts";
import { Resistance } from "../ui/resistance";
import { Empty } from "../ui/states";

const size = 50;

export function ConnectionsPage() {
  const { data, history } = useDaemon();
  const [word, setWord] = useState("");
  const [standing, setStanding] = useState<Standing>();
  const [page, setPage] = useState(0);
  const all = data!.connections;
  const found = foundConnections(all, word, standing);
  const part = pageOf(found, page, size);
  const sas = all.reduce((n, c) => n + c.sa_count, 0);
  return (
    <>
      <div class="title-row">
        <Title>Connections</Title>
        <p class="aside">
          {plural(sas, "IKE SA")}, {plural(all.reduce((n, c) => n + c.child_count, 0), "child", "children")}
          {data!.unknown_sas > 0 && `, ${count(data!.unknown_sas)} not yet known`}
        </p>
      </div>
      {data!.warnings && data!.warnings.length > 0 && <Warnings list={data!.warnings} />}
      <Standings list={all} chosen={standing} choose={(s) => (setStanding(s), setPage(0))} />
      <Graphs series={history.total} />
      {all.length === 0 ? (
        <Empty icon="connections" title="No connections yet">
          Write one into <code>{data!.config || "the configuration"}</code> and run <code>culvert reload</code>.
        </Empty>
      ) : (
        <Section title="All connections" aside={<Search label="Find by name, peer or child" value={word} change={(w) => (setWord(w), setPage(0))} />}>
          {found.length === 0 ? <Empty icon="connections" title="No connection matches" /> : <Table rows={part.items} />}
          <Pager what="connections" page={part.page} size={size} total={found.length} turn={setPage} />
        </Section>
      )}
      <DaemonFacts />
    </>
  );
}

function Standings({ list, chosen, choose }: { list: Connection[]; chosen: Standing | undefined; choose: (s: Standing | undefined) => void }) {
  const n = countStandings(list);
  return (
    <div class="standings" role="group" aria-label="Show connections that are">
      {standings.map((s) => (
        <button key={s} type="button" class={`standing ${s} ${n[s] > 0 ? "some" : "none"}`} aria-pressed={chosen === s} onClick={() => choose(chosen === s ? undefined : s)}>
          <b>{count(n[s])}</b> {standingNames[s]}
        </button>
      ))}
    </div>
  );
}

function Table({ rows }: { rows: Connection[] }) {
  return (
    <table class="list" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Connection</th>
          <th role="columnheader">State</th>
          <th role="columnheader">IKE SAs</th>
          <th role="columnheader">Traffic</th>
          <th role="columnheader">Quantum</th>
          <th role="columnheader">
            <span class="hidden">Actions</span>
          </th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((c) => (
          <Row key={c.name} c={c} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ c }: { c: Connection }) {
  const { operates } = useDaemon();
  const act = useAct();
  const actions = operates ? connectionActions(c).filter((a) => a.quick) : [];
  return (
    <tr role="row">
      <td role="cell" class="name">
        <a href={toConnection(c.name)}>{c.name}</a>
        <small>{c.remote.length > 0 ? list(c.remote) : "any peer"}</small>
      </td>
      <td role="cell">
        <StandingPill standing={standingOf(c)} />
        <small>
          <StateDetail c={c} />
        </small>
      </td>
      <td role="cell" data-label="IKE SAs" class={c.sa_count > 0 ? "number" : "nothing"}>
        {c.sa_count > 0 ? count(c.sa_count) : "–"}
        <small>{c.sa_count > 0 ? plural(c.child_count, "child", "children") : ""}</small>
      </td>
      <td role="cell" data-label="Traffic" class={c.child_count > 0 ? "traffic" : "nothing"}>
        {c.child_count > 0 ? <RowTraffic c={c} /> : "–"}
      </td>
      <td role="cell" data-label="Quantum" class={c.sa_count > 0 ? "" : "nothing"}>
        <Resistance of={c.resistant_count} total={c.sa_count} />
      </td>
      <td role="cell" class="actions">
        {actions.map(({ name, action }) => (
          <button key={name} type="button" aria-label={action.title} onClick={() => act(action)}>
            {name}
          </button>
        ))}
      </td>
    </tr>
  );
}

function RowTraffic({ c }: { c: Connection }) {
  const series = useDaemon().history.of(c.name);
  return (
    <div class="beside">
      <ul class="rates">
        <li>
          {bitRate(series.now?.inBytes ?? 0)} in <small>{bytes(c.in.bytes)}</small>
        </li>
        <li>
          {bitRate(series.now?.outBytes ?? 0)} out <small>{bytes(c.out.bytes)}</small>
        </li>
      </ul>
      <Sparkline series={series} />
    </div>
  );
}

function StateDetail({ c }: { c: Connection }) {
  if (c.state === "up") return c.since ? <><When time={c.since} /></> : null;
  if (c.last_failure) return <>{c.last_failure.title ?? c.last_failure.detail}</>;
  if (c.next_attempt) return <>next attempt <When time={c.next_attempt} /></>;
  return <>{stateTexts[c.state]}</>;
}

const stateTexts: Record<Connection["state"], string> = {
  idle: "nobody asked for it",
  listening: "waits for the peer",
  trapped: "waits for a packet",
  connecting: "connecting",
  waiting: "waits",
  up: "",
};
