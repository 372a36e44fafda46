// Rates over the last minutes, made of counters.
import { Overview, Traffic } from "../api/types";

/** What counters said at one time, in milliseconds. */
export interface Reading {
  time: number;
  inBytes: number;
  outBytes: number;
  inPackets: number;
  outPackets: number;
}

/** Rates a second in the time before. */
export type Rate = Reading;

/** How far back a series goes, in milliseconds. */
export const span = 5 * 60_000;

const names = ["inBytes", "outBytes", "inPackets", "outPackets"] as const;

export function readingOf(time: number, incoming: Traffic, outgoing: Traffic): Reading {
  return { time, inBytes: incoming.bytes, outBytes: outgoing.bytes, inPackets: incoming.packets, outPackets: outgoing.packets };
}

/** Totals since the start of the daemon, which never fall. */
export function totalOf(o: Overview): Reading {
  const n = (name: string): number => o.counters?.[name] ?? 0;
  return {
    time: Date.parse(o.time),
    inBytes: n("esp_in_bytes"),
    outBytes: n("esp_out_bytes"),
    inPackets: n("esp_in_packets"),
    outPackets: n("esp_out_packets"),
  };
}

/** Rates between two readings. Counters of a connection fall when a child of it goes: that is no traffic. */
export function rateBetween(a: Reading, b: Reading): Rate {
  const seconds = (b.time - a.time) / 1000;
  const rate: Rate = { time: b.time, inBytes: 0, outBytes: 0, inPackets: 0, outPackets: 0 };
  if (seconds > 0) for (const name of names) rate[name] = Math.max(0, b[name] - a[name]) / seconds;
  return rate;
}

/** A series takes readings and keeps the rates of the last minutes. */
export class Series {
  readonly rates: Rate[] = [];
  private last: Reading | undefined;

  push(r: Reading): void {
    if (this.last && r.time <= this.last.time) return;
    if (this.last) this.rates.push(rateBetween(this.last, r));
    this.last = r;
    while (this.rates.length > 0 && this.rates[0]!.time < r.time - span) this.rates.shift();
  }

  get now(): Rate | undefined {
    return this.rates[this.rates.length - 1];
  }
}

/** How much time a graph of rates shows, in milliseconds: what there is, but not less than a minute. */
export function shownSpan(rates: Rate[]): number {
  if (rates.length === 0) return 60_000;
  const there = rates[rates.length - 1]!.time - rates[0]!.time;
  return [60_000, 120_000, span].find((s) => there <= s) ?? span;
}

/** The highest value of two lines of a series. */
export function peak(rates: Rate[], a: keyof Rate, b: keyof Rate): number {
  return rates.reduce((most, r) => Math.max(most, r[a], r[b]), 0);
}

/** The end of an axis that shows a value: 1, 2 or 5 times a power of ten. */
export function axisEnd(value: number): number {
  if (value <= 0) return 1;
  const unit = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 5, 10].find((n) => n * unit >= value * 0.999) ?? 10;
  return step * unit;
}

/** History has a series for everything together, and one for each connection that has carried something. */
export class History {
  total = new Series();
  private connections = new Map<string, Series>();
  private started = "";

  push(o: Overview): void {
    if (o.started !== this.started) {
      this.started = o.started;
      this.total = new Series();
      this.connections.clear();
    }
    this.total.push(totalOf(o));
    for (const c of o.connections) {
      const known = this.connections.get(c.name);
      if (known || c.in.packets + c.out.packets > 0 || c.child_count > 0) {
        const series = known ?? new Series();
        series.push(readingOf(Date.parse(o.time), c.in, c.out));
        this.connections.set(c.name, series);
      }
    }
    const there = new Set(o.connections.map((c) => c.name));
    for (const name of this.connections.keys()) if (!there.has(name)) this.connections.delete(name);
  }

  of(connection: string): Series {
    return this.connections.get(connection) ?? new Series();
  }
}
