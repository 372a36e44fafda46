// One exchange: what was said, how it ended and why.
import { useState } from "preact/hooks";
import { get } from "../api/client";
import { Trace } from "../api/types";
import { Diagram } from "../diagram/diagram";
import { Messages } from "../diagram/messages";
import { dateTime, latency, plural } from "../format";
import { usePoll } from "../live/poll";
import { toConnection } from "../route";
import { WhyFailed } from "../ui/explanation";
import { Facts, Section, Title } from "../ui/parts";
import { Empty, Loading, Trouble } from "../ui/states";
import { OutcomePill, traceName } from "../ui/traces";

export function ExchangePage({ id }: { id: string }) {
  const { data, problem, again } = usePoll(`trace ${id}`, () => get<Trace>(`traces/${encodeURIComponent(id)}`));
  return (
    <>
      <nav class="crumbs" aria-label="You are in">
        <a href="#/exchanges">Exchanges</a>
      </nav>
      <div class="title-row">
        <Title>{data ? `Exchange with ${traceName(data)}` : `Exchange ${id}`}</Title>
        {data && <OutcomePill outcome={data.outcome} />}
      </div>
      {data ? <Whole t={data} /> : problem ? <Trouble problem={problem} again={again} /> : <Loading what="the exchange" />}
    </>
  );
}

function Whole({ t }: { t: Trace }) {
  const [chosen, choose] = useState<number>();
  return (
    <>
      <Facts
        list={[
          ["Connection", t.connection && <a href={toConnection(t.connection)}>{t.connection}</a>],
          ["Peer", t.peer],
          ["Began", dateTime(t.started)],
          ["Took", t.ended && latency(Date.parse(t.ended) - Date.parse(t.started))],
          ["Begun by", t.initiator ? "us" : "the peer"],
          ["Forgotten", t.forgotten && t.forgotten > 0 && `${plural(t.forgotten, "message")} in the middle, for which there was no room`],
        ]}
      />
      {t.failure && (
        <Section title={t.outcome === "running" ? "Why it is failing" : "Why it failed"}>
          <WhyFailed id={t.id} otherwise={t.failure} />
        </Section>
      )}
      {t.messages.length === 0 ? (
        <Empty icon="exchanges" title="No message came or went" />
      ) : (
        <div class="exchange">
          <Section title="Diagram">
            <Diagram trace={t} chosen={chosen} choose={choose} />
          </Section>
          <Section title="Messages">
            <Messages trace={t} chosen={chosen} choose={choose} />
          </Section>
        </div>
      )}
    </>
  );
}
