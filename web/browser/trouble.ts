// The daemon ends, is started again, and has thousands of SAs.
import { Page } from "playwright-core";
import { accessible, becomes, check, open, pull, scene, test } from "./harness";

/** Presses the button, unless the page has tried by itself in the meantime and needs it no more. */
async function tryNow(page: Page): Promise<void> {
  await page.evaluate(() => [...document.querySelectorAll("button")].find((b) => b.textContent === "Try now")?.click());
}

test("a daemon that is gone is said to be, and the page goes on when it is back", async ({ page }) => {
  await open(page, scene.sample, "connections");
  await pull("stop");
  await page.getByText("The daemon does not answer.").waitFor();
  await page.getByText("Not connected").waitFor();
  await accessible(page, "a page without a daemon");
  check(await page.getByRole("link", { name: "office" }).isVisible(), "what was known is no longer shown");
  await page.getByRole("button", { name: "Try now" }).waitFor();
  await pull("start");
  await tryNow(page);
  await page.getByText("Live", { exact: true }).waitFor();
  await becomes(() => page.getByText("The daemon does not answer.").count(), 0, "banners");
}, { expected: /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED_ENCODING|Failed to load/ });

test("a page that is opened without a daemon says so and recovers by itself", async ({ page }) => {
  await open(page, scene.sample, "log");
  await page.getByText("IKE SA up").waitFor();
  await pull("stop");
  await page.getByText("Waiting for the daemon").waitFor();
  await pull("start");
  await page.getByText(/lines, the newest first/).waitFor();
}, { expected: /ERR_|Failed to load/ });

/** Most elements that a page of a long list has: what they cost does not depend on how long the list is. */
const mostElements = 4000;

/** Fails if more of a list is drawn than a page of it. */
async function paged(page: Page, rows: string, most: number): Promise<void> {
  const [drawn, elements] = await page.evaluate((rows) => [document.querySelectorAll(rows).length, document.querySelectorAll("*").length], rows);
  check(drawn! > 0 && drawn! <= most && elements! <= mostElements, `${drawn} of ${rows} are drawn, with ${elements} elements`);
}

test("5 000 SAs are shown in pages, and searched", async ({ page }) => {
  await open(page, scene.crowd, "connections");
  await page.getByText("5,002 IKE SAs").waitFor();
  await page.getByRole("link", { name: "staff", exact: true }).click();
  await page.locator("details.sa").nth(19).waitFor();
  await paged(page, "details.sa", 20);
  const first = await page.locator(".sa-peer").first().textContent();
  await page.getByRole("button", { name: "Next" }).click();
  await page.waitForFunction((was) => ![null, undefined, was].includes(document.querySelector(".sa-peer")?.textContent), first);
  await paged(page, "details.sa", 20);
  await page.getByRole("searchbox").fill("user4321");
  await page.locator("summary").filter({ hasText: "user4321@example.org" }).waitFor();
  await becomes(() => page.locator("details.sa").count(), 1, "SAs that were found");
  await accessible(page, "thousands of SAs");
});

test("5 000 connections are shown in pages", async ({ page }) => {
  await open(page, scene.branches, "connections");
  await page.getByText("1–50 of 5,000").waitFor();
  await page.getByRole("button", { name: "Next" }).click();
  await page.getByText("51–100 of 5,000").waitFor();
  await paged(page, "td.name", 50);
  await page.getByRole("searchbox").fill("elsewhere");
  await page.getByText("No connection matches").waitFor();
  await page.getByRole("searchbox").fill("branch-4999");
  await page.getByRole("link", { name: "branch-4999" }).waitFor();
});
