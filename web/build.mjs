// Builds the page: src/ and index.html become dist/, which the Go package embeds. dist/sources.sha256 tells of which
// sources it was made, so that a test without node finds a page that was not built anew.
//
//   node build.mjs            writes dist/
//   node build.mjs --out DIR  writes DIR instead
//   node build.mjs --tests    bundles the tests into .tests/ for node's test runner
//   node build.mjs --browser  bundles the browser tests into .browser/
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

async function files(dir) {
  const entries = await readdir(join(here, dir), { withFileTypes: true });
  const lists = await Promise.all(entries.map((e) => (e.isDirectory() ? files(join(dir, e.name)) : [join(dir, e.name)])));
  return lists.flat().sort((a, b) => (a < b ? -1 : 1));
}

// sources are what the built page depends on, in the order in which they are hashed.
async function sources() {
  const code = (await files("src")).filter((name) => !name.endsWith(".test.ts"));
  return ["build.mjs", "index.html", "package-lock.json", "package.json", "tsconfig.json", ...code];
}

async function hash() {
  const sum = createHash("sha256");
  for (const name of await sources()) {
    sum.update(`${name}\n`).update(createHash("sha256").update(await readFile(join(here, name))).digest());
  }
  return sum.digest("hex");
}

const common = {
  absWorkingDir: here,
  bundle: true,
  charset: "utf8",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  logLevel: "warning",
};

async function page(out) {
  await rm(out, { recursive: true, force: true });
  await mkdir(join(out, "assets"), { recursive: true });
  await build({
    ...common,
    entryPoints: { app: "src/main.tsx", theme: "src/theme-early.ts", style: "src/style/index.css" },
    outdir: join(out, "assets"),
    format: "iife",
    target: "es2020",
    minify: true,
  });
  await cp(join(here, "index.html"), join(out, "index.html"));
  await cp(join(here, "src/icon.svg"), join(out, "assets/icon.svg"));
  await writeFile(join(out, "sources.sha256"), `${await hash()}\n`);
}

// scripts bundles TypeScript for node, which Debian's node cannot run by itself.
async function scripts(entryPoints, outdir) {
  await rm(join(here, outdir), { recursive: true, force: true });
  await build({
    ...common,
    entryPoints,
    outdir,
    entryNames: "[name]",
    outExtension: { ".js": ".mjs" },
    platform: "node",
    format: "esm",
    target: "node18",
    packages: "external",
  });
}

const [what, where] = process.argv.slice(2);
if (what === "--tests") {
  await scripts((await files("src")).filter((name) => name.endsWith(".test.ts")), ".tests");
} else if (what === "--browser") {
  await scripts(["browser/main.ts"], ".browser");
} else {
  await page(what === "--out" ? where : join(here, "dist"));
}
