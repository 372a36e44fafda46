import assert from "node:assert/strict";
import test from "node:test";
import { bitRate, bytes, clock, count, date, duration, latency, list, packetRate, plural, relative } from "./format";

test("octets have IEC units", () => {
  assert.deepEqual([0, 1023, 1024, 1536, 150 * 1024, 5 * 2 ** 40].map(bytes), ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "150 KiB", "5.0 TiB"]);
});

test("rates have decimal units, and the smallest is not nothing", () => {
  assert.deepEqual([0, 0.01, 125, 125_000, 1_562_500].map(bitRate), ["0 bit/s", "<1 bit/s", "1.0 kbit/s", "1.0 Mbit/s", "12.5 Mbit/s"]);
  assert.deepEqual([0, 0.2, 999, 1200].map(packetRate), ["0 pkt/s", "<1 pkt/s", "999 pkt/s", "1.2 kpkt/s"]);
});

test("durations have two units at most", () => {
  const s = 1000, m = 60 * s, h = 60 * m, d = 24 * h;
  assert.deepEqual([0, 45 * s, 2 * m, 2 * m + 5 * s, 3 * h, 3 * h + 12 * m + 9 * s, 2 * d, 2 * d + 5 * h, 90 * d + 5 * h].map(duration), ["0s", "45s", "2m", "2m5s", "3h", "3h12m", "2d", "2d5h", "90d"]);
});

test("latencies are as exact as people need", () => {
  assert.deepEqual([0.74, 12.44, 420.4, 3200, 90_000].map(latency), ["740 µs", "12.4 ms", "420 ms", "3.20 s", "1m30s"]);
});

test("times are told from now", () => {
  const now = Date.parse("2026-05-01T12:00:00Z");
  const at = (ms: number): string => relative(new Date(now + ms).toISOString(), now);
  assert.deepEqual([at(0), at(400), at(60_000), at(-4000)], ["now", "now", "in 1m", "4s ago"]);
});

test("clock and date are local", () => {
  const local = new Date(2026, 4, 1, 7, 8, 9).toISOString();
  assert.equal(`${date(local)} ${clock(local)}`, "2026-05-01 07:08:09");
});

test("counts and lists read well", () => {
  assert.deepEqual([count(5000), plural(1, "child", "children"), plural(0, "child", "children"), plural(2, "SA")], ["5,000", "1 child", "0 children", "2 SAs"]);
  assert.deepEqual([list([]), list(["a"]), list(["a", "b"]), list(["a", "b", "c"])], ["", "a", "a and b", "a, b and c"]);
});
