// Numbers and times as people read them.

const binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const decimal = ["", "k", "M", "G", "T"];

function scaled(n: number, base: number, units: string[]): [string, string] {
  let i = 0;
  while (n >= base && i < units.length - 1) {
    n /= base;
    i++;
  }
  const digits = i === 0 || n >= 100 ? 0 : 1;
  return [n.toFixed(digits), units[i]!];
}

/** 1536 -> "1.5 KiB" */
export function bytes(n: number): string {
  return scaled(n, 1024, binary).join(" ");
}

/** Octets a second -> "12.3 Mbit/s" */
export function bitRate(octets: number): string {
  const [n, unit] = scaled(octets * 8, 1000, decimal);
  return `${octets > 0 && Number(n) === 0 ? "<1" : n} ${unit}bit/s`;
}

/** Packets a second -> "1.2 kpkt/s" */
export function packetRate(n: number): string {
  const [text, unit] = scaled(n, 1000, decimal);
  return `${n > 0 && Number(text) === 0 ? "<1" : text} ${unit}pkt/s`;
}

/** 12345 -> "12,345" */
export function count(n: number): string {
  return n.toLocaleString("en-US");
}

/** "1 child", "2 children" */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Milliseconds -> "3h12m"; the two largest units. */
export function duration(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000);
  const d = Math.floor(s / 86400);
  const h = Math.floor(s / 3600) % 24;
  const m = Math.floor(s / 60) % 60;
  if (d > 0) return d > 30 || h === 0 ? `${d}d` : `${d}d${h}h`;
  if (h > 0) return m === 0 ? `${h}h` : `${h}h${m}m`;
  if (m > 0) return s % 60 === 0 ? `${m}m` : `${m}m${s % 60}s`;
  return `${s}s`;
}

/** Milliseconds -> "740 µs", "12.4 ms", "3.20 s" */
export function latency(ms: number): string {
  if (ms < 1) return `${Math.round(ms * 1000)} µs`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(2)} s` : duration(ms);
}

/** Where a time stands to now: "in 3h12m", "4s ago" */
export function relative(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  if (Math.abs(ms) < 1000) return "now";
  return ms > 0 ? `in ${duration(ms)}` : `${duration(ms)} ago`;
}

const two = (n: number): string => String(n).padStart(2, "0");

/** The time of day, local: "14:03:59" */
export function clock(time: string): string {
  const d = new Date(time);
  return `${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

/** A date, local: "2026-11-22" */
export function date(time: string): string {
  const d = new Date(time);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}`;
}

export function dateTime(time: string): string {
  return `${date(time)} ${clock(time)}`;
}

/** A day or more ago: the date; else the time of day. */
export function moment(time: string, now: number): string {
  return Math.abs(now - Date.parse(time)) < 86_400_000 ? clock(time) : dateTime(time);
}

/** "a, b and c" */
export function list(items: string[]): string {
  if (items.length < 2) return items.join("");
  return `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}
