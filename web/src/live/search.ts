// Filters and pages of lists.
import { CertificateUse, Connection, ConnectionState, LogEntry, Level } from "../api/types";

/** What people want to know of a connection. */
export type Standing = "up" | "failing" | "trying" | "ready" | "off";

/** A connection fails as long as its last attempt has failed and it is not up. */
export function standingOf(c: { state: ConnectionState; last_failure?: unknown }): Standing {
  if (c.state === "up") return "up";
  if (c.last_failure) return "failing";
  if (c.state === "connecting" || c.state === "waiting") return "trying";
  return c.state === "idle" ? "off" : "ready";
}

export const standings: Standing[] = ["up", "failing", "trying", "ready", "off"];

export function countStandings(list: Connection[]): Record<Standing, number> {
  const n: Record<Standing, number> = { up: 0, failing: 0, trying: 0, ready: 0, off: 0 };
  for (const c of list) n[standingOf(c)]++;
  return n;
}

/** Connections with a word in name, peer or child, and of a standing if one is chosen. Those that fail come first. */
export function foundConnections(list: Connection[], word: string, standing: Standing | undefined): Connection[] {
  const part = word.trim().toLowerCase();
  const has = (s: string): boolean => s.toLowerCase().includes(part);
  const found = list.filter(
    (c) => (!standing || standingOf(c) === standing) && (part === "" || has(c.name) || c.remote.some(has) || c.children.some(has)),
  );
  const rank = (c: Connection): number => (standingOf(c) === "failing" ? 0 : 1);
  return found.sort((a, b) => rank(a) - rank(b));
}

const levels: Level[] = ["DEBUG", "INFO", "WARN", "ERROR"];

export interface LogFilter {
  level: Level;
  connection: string;
  word: string;
}

export function foundLines(list: LogEntry[], f: LogFilter): LogEntry[] {
  const least = levels.indexOf(f.level);
  const part = f.word.trim().toLowerCase();
  return list.filter(
    (e) =>
      levels.indexOf(e.level) >= least &&
      (f.connection === "" || e.attrs?.connection === f.connection) &&
      (part === "" || lineText(e).toLowerCase().includes(part)),
  );
}

/** A line of the log as text. */
export function lineText(e: LogEntry): string {
  const attrs = Object.entries(e.attrs ?? {}).map(([k, v]) => `${k}=${v}`);
  return [e.text, ...attrs].join(" ");
}

/** A part of a list, and how many there are. Pages count from 0. */
export function pageOf<T>(list: T[], page: number, size: number): { items: T[]; pages: number; page: number } {
  const pages = Math.max(1, Math.ceil(list.length / size));
  const at = Math.min(Math.max(page, 0), pages - 1);
  return { items: list.slice(at * size, (at + 1) * size), pages, page: at };
}

export interface RoleUse {
  role: CertificateUse["role"];
  connections: string[];
  paths: string[];
  hasKey: boolean;
}

/** What a certificate is used for, once for each role: a CA is trusted by many connections. */
export function usesByRole(uses: CertificateUse[]): RoleUse[] {
  const roles = new Map<CertificateUse["role"], RoleUse>();
  for (const u of uses) {
    const r = roles.get(u.role) ?? { role: u.role, connections: [], paths: [], hasKey: false };
    if (u.connection && !r.connections.includes(u.connection)) r.connections.push(u.connection);
    if (u.path && !r.paths.includes(u.path)) r.paths.push(u.path);
    r.hasKey ||= u.has_key;
    roles.set(u.role, r);
  }
  return [...roles.values()];
}
