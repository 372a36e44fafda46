// Runs tests in Chromium, and tells of each on a line of its own, for whoever started us.
import axe from "axe-core";
import { Browser, BrowserContext, BrowserContextOptions, chromium, Page } from "playwright-core";

export interface Scene {
  sample: string;
  reader: string;
  stranger: string;
  crowd: string;
  branches: string;
  levers: string;
  pictures: string;
  screenshots: string;
}

export const scene = JSON.parse(process.env.CULVERT_SCENE ?? "{}") as Scene;

export interface Visit {
  page: Page;
  context: BrowserContext;
}

interface Options {
  phone?: boolean;
  dark?: boolean;
  /** It only looks: others may look at the same time. */
  looks?: boolean;
  /** Complaints of the browser that belong to the test. */
  expected?: RegExp;
}

interface Test {
  name: string;
  options: Options;
  run: (visit: Visit) => Promise<void>;
}

const tests: Test[] = [];

export function test(name: string, run: (visit: Visit) => Promise<void>, options: Options = {}): void {
  tests.push({ name, run, options });
}

export class Failure extends Error {}

export function check(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Failure(what);
}

export function equal(got: unknown, want: unknown, what: string): void {
  check(JSON.stringify(got) === JSON.stringify(want), `${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`);
}

/** How long something may take that happens at once, in milliseconds: only what hangs uses it up. */
const patience = 60_000;

/** Waits until what is read is as wanted: the page draws when the browser lets it. */
export async function becomes(read: () => Promise<unknown>, want: unknown, what: string): Promise<void> {
  const end = Date.now() + patience;
  for (let got = await read(); JSON.stringify(got) !== JSON.stringify(want); got = await read()) {
    if (Date.now() > end) equal(got, want, what);
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** Has the other side of the test do something. */
export async function pull<T>(lever: string): Promise<T> {
  const r = await fetch(`${scene.levers}/${lever}`, { method: "POST" });
  check(r.ok, `${lever}: ${r.status} ${await r.clone().text()}`);
  return (await r.json()) as T;
}

/** Opens a place of a page, and waits until it is there. */
export async function open(page: Page, base: string, place: string): Promise<void> {
  await page.goto(`${base}/#/${place}`);
  await page.locator("main h1").waitFor();
}

/** Fails if the accessibility checker finds anything. */
export async function accessible(page: Page, where: string): Promise<void> {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const checker = (window as unknown as { axe: typeof axe }).axe;
    const result = await checker.run(document, { resultTypes: ["violations"] });
    return result.violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.html.slice(0, 160)).slice(0, 3).join(" | ")}`);
  });
  equal(found, [], `findings of axe at ${where}`);
}

/** Fails if the page has to be moved sideways to be read. */
export async function fits(page: Page, where: string): Promise<void> {
  const [inner, outer] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  check(inner! <= outer!, `${where} is ${inner} wide on a screen of ${outer}`);
}

export async function run(): Promise<void> {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-dev-shm-usage"] });
  try {
    const only = process.env.CULVERT_ONLY ?? "";
    const chosen = tests.filter((t) => t.name.includes(only));
    const lookers = chosen.filter((t) => t.options.looks);
    const worker = async (): Promise<void> => {
      for (let t = lookers.shift(); t; t = lookers.shift()) await report(browser, t);
    };
    await Promise.all([worker(), worker(), worker()]);
    for (const t of chosen.filter((t) => !t.options.looks)) await report(browser, t);
  } finally {
    await browser.close();
  }
}

async function report(browser: Browser, t: Test): Promise<void> {
  const began = Date.now();
  const error = await attempt(browser, t);
  console.log(JSON.stringify({ name: t.name, error, seconds: (Date.now() - began) / 1000 }));
}

async function attempt(browser: Browser, t: Test): Promise<string> {
  const settings: BrowserContextOptions = { viewport: t.options.phone ? { width: 360, height: 740 } : { width: 1280, height: 860 }, colorScheme: t.options.dark ? "dark" : "light", reducedMotion: "reduce" };
  const context = await browser.newContext(settings);
  context.setDefaultTimeout(patience);
  const complaints: string[] = [];
  const page = await context.newPage();
  try {
    page.on("pageerror", (e) => complaints.push(String(e)));
    page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
    await t.run({ page, context });
    const left = complaints.filter((c) => !t.options.expected?.test(c));
    check(left.length === 0, `the browser complains: ${left.join("\n")}`);
    return "";
  } catch (e) {
    const said = complaints.length > 0 ? `\nthe browser complained: ${complaints.join("\n")}` : "";
    const shown = await page.locator("body").innerText({ timeout: 1000 }).catch(() => "nothing");
    return `${e instanceof Failure ? e.message : e instanceof Error ? (e.stack ?? e.message) : String(e)}${said}\nthe page shows:\n${shown.slice(0, 3000)}`;
  } finally {
    await context.close();
  }
}
