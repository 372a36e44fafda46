// Pictures for the documents, when they are asked for.
import { join } from "node:path";
import { open, scene, test } from "./harness";

const pictures: { name: string; place: string; phone?: boolean; dark?: boolean; open?: string }[] = [
  { name: "connections", place: "connections" },
  { name: "connection", place: "connections/office" },
  { name: "failure", place: "connections/cloud-eu" },
  { name: "exchange", place: "exchanges/40" },
  { name: "exchange-dark", place: "exchanges/40", dark: true },
  { name: "connections-dark", place: "connections", dark: true },
  { name: "phone", place: "connections", phone: true },
  { name: "phone-exchange", place: "exchanges/40", phone: true },
  { name: "certificates", place: "certificates" },
  { name: "pools", place: "pools" },
  { name: "log", place: "log" },
];

if (scene.screenshots) {
  for (const p of pictures) {
    test(`picture ${p.name}`, async ({ page }) => {
      await open(page, scene.sample, p.place);
      await page.waitForTimeout(9000);
      await page.screenshot({ path: join(scene.screenshots, `${p.name}.png`), fullPage: true });
    }, { phone: p.phone, dark: p.dark });
  }
}
