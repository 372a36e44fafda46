import assert from "node:assert/strict";
import test from "node:test";
import { splitEvents } from "../api/sse";
import { pause } from "./poll";
import { appended } from "./stream";

test("slow answers and silence are asked for less often", () => {
  assert.deepEqual([pause(5, 0), pause(200, 0), pause(1000, 0), pause(60_000, 0)], [2000, 2000, 10_000, 30_000]);
  assert.deepEqual([1, 2, 3, 4, 5, 60].map((n) => pause(0, n)), [1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test("items that come again are left out, and the oldest go", () => {
  const items = (...seqs: number[]) => seqs.map((seq) => ({ seq }));
  assert.deepEqual(appended(items(1, 2), items(2, 3, 4), 3), items(2, 3, 4));
  const same = items(5);
  assert.equal(appended(same, items(4, 5), 3), same);
});

test("events are told from comments, wherever the stream is cut", () => {
  const whole = ':\n\nevent: item\ndata: {"a":1}\n\n:\n\nid: 7\nevent: done\ndata: {}\n\n';
  for (let i = 0; i <= whole.length; i++) {
    const first = splitEvents(whole.slice(0, i));
    const second = splitEvents(first.rest + whole.slice(i));
    assert.deepEqual([...first.events, ...second.events], [{ name: "item", data: '{"a":1}' }, { name: "done", data: "{}" }], `cut at ${i}`);
    assert.equal(second.rest, "");
  }
});
