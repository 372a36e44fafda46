// What people do: take connections up and down by mouse and keyboard, choose, search, change colours.
import { Page } from "playwright-core";
import { accessible, becomes, check, equal, open, pull, scene, test } from "./harness";

/** Waits until the daemon was asked for something. */
async function asked(call: string): Promise<void> {
  await becomes(async () => (await pull<string[]>("calls")).includes(call), true, `the daemon was asked for ${call}`);
}

const row = (page: Page, name: string) => page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

test("a connection is brought up, and its steps are told", async ({ page }) => {
  await open(page, scene.sample, "connections");
  await row(page, "lab").getByRole("button", { name: "Bring up lab" }).click();
  await page.getByText("It is up.").waitFor();
  await asked("up lab");
  await accessible(page, "a finished action");
  await page.getByRole("button", { name: "Dismiss: Bring up lab" }).click();
  await becomes(() => page.getByText("It is up.").count(), 0, "dismissed activities");
});

test("taking down is asked for once more, and can be refused by Escape", async ({ page }) => {
  await open(page, scene.sample, "connections");
  const before = (await pull<string[]>("calls")).filter((c) => c === "down lisbon").length;
  const button = row(page, "lisbon").getByRole("button", { name: "Take down lisbon" });
  await button.click();
  await page.getByRole("dialog").getByText("Traffic stops").waitFor();
  await accessible(page, "the question");
  await page.keyboard.press("Escape");
  await becomes(() => page.getByRole("dialog").count(), 0, "open dialogs");
  await becomes(() => button.evaluate((b) => b === document.activeElement), true, "the focus is back on the button");
  equal((await pull<string[]>("calls")).filter((c) => c === "down lisbon").length, before, "calls");
  await button.click();
  await page.getByRole("dialog").getByRole("button", { name: "Take down lisbon" }).click();
  await page.getByText("It is down.").waitFor();
  await asked("down lisbon");
});

test("a connection says what has loaded it", async ({ page }) => {
  await open(page, scene.sample, "connections/office");
  equal(await page.locator(".facts").first().locator("div").filter({ hasText: "Loaded from" }).locator("dd").textContent(), "vici", "what has loaded it");
});

test("SAs and children are rekeyed and taken down one by one", async ({ page }) => {
  await open(page, scene.sample, "connections/office");
  for (const [button, call, confirmed] of [
    ["Rekey", "rekey office ike", false],
    ["Rekey children", "rekey office child", false],
    ["Authenticate anew", "reauth office", false],
    ["Rekey gw.office.example", "rekey office#0a51c0ffee5eed01 ike", false],
    ["Rekey voice", "rekey office/voice#0a51c0ffee5eed01 child", false],
    ["Take down net", "down office/net#0a51c0ffee5eed01", true],
    ["Take down gw.office.example", "down office#0a51c0ffee5eed01", true],
  ] as [string, string, boolean][]) {
    await page.locator("main").getByRole("button", { name: button, exact: true }).first().click();
    if (confirmed) await page.getByRole("dialog").getByRole("button", { name: button }).click();
    await asked(call);
  }
});

test("a refused command says why and what to do", async ({ page }) => {
  await open(page, scene.sample, "connections/cloud-eu");
  await pull("refuse");
  await page.getByRole("button", { name: "Up", exact: true }).click();
  const said = page.getByRole("region", { name: "What you asked for" });
  await said.getByText("The two sides have no algorithms in common").waitFor();
  await said.getByText("IKE-NO-PROPOSAL").waitFor();
  await accessible(page, "a refused action");
  await pull("permit");
});

