import assert from "node:assert/strict";
import test from "node:test";
import { Overview } from "../api/types";
import { axisEnd, History, peak, rateBetween, readingOf, Series, shownSpan, span } from "./series";

const at = (seconds: number, octets: number) => readingOf(seconds * 1000, { bytes: octets, packets: octets / 10 }, { bytes: 2 * octets, packets: 0 });

test("a rate is what was carried in a second", () => {
  assert.deepEqual(rateBetween(at(10, 100), at(12, 500)), { time: 12_000, inBytes: 200, outBytes: 400, inPackets: 20, outPackets: 0 });
});

test("a child that goes is no traffic", () => {
  assert.equal(rateBetween(at(10, 500), at(12, 100)).inBytes, 0);
});

test("readings of the same moment make no rate", () => {
  assert.equal(rateBetween(at(10, 100), at(10, 500)).inBytes, 0);
  const s = new Series();
  for (const r of [at(1, 10), at(1, 20), at(0, 5)]) s.push(r);
  assert.deepEqual(s.rates, []);
});

test("a series begins with its second reading and forgets what is old", () => {
  const s = new Series();
  s.push(at(0, 0));
  assert.deepEqual(s.rates, []);
  for (let i = 1; i <= 400; i++) s.push(at(i, i * 7));
  assert.equal(s.now?.inBytes, 7);
  assert.equal(s.rates.length, span / 1000 + 1);
});

test("a graph shows a minute at least and all that there is at most", () => {
  const rates = (seconds: number) => [rateBetween(at(0, 0), at(1, 0)), rateBetween(at(0, 0), at(1 + seconds, 0))];
  assert.deepEqual([[], rates(10), rates(60), rates(90), rates(130), rates(300)].map(shownSpan), [60_000, 60_000, 60_000, 120_000, span, span]);
});

test("an axis ends at a round number above the peak", () => {
  assert.deepEqual([0, 0.7, 1, 3, 42, 99, 501].map(axisEnd), [1, 1, 1, 5, 50, 100, 1000]);
  assert.equal(peak([rateBetween(at(0, 0), at(1, 5))], "inBytes", "outBytes"), 10);
});

function overview(seconds: number, octets: number, started = "2026-01-01T00:00:00Z", names = ["office"]): Overview {
  const traffic = { bytes: octets, packets: 1 };
  const connections = names.map((name) => ({ name, state: "up" as const, remote: [], children: [], sa_count: 1, child_count: 1, resistant_count: 0, in: traffic, out: traffic }));
  const base = Date.parse("2026-01-01T01:00:00Z");
  return {
    time: new Date(base + seconds * 1000).toISOString(), version: "", started, loaded: started, config: "", listening: [], dataplane: "", connections, unknown_sas: 0,
    counters: { esp_in_bytes: octets * 3 }, process: { pid: 1, heap: 0, goroutines: 0 },
  };
}

test("the history has a series for all together and one for each connection", () => {
  const h = new History();
  h.push(overview(0, 0));
  h.push(overview(2, 100));
  assert.deepEqual([h.total.now?.inBytes, h.of("office").now?.inBytes, h.of("other").now], [150, 50, undefined]);
  h.push(overview(4, 100, undefined, []));
  assert.equal(h.of("office").now, undefined);
});

test("a daemon that was started anew begins a new history", () => {
  const h = new History();
  h.push(overview(0, 0));
  h.push(overview(2, 100));
  h.push(overview(4, 5, "2026-01-01T01:00:03Z"));
  assert.deepEqual([h.total.rates.length, h.of("office").rates.length], [0, 0]);
});
