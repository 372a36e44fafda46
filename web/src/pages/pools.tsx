// Address pools and who holds what.
import { useState } from "preact/hooks";
import { get } from "../api/client";
import { Lease, Pool } from "../api/types";
import { plural } from "../format";
import { usePoll } from "../live/poll";
import { pageOf } from "../live/search";
import { Pager, Pill, Search, Section, Title, When } from "../ui/parts";
import { Empty, Loading, Trouble } from "../ui/states";

const size = 50;

export function PoolsPage() {
  const pools = usePoll("pools", () => get<Pool[]>("pools"));
  return (
    <>
      <Title>Address pools</Title>
      {pools.problem && !pools.data ? (
        <Trouble problem={pools.problem} again={pools.again} />
      ) : !pools.data ? (
        <Loading what="pools" />
      ) : pools.data.length === 0 ? (
        <Empty icon="pools" title="There are no pools">
          A pool is what a gateway gives addresses of to its clients.
        </Empty>
      ) : (
        pools.data.map((p) => <PoolSection key={p.name} p={p} />)
      )}
    </>
  );
}

/** The part of a pool that is taken, from 0 to 1. Sizes of IPv6 pools have more digits than a number. */
export function usage(p: Pool): number {
  const size = Number(p.size);
  return size > 0 ? Math.min(1, (p.online + p.offline) / size) : 0;
}

function PoolSection({ p }: { p: Pool }) {
  const [word, setWord] = useState("");
  const [page, setPage] = useState(0);
  const search = word.trim().toLowerCase();
  const found = p.leases.filter((l) => search === "" || l.address.includes(search) || l.identity.toLowerCase().includes(search));
  const part = pageOf(found, page, size);
  const used = usage(p);
  const sizeText = p.size.length > 12 ? `10^${p.size.length - 1} and more` : Number(p.size).toLocaleString("en-US");
  return (
    <Section title={p.name} aside={p.leases.length > 8 && <Search label={`Find in ${p.name}`} value={word} change={(w) => (setWord(w), setPage(0))} />}>
      <p class="aside">
        {plural(p.online, "address", "addresses")} in use, {p.offline} kept for peers that are away, of {sizeText}
      </p>
      <meter class="meter" min={0} max={1} value={used} high={0.9} aria-label={`Used of ${p.name}`}>
        {Math.round(used * 100)} %
      </meter>
      {found.length === 0 ? <Empty icon="pools" title={p.leases.length === 0 ? "Nobody holds an address of it" : "No lease matches"} /> : <Leases rows={part.items} />}
      <Pager what={`leases of ${p.name}`} page={part.page} size={size} total={found.length} turn={setPage} />
    </Section>
  );
}

function Leases({ rows }: { rows: Lease[] }) {
  return (
    <table class="list" role="table">
      <thead role="rowgroup">
        <tr role="row">
          <th role="columnheader">Address</th>
          <th role="columnheader">Held by</th>
          <th role="columnheader">State</th>
          <th role="columnheader">Since</th>
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((l) => (
          <tr role="row" key={l.address}>
            <td role="cell" class="name">
              {l.address}
            </td>
            <td role="cell" data-label="Held by">
              {l.identity}
            </td>
            <td role="cell">
              <Pill tone={l.online ? "good" : "calm"}>{l.online ? "in use" : "kept"}</Pill>
              {l.static && <small>fixed by the configuration</small>}
            </td>
            <td role="cell" data-label="Since">
              <When time={l.since} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
