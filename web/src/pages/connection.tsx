// One connection: why it fails, what it carries, its SAs, its exchanges and its events.
import { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { get, getPage } from "../api/client";
import { Connection, DaemonEvent, SA, TraceSummary } from "../api/types";
import { useDaemon } from "../daemon";
import { list, moment } from "../format";
import { usePoll } from "../live/poll";
import { useStream } from "../live/stream";
import { standingOf } from "../live/search";
import { toConnections, toExchange, toExchanges } from "../route";
import { useAct } from "../ui/actions";
import { connectionActions } from "../ui/commands";
import { WhyFailed } from "../ui/explanation";
import { Graphs } from "../ui/graph";
import { Facts, Pager, Search, Section, StandingPill, Title, useSettled, When } from "../ui/parts";
import { SACard } from "../ui/sa";
import { Empty, Loading, ProblemText, Trouble } from "../ui/states";
import { TraceTable } from "../ui/traces";

export function ConnectionPage({ name }: { name: string }) {
  const { data, history } = useDaemon();
  const c = data!.connections.find((c) => c.name === name);
  if (!c) {
    return (
      <>
        <Back />
        <Title>{name}</Title>
        <Empty icon="connections" title="There is no connection of this name">
          It may have left the configuration.
        </Empty>
      </>
    );
  }
  return (
    <>
      <Back />
      <div class="title-row">
        <Title>{name}</Title>
        <StandingPill standing={standingOf(c)} />
        <Commands c={c} />
      </div>
      <Facts
        list={[
          ["Peer", c.remote.length > 0 ? list(c.remote) : "any address"],
          ["Children", c.children.join(", ")],
          ["Up since", c.since && <When time={c.since} />],
          ["Attempts", c.attempts && c.attempts > 0 && c.attempts],
          ["Next attempt", c.next_attempt && <When time={c.next_attempt} />],
          ["Loaded from", c.source],
        ]}
      />
      <Exchanges c={c}>
        <Graphs series={history.of(name)} />
        <SAs c={c} />
      </Exchanges>
      <Events name={name} />
    </>
  );
}

function Back() {
  return (
    <nav class="crumbs" aria-label="You are in">
      <a href={toConnections}>Connections</a>
    </nav>
  );
}

function Commands({ c }: { c: Connection }) {
  const { operates } = useDaemon();
  const act = useAct();
  if (!operates) return null;
  return (
    <div class="buttons">
      {connectionActions(c).map(({ name, danger, action }) => (
        <button key={name} type="button" class={danger ? "danger" : ""} onClick={() => act(action)}>
          {name}
        </button>
      ))}
    </div>
  );
}

/** Why it failed last above, the recent exchanges below what is in between. */
function Exchanges({ c, children }: { c: Connection; children: ComponentChildren }) {
  const traces = usePoll(`traces ${c.name}`, () => get<TraceSummary[]>(`traces?connection=${encodeURIComponent(c.name)}`));
  const failed = failureOf(c, traces.data ?? []);
  const recent = traces.data?.slice(0, 8) ?? [];
  return (
    <>
      {failed ? (
        <Section title="Why it failed" aside={<a href={toExchange(failed.id)}>See the exchange</a>}>
          <WhyFailed key={failed.id} id={failed.id} otherwise={c.last_failure ?? failed.failure} />
        </Section>
      ) : (
        c.last_failure &&
        c.state !== "up" && (
          <Section title="Why it failed">
            <div class="card trouble">
              <ProblemText problem={c.last_failure} />
            </div>
          </Section>
        )
      )}
      {children}
      <Section title="Recent exchanges" aside={recent.length > 0 && <a href={toExchanges(c.name)}>All of this connection</a>}>
        {traces.problem && !traces.data ? (
          <Trouble problem={traces.problem} again={traces.again} />
        ) : !traces.data ? (
          <Loading what="exchanges" />
        ) : recent.length === 0 ? (
          <Empty icon="exchanges" title="Nothing was said yet" />
        ) : (
          <TraceTable rows={recent} />
        )}
      </Section>
    </>
  );
}

/**
 * The exchange that tells why a connection is down: the last that has failed while it is tried again, or the last of all. One
 * that was refused goes on for a while, in case that somebody else than the peer has refused it (RFC 7296, Section 2.21.1).
 */
function failureOf(c: Connection, traces: TraceSummary[]): TraceSummary | undefined {
  if (c.state === "up") return undefined;
  const candidates = c.last_failure ? traces : traces.slice(0, 1);
  return candidates.find((t) => t.outcome === "failed" || (t.outcome === "running" && t.failure));
}

const size = 20;

function SAs({ c }: { c: Connection }) {
  const [word, setWord] = useState("");
  const [page, setPage] = useState(0);
  const match = useSettled(word.trim());
  const query = new URLSearchParams({ connection: c.name, match, offset: String(page * size), limit: String(size) });
  const sas = usePoll(`sas ${query}`, () => getPage<SA[]>(`sas?${query}`));
  const total = sas.data?.total ?? 0;
  const many = c.sa_count > 5 || word !== "";
  return (
    <Section title="IKE SAs" aside={many && <Search label="Find by peer, address or SPI" value={word} change={(w) => (setWord(w), setPage(0))} />}>
      {sas.problem && !sas.data ? (
        <Trouble problem={sas.problem} again={sas.again} />
      ) : !sas.data ? (
        <Loading what="IKE SAs" />
      ) : total === 0 ? (
        <Empty icon="connections" title={match === "" ? "There is no IKE SA now" : "No IKE SA matches"} />
      ) : (
        sas.data.body.map((sa) => <SACard key={sa.spi} sa={sa} open={total <= 3} />)
      )}
      <Pager what="IKE SAs" page={page} size={size} total={total} turn={setPage} />
    </Section>
  );
}

function Events({ name }: { name: string }) {
  const { data, now } = useDaemon();
  const { items } = useStream<DaemonEvent>(`events?connection=${encodeURIComponent(name)}`, 2000, 200, data!.started);
  const told = items.filter((e) => !["sent", "received"].includes(e.kind)).slice(-12).reverse();
  return (
    <Section title="Recent events">
      {told.length === 0 ? (
        <Empty icon="log" title="Nothing has happened yet" />
      ) : (
        <ol class="events">
          {told.map((e) => (
            <li key={e.seq} class={e.problem ? "bad" : ""}>
              <time dateTime={e.time}>{moment(e.time, now)}</time>
              <span>{e.text}</span>
            </li>
          ))}
        </ol>
      )}
    </Section>
  );
}