test("the configuration is reloaded", async ({ page }) => {
  await open(page, scene.sample, "connections");
  await page.getByRole("button", { name: "Reload configuration" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Reload the configuration" }).click();
  await page.getByText("changed connection office.").waitFor();
});

test("who may only look has no buttons", async ({ page }) => {
  await open(page, scene.reader, "connections/office");
  await page.getByText("May look").waitFor();
  await page.getByText("10.1.8.0/24").waitFor();
  await becomes(() => page.locator("main").getByRole("button").count(), 0, "buttons");
});

test("a stranger is told how to get a session", async ({ page }) => {
  await page.goto(scene.stranger);
  await page.getByText("This page needs a session").waitFor();
  await accessible(page, "the page of a stranger");
}, { expected: /401/ });

test("everything can be reached by keyboard", async ({ page }) => {
  await open(page, scene.sample, "exchanges");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter"); // skip to content
  await becomes(() => page.evaluate(() => document.activeElement?.id), "main", "focus after skipping");
  const link = page.getByRole("link", { name: /^Exchange 41 of .* with cloud-eu$/ });
  for (let i = 0; i < 12 && !(await link.evaluate((l) => l === document.activeElement)); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("The peer refused").waitFor();
  await becomes(() => page.evaluate(() => document.activeElement?.textContent), "Exchange with cloud-eu", "focus on the new page");
  const summary = page.locator("summary").filter({ hasText: "IKE_SA_INIT request 0" });
  for (let i = 0; i < 12 && !(await summary.evaluate((s) => s === document.activeElement)); i++) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.getByText("AES_GCM_16-256").waitFor();
  await becomes(() => page.locator("svg .message.chosen").count(), 1, "messages that are marked in the diagram");
  await accessible(page, "an open message");
});

test("the diagram says what it shows, and opens messages", async ({ page }) => {
  await open(page, scene.sample, "exchanges/40");
  const diagram = page.getByRole("img", { name: /^Sequence diagram of 6 messages between us at 192.0.2.1:500 and the peer at 192.0.2.10:500: 3 sent, 3 received, 2 of them again/ });
  await diagram.waitFor();
  await becomes(() => diagram.locator(".echo").count(), 2, "repetitions drawn");
  await diagram.getByText("IKE_INTERMEDIATE request 1").click();
  await page.getByText("ML-KEM-768, 1184 octets").waitFor();
  await diagram.getByText("IKE_AUTH response 2").click();
  await page.locator(".message-card[open]").getByText("digital signature").waitFor();
  await becomes(() => page.locator(".message-card[open]").count(), 1, "open messages");
});

test("both sides' proposals stand beside each other with the difference marked", async ({ page }) => {
  await open(page, scene.sample, "connections/cloud-eu");
  const [ours, theirs] = await Promise.all(["Our side", "The peer's side"].map((name) => page.locator(".sides section").filter({ has: page.getByRole("heading", { name }) }).boundingBox()));
  check(ours!.y === theirs!.y && ours!.x < theirs!.x, "they do not stand beside each other");
  await becomes(() => page.locator(".sides mark").allTextContents(), ["x25519", "prfsha256", "x25519", "ecp384"], "marked algorithms");
});

test("connections are found by word and state", async ({ page }) => {
  await open(page, scene.sample, "connections");
  const names = page.locator("td.name a");
  await becomes(() => names.first().textContent(), "cloud-eu", "the first is the one that fails");
  await page.getByRole("button", { name: "3 Up" }).click();
  await becomes(() => names.allTextContents(), ["office", "lisbon", "staff"], "those that are up");
  await page.getByRole("searchbox").fill("LISB");
  await becomes(() => names.allTextContents(), ["lisbon"], "those with the word");
  await page.getByRole("searchbox").fill("nothing");
  await page.getByText("No connection matches").waitFor();
});

test("certificates are found by word and state", async ({ page }) => {
  await open(page, scene.sample, "certificates");
  await page.getByText("5 certificates in use, the one that ends first at the head. 3 need somebody.").waitFor();
  const names = page.locator("td.name b");
  await page.getByLabel("State").selectOption("expiring");
  await becomes(() => names.allTextContents(), ["CN=gw.office.example"], "those that end soon");
  await page.getByLabel("State").selectOption("all");
  await page.getByRole("searchbox").fill("ca.pem");
  await becomes(() => names.allTextContents(), ["CN=Example Root CA, O=Example"], "those of a file");
  await page.getByText("and 2 more").waitFor();
  await page.getByRole("link", { name: "office" }).click();
  await page.getByRole("heading", { name: "office", level: 1 }).waitFor();
});

test("the log is filtered, paused and goes on", async ({ page }) => {
  await open(page, scene.sample, "log");
  const lines = page.locator("li.line");
  await page.getByText("IKE SA up").waitFor();
  await page.getByLabel("Level").selectOption("WARN");
  await becomes(() => lines.count(), 2, "warnings and errors");
  await page.getByLabel("Connection").selectOption("lab");
  await becomes(() => lines.count(), 1, "those of lab");
  await page.getByLabel("Connection").selectOption("");
  await page.getByLabel("Level").selectOption("DEBUG");
  await page.getByRole("searchbox").fill("version=1.0");
  await becomes(() => lines.count(), 1, "those with the word");
  await page.getByRole("searchbox").fill("");
  await page.getByRole("button", { name: "Pause" }).click();
  await pull("log");
  await page.getByText("Paused, 1 new").waitFor();
  await page.getByRole("button", { name: "Go on" }).click();
  await page.getByText("a new line").first().waitFor();
});

test("colours follow the system until the switch says otherwise", async ({ page }) => {
  await open(page, scene.sample, "connections");
  const ground = (): Promise<string> => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.emulateMedia({ colorScheme: "dark" });
  await becomes(async () => (await ground()) !== light, true, "the ground is another in the dark");
  const dark = await ground();
  await page.getByRole("button", { name: /Change to light/ }).click();
  await becomes(ground, light, "the ground by the switch");
  await page.reload();
  await page.locator("main h1").waitFor();
  await becomes(ground, light, "the ground after a reload");
  await page.getByRole("button", { name: /Change to dark/ }).click();
  await page.emulateMedia({ colorScheme: "light" });
  await becomes(ground, dark, "the ground by the switch");
});

test("what a peer calls itself is never markup", async ({ page }) => {
  for (const place of ["connections/staff", "exchanges", "exchanges/41", "pools", "certificates"]) {
    await open(page, scene.sample, place);
    await page.getByText("<script>window.owned=1</script>").first().waitFor();
    equal(await page.evaluate(() => [(window as unknown as { owned?: number }).owned, document.querySelectorAll("main img, main script").length]), [null, 0], `markup at ${place}`);
  }
  await page.goto(`${scene.sample}/#/connections/${encodeURIComponent("<img src=x onerror=window.owned=3>")}`);
  await page.getByText("There is no connection of this name").waitFor();
  equal(await page.evaluate(() => document.querySelectorAll("main img").length), 0, "markup of the address");
});

test("the page asks nobody but its server", async ({ page }) => {
  const others: string[] = [];
  page.on("request", (r) => r.url().startsWith(scene.sample) || others.push(r.url()));
  await open(page, scene.sample, "connections");
  await open(page, scene.sample, "exchanges/40");
  equal(others, [], "requests to others");
});
