// Why something failed, with both sides' values beside each other.
import { get } from "../api/client";
import { Explanation, Problem } from "../api/types";
import { usePoll } from "../live/poll";
import { Icon } from "./icons";
import { Loading, ProblemText, Text } from "./states";

/** Asks for the explanation of a trace. What there is otherwise is shown when it has none. */
export function WhyFailed({ id, otherwise }: { id: string; otherwise?: Problem }) {
  const { data, problem } = usePoll(`explanation ${id}`, () => get<Explanation>(`traces/${encodeURIComponent(id)}/explanation`));
  if (data) return <ExplanationCard e={data} />;
  if (!problem) return <Loading what="the reason" />;
  return (
    <div class="card trouble">
      <ProblemText problem={otherwise ?? problem} />
    </div>
  );
}

export function ExplanationCard({ e }: { e: Explanation }) {
  const both = (e.ours?.length ?? 0) + (e.theirs?.length ?? 0) > 0;
  return (
    <div class={`card explanation ${e.code ? "trouble" : ""}`}>
      <p class="problem-title">
        <Icon name={e.code ? "failing" : "up"} />
        <strong>{e.title}</strong>
        {e.refused && <span class="refused">{e.refused === "us" ? "We refused" : "The peer refused"}</span>}
      </p>
      <p class="said">{e.text}</p>
      {both && <Sides e={e} />}
      {e.differs && (
        <p>
          <span class="label">First difference</span> {e.differs}
        </p>
      )}
      {e.cause && (
        <p>
          <span class="label">Why</span> <Text>{e.cause}</Text>
        </p>
      )}
      {e.action && (
        <p>
          <span class="label">What to do</span> <Text>{e.action}</Text>
        </p>
      )}
      {e.code && (
        <p class="code">
          <code>{e.code}</code>
        </p>
      )}
    </div>
  );
}

function Sides({ e }: { e: Explanation }) {
  return (
    <div class="sides">
      <SideList name="Our side" values={e.ours} others={e.theirs} />
      <SideList name="The peer's side" values={e.theirs} others={e.ours} />
    </div>
  );
}

function SideList({ name, values, others }: { name: string; values: string[] | undefined; others: string[] | undefined }) {
  return (
    <section>
      <h3>{name}</h3>
      {values && values.length > 0 ? (
        <ul>
          {values.map((v, i) => (
            <li key={i}>
              <code>
                <Compared value={v} others={others ?? []} />
              </code>
            </li>
          ))}
        </ul>
      ) : (
        <p class="aside">It did not say.</p>
      )}
    </section>
  );
}

/** A proposal whose algorithms that the other side has nowhere are marked. */
function Compared({ value, others }: { value: string; others: string[] }) {
  const known = new Set(others.flatMap((o) => o.split(/[-\s,]+/)));
  if (known.size === 0) return <>{value}</>;
  return (
    <>
      {value.split(/([-\s,]+)/).map((part, i) =>
        i % 2 === 1 || known.has(part) ? (
          part
        ) : (
          <mark key={i} title="The other side has not got it">
            {part}
          </mark>
        ),
      )}
    </>
  );
}
