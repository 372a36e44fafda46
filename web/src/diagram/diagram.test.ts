import assert from "node:assert/strict";
import test from "node:test";
import { Trace, TraceMessage } from "../api/types";
import { Arrow, fitted, layout, wrapped } from "./layout";
import { diagramSummary, messageFacts, messageName, offset, payloadNames, stepsOf } from "./words";

const message = (part: Partial<TraceMessage> = {}): TraceMessage => ({ time: "2026-01-01T00:00:01Z", direction: "sent", exchange: "IKE_SA_INIT", response: false, message_id: 0, size: 300, payloads: [], ...part });

const trace = (messages: TraceMessage[], marks: Trace["marks"] = []): Trace => ({
  id: "1", local: "192.0.2.1:500", remote: "192.0.2.2:500", initiator: true, started: "2026-01-01T00:00:00Z", outcome: "up", message_count: messages.length, messages, marks,
});

const mark = (after: number, text: string) => ({ time: "2026-01-01T00:00:02Z", after, kind: "up", text });

test("a message is told in words", () => {
  const m = message({ response: true, message_id: 3, direction: "received", fragments: 2, repeated: 2, rtt: 12_400_000, dropped: "too short" });
  assert.equal(messageName(m), "IKE_SA_INIT response 3");
  assert.deepEqual(messageFacts(m), ["300 octets", "2 fragments", "after 12.4 ms", "came again twice", "dropped: too short"]);
  assert.deepEqual(messageFacts(message({ repeated: 1, fragments: 1 })), ["300 octets", "sent again once"]);
});

test("payloads are named, and the same ones counted", () => {
  const payloads = [{ type: "SA" }, { type: "N", summary: "COOKIE, 8 octets" }, { type: "N", summary: "CHILD_SA_NOT_FOUND" }, { type: "V" }, { type: "V" }, { type: "N", summary: "" }];
  assert.deepEqual(payloadNames(message({ payloads })), ["SA", "N(COOKIE)", "N(CHILD_SA_NOT_FOUND)", "2×V", "N"]);
});

test("what happened between messages stands between them", () => {
  const t = trace([message(), message()], [mark(2, "last"), mark(0, "first"), mark(1, "middle"), mark(9, "later")]);
  assert.deepEqual(stepsOf(t).map((s) => (s.kind === "mark" ? s.mark.text : s.index)), ["first", 0, "middle", 1, "last", "later"]);
});

test("the summary counts what was sent, came, came again and was dropped", () => {
  const t = trace([message({ repeated: 2 }), message({ direction: "received", dropped: "late" })]);
  assert.equal(diagramSummary(t), "Sequence diagram of 2 messages between us at 192.0.2.1:500 and the peer at 192.0.2.2:500: 1 sent, 1 received, 2 of them again, 1 dropped. The list of messages tells the same.");
  assert.equal(offset(t, "2026-01-01T00:00:00.0124Z"), "+12.0 ms");
  assert.equal(offset(t, "2025-12-31T23:59:59Z"), "+0 µs");
});

test("arrows lead from who sent to who received, below each other", () => {
  const t = trace([message({ repeated: 9 }), message({ direction: "received" })], [mark(1, "between")]);
  for (const width of [300, 900]) {
    const l = layout(t, width);
    const [first, note, second] = l.rows as [Arrow, Arrow, Arrow];
    assert.deepEqual([first.from, first.to, second.from, second.to], [l.us, l.peer, l.peer, l.us]);
    assert.equal(first.echoes.length, 3);
    assert.ok(l.us < l.peer && l.peer <= width);
    assert.ok(first.y < note.y && note.y < second.y && second.y < l.height);
  }
});

test("texts are cut to their room", () => {
  assert.equal(fitted("short", 200), "short");
  assert.equal(fitted("a long text that does not fit", 64), "a long te…");
  assert.deepEqual(wrapped("one two three four five six", 64, 5), ["one two", "three four", "five six"]);
  assert.deepEqual(wrapped("one two three four five six", 64, 2), ["one two", "three fou…"]);
  assert.deepEqual(wrapped("", 64, 2), [""]);
  assert.ok(wrapped("x".repeat(1000), 64, 2).every((line) => line.length <= 10));
});
