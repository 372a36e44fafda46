// The list of messages: each opens to its payloads.
import { useEffect, useRef } from "preact/hooks";
import { Trace, TraceField, TraceMessage, TracePayload } from "../api/types";
import { messageFacts, messageName, offset, payloadNames, stepsOf } from "./words";

interface Props {
  trace: Trace;
  chosen: number | undefined;
  choose: (index: number | undefined) => void;
}

export function Messages({ trace, chosen, choose }: Props) {
  return (
    <ol class="messages">
      {stepsOf(trace).map((step, i) =>
        step.kind === "mark" ? (
          <li key={i} class={`between ${step.mark.problem ? "bad" : ""}`}>
            <span class="time">{offset(trace, step.mark.time)}</span> {step.mark.text}
          </li>
        ) : (
          <li key={i}>
            <Message trace={trace} m={step.message} open={chosen === step.index} toggle={(open) => choose(open ? step.index : chosen === step.index ? undefined : chosen)} />
          </li>
        ),
      )}
    </ol>
  );
}

function Message({ trace, m, open, toggle }: { trace: Trace; m: TraceMessage; open: boolean; toggle: (open: boolean) => void }) {
  const box = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    if (open) box.current?.scrollIntoView({ block: "nearest" });
  }, [open]);
  return (
    <details ref={box} class={`message-card ${m.dropped ? "bad" : ""}`} open={open} onToggle={(e) => e.currentTarget.open !== open && toggle(e.currentTarget.open)}>
      <summary>
        <span class="way">{m.direction === "sent" ? "We sent" : "We received"}</span> <b>{messageName(m)}</b>
        <span class="payload-names">{payloadNames(m).join(" ") || "no payloads that could be read"}</span>
        <span class="facts">
          {offset(trace, m.time)} · {messageFacts(m).join(" · ")}
        </span>
      </summary>
      {m.payloads.map((p, i) => (
        <Payload key={i} p={p} />
      ))}
    </details>
  );
}

function Payload({ p }: { p: TracePayload }) {
  return (
    <div class="payload">
      <p>
        <b class="type">{p.type}</b> {p.summary}
      </p>
      {p.fields && p.fields.length > 0 && <Fields list={p.fields} />}
    </div>
  );
}

function Fields({ list }: { list: TraceField[] }) {
  return (
    <ul class="fields">
      {list.map((f, i) => (
        <li key={i}>
          <span class="field">{f.name}</span> {f.value && <code>{f.value}</code>}
          {f.fields && f.fields.length > 0 && <Fields list={f.fields} />}
        </li>
      ))}
    </ul>
  );
}
