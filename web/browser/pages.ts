// Every page, in light and dark and on a phone, without a finding of the accessibility checker.
import { accessible, fits, open, scene, test } from "./harness";

const places: [string, string][] = [
  ["connections", "All connections"],
  ["connections/office", "IKE SAs"],
  ["connections/cloud-eu", "Our side"],
  ["connections/nowhere", "no connection of this name"],
  ["exchanges", "cloud-eu"],
  ["exchanges/40", "IKE_INTERMEDIATE"],
  ["exchanges/41", "The peer refused"],
  ["exchanges/999", "there is no trace"],
  ["certificates", "3 need somebody"],
  ["pools", "10.64.0.1"],
  ["log", "IKE SA up"],
  ["nonsense", "no such page"],
];

for (const [place, says] of places) {
  test(`${place} is shown`, async ({ page }) => {
    await open(page, scene.sample, place);
    await page.getByText(says).first().waitFor();
    await accessible(page, place);
  }, { looks: true, expected: /404/ });
}

for (const [place, says] of places.slice(0, 11)) {
  test(`${place} is shown on a phone in the dark`, async ({ page }) => {
    await open(page, scene.sample, place);
    await page.getByText(says).first().waitFor();
    await fits(page, place);
    await accessible(page, place);
  }, { looks: true, phone: true, dark: true, expected: /404/ });
}

test("every page fits every width", async ({ page }) => {
  for (const [place, says] of places.slice(0, 11)) {
    await open(page, scene.sample, place);
    await page.getByText(says).first().waitFor();
    for (const width of [320, 700, 720, 870, 1081, 1251, 1600]) {
      await page.setViewportSize({ width, height: 800 });
      await fits(page, `${place} at ${width}`);
    }
  }
}, { looks: true, expected: /404/ });
