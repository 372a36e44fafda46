// Pictures for the documents, when they are asked for.
import { Page } from "playwright-core";
import { join } from "node:path";
import { open, scene, test } from "./harness";

interface Picture {
  name: string;
  place: string;
  /** A message to open. */
  message?: string;
}

/** Shows one place after the other in the same page, so that graphs go on. */
async function show(page: Page, pictures: Picture[]): Promise<void> {
  await open(page, scene.pictures, pictures[0]!.place);
  await page.waitForTimeout(60_000); // a graph shows a minute
  for (const p of pictures) {
    await page.evaluate((place) => (location.hash = `#/${place}`), p.place);
    await page.locator("main h1").waitFor();
    await page.waitForTimeout(1200);
    if (p.message) await page.locator(".message-card summary").filter({ hasText: p.message }).click();
    await page.mouse.move(0, 0);
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.screenshot({ path: join(scene.screenshots, `web-${p.name}.png`) });
  }
}

if (scene.screenshots) {
  test("pictures for the documents", async ({ context }) => {
    const browser = context.browser()!;
    const desk = { viewport: { width: 1200, height: 760 } };
    const light = await (await browser.newContext(desk)).newPage();
    const dark = await (await browser.newContext({ ...desk, colorScheme: "dark" })).newPage();
    const phone = await (await browser.newContext({ viewport: { width: 360, height: 700 } })).newPage();
    await Promise.all([
      show(light, [
        { name: "connections", place: "connections" },
        { name: "connection", place: "connections/office" },
        { name: "failure", place: "connections/cloud-eu" },
        { name: "exchange", place: "exchanges/40", message: "IKE_SA_INIT request" },
        { name: "certificates", place: "certificates" },
      ]),
      show(dark, [{ name: "dark", place: "connections" }]),
      show(phone, [{ name: "phone", place: "connections" }, { name: "phone-exchange", place: "exchanges/40" }]),
    ]);
  });
}
