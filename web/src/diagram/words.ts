// Messages of an exchange in words.
import { Trace, TraceMark, TraceMessage, TracePayload } from "../api/types";
import { latency, plural } from "../format";

/** "IKE_SA_INIT request 0" */
export function messageName(m: TraceMessage): string {
  return `${m.exchange} ${m.response ? "response" : "request"} ${m.message_id}`;
}

/** A payload in short: "N(COOKIE)", "SA" */
export function payloadName(p: TracePayload): string {
  const name = /^[A-Z0-9_]+/.exec(p.summary ?? "")?.[0] ?? "";
  return p.type === "N" && name.length > 1 ? `N(${name})` : p.type;
}

/** Payloads in short, the same ones counted: "SA KE Ni 2×N(COOKIE)" */
export function payloadNames(m: TraceMessage): string[] {
  const counted = new Map<string, number>();
  for (const p of m.payloads) counted.set(payloadName(p), (counted.get(payloadName(p)) ?? 0) + 1);
  return [...counted].map(([name, n]) => (n > 1 ? `${n}×${name}` : name));
}

/** What is to be known of the way of a message: its size, fragments, time and repetitions. */
export function messageFacts(m: TraceMessage): string[] {
  const facts = [plural(m.size, "octet")];
  if (m.fragments && m.fragments > 1) facts.push(plural(m.fragments, "fragment"));
  if (m.rtt) facts.push(`after ${latency(m.rtt / 1e6)}`);
  if (m.repeated) facts.push(`${m.direction === "sent" ? "sent" : "came"} again ${times(m.repeated)}`);
  if (m.dropped) facts.push(`dropped: ${m.dropped}`);
  return facts;
}

function times(n: number): string {
  return n === 1 ? "once" : n === 2 ? "twice" : `${n} times`;
}

/** How long after the beginning: "+12.4 ms" */
export function offset(t: Trace, time: string): string {
  return `+${latency(Math.max(0, Date.parse(time) - Date.parse(t.started)))}`;
}

/** The whole diagram in a sentence or two; the list of messages tells the rest. */
export function diagramSummary(t: Trace): string {
  const sent = t.messages.filter((m) => m.direction === "sent").length;
  const again = t.messages.reduce((n, m) => n + (m.repeated ?? 0), 0);
  const parts = [`Sequence diagram of ${plural(t.messages.length, "message")} between us at ${t.local} and the peer at ${t.remote}: ${sent} sent, ${t.messages.length - sent} received`];
  if (again > 0) parts.push(`, ${again === 1 ? "one" : again} of them again`);
  const dropped = t.messages.filter((m) => m.dropped).length;
  if (dropped > 0) parts.push(`, ${dropped} dropped`);
  return `${parts.join("")}. The list of messages tells the same.`;
}

/** One step of a diagram: a message, something between messages, or messages that were forgotten. */
export type Step = { kind: "message"; index: number; message: TraceMessage } | { kind: "mark"; mark: TraceMark };

/** Messages and what happened between them, in order. */
export function stepsOf(t: Trace): Step[] {
  const steps: Step[] = [];
  const marks = [...t.marks].sort((a, b) => a.after - b.after);
  let next = 0;
  const marksUpTo = (n: number): void => {
    while (next < marks.length && marks[next]!.after <= n) steps.push({ kind: "mark", mark: marks[next++]! });
  };
  t.messages.forEach((message, index) => {
    marksUpTo(index);
    steps.push({ kind: "message", index, message });
  });
  marksUpTo(Infinity);
  return steps;
}
