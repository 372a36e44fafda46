// Requests to the management interface, which is served below the same address as the page.
import { Problem } from "./types";
import { eventsOf } from "./sse";

/** A request that was refused, or not answered. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

/** A header that pages of other sites cannot send: without it the server changes nothing. */
const ourHeader = "X-Culvert-Request";

/** The code of a failure that the page itself finds. */
export const unreachable = "MANAGE-UNREACHABLE";

/** Tells whether an error means that there is nobody who could answer. */
export const isGone = (e: unknown): boolean => e instanceof Refused && e.problem.code === unreachable;

/** Tells whether an error means that the session has ended. */
export const isStranger = (e: unknown): boolean => e instanceof Refused && e.problem.status === 401;

export function problemOf(e: unknown): Problem {
  if (e instanceof Refused) return e.problem;
  return { code: "PAGE", detail: e instanceof Error ? e.message : String(e) };
}

async function refusal(r: Response): Promise<Refused> {
  try {
    const p = (await r.json()) as Problem;
    if (typeof p.detail === "string") return new Refused({ ...p, status: r.status });
  } catch {
    // what is between us and the daemon has answered
  }
  const code = r.status === 502 || r.status === 503 || r.status === 504 ? unreachable : "PAGE";
  return new Refused({ code, status: r.status, detail: `The server answered ${r.status} ${r.statusText}.` });
}

async function ask(path: string, init: RequestInit): Promise<Response> {
  let r: Response;
  try {
    r = await fetch(`/v1/${path}`, { cache: "no-store", credentials: "same-origin", ...init });
  } catch (e) {
    if (e instanceof DOMException && e.name === "AbortError") throw e;
    throw new Refused({ code: unreachable, detail: "The daemon does not answer." });
  }
  if (!r.ok) throw await refusal(r);
  return r;
}

/** Asks for a resource. It is given up after a while. */
export async function get<T>(path: string): Promise<T> {
  return (await getPage<T>(path)).body;
}

/** Asks for a part of a list; total is how long the whole is, if the server says so. */
export async function getPage<T>(path: string): Promise<{ body: T; total: number | undefined }> {
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), 15_000);
  try {
    const r = await ask(path, { signal: patience.signal });
    const total = r.headers.get("X-Total-Count");
    return { body: (await r.json()) as T, total: total === null ? undefined : Number(total) };
  } catch (e) {
    if (e instanceof Refused) throw e;
    throw new Refused({ code: unreachable, detail: "The daemon does not answer." });
  } finally {
    clearTimeout(timer);
  }
}

function posted(body: unknown): RequestInit {
  const headers = { "Content-Type": "application/json", [ourHeader]: "1" };
  return { method: "POST", headers, body: JSON.stringify(body) };
}

/** Has something done, and returns the answer, if there is one. */
export async function post<T>(path: string, body: unknown): Promise<T | undefined> {
  const r = await ask(path, posted(body));
  const text = await r.text();
  return text === "" ? undefined : (JSON.parse(text) as T);
}

/** Has something done that tells how it goes on. It ends well with the event "done" alone. */
export async function follow(path: string, body: unknown, told: (item: unknown) => void): Promise<void> {
  const r = await ask(path, posted(body));
  if (!r.body) return;
  for await (const e of eventsOf(r.body)) {
    if (e.name === "done") return;
    if (e.name === "problem") throw new Refused(JSON.parse(e.data) as Problem);
    if (e.name === "item") told(JSON.parse(e.data));
  }
  throw new Refused({ code: unreachable, detail: "The daemon ended before it was done." });
}
