// A daemon with a real tunnel to charon.
import { Page } from "playwright-core";
import { accessible, becomes, check, equal, fits, pull, test } from "./harness";

const markup = "<script>window.owned++</script>@sun.example.org";

/** Begins a session, as with the link that `culvert web` prints. */
async function enter(page: Page): Promise<string> {
  const link = await pull<string>("web");
  await page.goto(link);
  await page.locator("main h1").waitFor();
  return link;
}

interface Status {
  sas: { spi: string; state: string; children: { in_spi: string; state: string }[] }[];
}

/** Our SPIs of the IKE SA and its child. */
async function spis(): Promise<string[]> {
  const sa = (await pull<Status>("status")).sas.find((s) => s.state === "established");
  return [sa!.spi, sa!.children.find((c) => c.state === "installed")!.in_spi];
}

test("a link opens one session", async ({ page, context }) => {
  const link = await enter(page);
  await page.getByText("Administrator").waitFor();
  const other = await context.browser()!.newContext();
  const again = await (await other.newPage()).goto(link);
  equal(again!.status(), 401, "the answer to a link that was used");
  await other.close();
});

test("a tunnel to charon comes up, carries, is rekeyed and goes down", async ({ page }) => {
  await enter(page);
  await page.getByRole("button", { name: "Bring up site" }).click();
  await page.getByText("It is up.").waitFor();
  await page.getByRole("link", { name: "site", exact: true }).click();
  await page.locator(".sa-peer").getByText(markup).waitFor();
  equal(await page.evaluate(() => (window as unknown as { owned?: number }).owned ?? null), null, "what the name has done");
  check(await pull<boolean>("ping"), "no packet comes through");
  await page.locator(".child").getByText(/[1-9]\d* packets/).first().waitFor();
  await page.getByRole("img", { name: /^Throughput .*; at most (?!0 bit)/ }).waitFor();
  await page.locator(".sa > .facts").getByText("aes256gcm16-prfsha384-x25519").waitFor();
  await accessible(page, "a real tunnel");

  const before = await spis();
  await page.getByRole("button", { name: "Rekey children" }).click();
  await page.getByText("New keys are in use.").waitFor();
  const between = await spis();
  check(between[0] === before[0] && between[1] !== before[1], `SPIs went from ${before} to ${between}`);
  await page.locator(".child").getByText(between[1]!).waitFor();
  await page.locator(".title-row").getByRole("button", { name: "Rekey", exact: true }).click();
  await page.getByText("New keys are in use.").nth(1).waitFor();
  const after = await spis();
  check(after[0] !== before[0], `the IKE SA is still ${after}`);
  await page.locator(".sa").getByText(after[0]!).waitFor();
  check(await pull<boolean>("ping"), "no packet comes through after rekeying");

  await page.getByRole("link", { name: /^Exchange \d+ of .* with site$/ }).first().click();
  await page.getByRole("img", { name: /^Sequence diagram/ }).waitFor();
  const messages = page.locator(".message-card");
  await messages.filter({ hasText: "IKE_AUTH request 1" }).locator("summary").click();
  await page.locator(".payload").filter({ hasText: "TSi" }).getByText("10.1.0.0").first().waitFor();
  await messages.filter({ hasText: "CREATE_CHILD_SA" }).nth(3).waitFor();
  await accessible(page, "a real exchange");

  await page.getByRole("link", { name: "site", exact: true }).click();
  await page.locator(".title-row").getByRole("button", { name: "Down" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Take down site" }).click();
  await page.getByText("It is down.").waitFor();
  await page.getByText("There is no IKE SA now").waitFor();
});

test("why a peer refuses is told with both sides' proposals", async ({ page }) => {
  await enter(page);
  await page.getByRole("button", { name: "Bring up broken" }).click();
  await page.getByRole("region", { name: "What you asked for" }).getByText("IKE-NO-PROPOSAL").waitFor();
  await page.getByRole("link", { name: "broken", exact: true }).click();
  await page.getByRole("heading", { name: "Why it failed" }).waitFor();
  await page.getByRole("heading", { name: "Our side" }).waitFor();
  await page.locator(".sides").getByText(/ecp384/i).first().waitFor();
  await accessible(page, "a real failure");
  await page.getByRole("link", { name: "See the exchange" }).click();
  await page.locator(".message-card").getByText("N(NO_PROPOSAL_CHOSEN)").waitFor();
});

test("the log of a real daemon fits a phone", async ({ page }) => {
  await enter(page);
  await page.getByRole("link", { name: "Log" }).click();
  await page.locator("li.line").first().waitFor();
  await fits(page, "the log");
  await accessible(page, "a real log");
}, { phone: true });

test("a daemon that is started anew asks for a new session, and is shown again", async ({ page }) => {
  await enter(page);
  await pull("end-site");
  await page.getByText("The daemon does not answer.").waitFor();
  await pull("begin-site");
  await enter(page);
  await page.getByText("Live", { exact: true }).waitFor();
  await becomes(() => page.getByRole("link", { name: "broken", exact: true }).count(), 1, "connections of that name");
}, { expected: /ERR_|Failed to load|401/ });
