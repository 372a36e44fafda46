// The recent exchanges with all peers.
import { useState } from "preact/hooks";
import { get } from "../api/client";
import { Outcome, TraceSummary } from "../api/types";
import { usePoll } from "../live/poll";
import { pageOf } from "../live/search";
import { Choice, Pager, Search, Title } from "../ui/parts";
import { Empty, Loading, Trouble } from "../ui/states";
import { TraceTable, outcomeNames } from "../ui/traces";

const size = 50;

function matches(t: TraceSummary, word: string, outcome: Outcome | "all"): boolean {
  const part = word.trim().toLowerCase();
  const texts = [t.connection, t.peer, t.remote, t.sa, t.failure?.title, t.failure?.detail, t.failure?.code];
  return (outcome === "all" || t.outcome === outcome) && (part === "" || texts.some((s) => s?.toLowerCase().includes(part)));
}

export function ExchangesPage({ connection }: { connection: string }) {
  const [word, setWord] = useState("");
  const [outcome, setOutcome] = useState<Outcome | "all">("all");
  const [page, setPage] = useState(0);
  const query = connection === "" ? "" : `?connection=${encodeURIComponent(connection)}`;
  const traces = usePoll(`traces${query}`, () => get<TraceSummary[]>(`traces${query}`));
  const found = traces.data?.filter((t) => matches(t, word, outcome)) ?? [];
  const part = pageOf(found, page, size);
  const outcomes: [Outcome | "all", string][] = [["all", "Every outcome"], ...(Object.entries(outcomeNames) as [Outcome, string][])];
  return (
    <>
      <Title>{connection === "" ? "Exchanges" : `Exchanges of ${connection}`}</Title>
      <p class="aside">
        What this daemon and its peers have said to each other lately. {connection !== "" && <a href="#/exchanges">Show those of all connections</a>}
      </p>
      <div class="filters">
        <Search label="Find by connection, peer or failure" value={word} change={(w) => (setWord(w), setPage(0))} />
        <Choice label="Outcome" value={outcome} options={outcomes} change={(o) => (setOutcome(o), setPage(0))} />
      </div>
      {traces.problem && !traces.data ? (
        <Trouble problem={traces.problem} again={traces.again} />
      ) : !traces.data ? (
        <Loading what="exchanges" />
      ) : found.length === 0 ? (
        <Empty icon="exchanges" title={traces.data.length === 0 ? "Nothing was said yet" : "No exchange matches"}>
          {traces.data.length === 0 && "As soon as a connection is tried, its messages stand here."}
        </Empty>
      ) : (
        <TraceTable rows={part.items} />
      )}
      <Pager what="exchanges" page={part.page} size={size} total={found.length} turn={setPage} />
    </>
  );
}
