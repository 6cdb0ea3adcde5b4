// The contrast of the accent colors for every hue that a shop can choose.
import { expect, test } from "../support/test.js";

// Text and background, and the least contrast.
const PAIRS = [
  ["--accent", "--bg", 5.5],
  ["--accent", "--surface", 5.5],
  ["--accent", "--sunken", 4.5],
  ["--accent-strong", "--bg", 5.5],
  ["--accent-strong", "--sunken", 5.5],
  ["--on-accent", "--accent", 5.5],
  ["--on-accent", "--accent-strong", 5.5],
  ["--accent", "--tint", 4.5],
  ["--text", "--tint", 7],
  ["--muted", "--tint", 4.5],
];

for (const colorScheme of ["light", "dark"]) {
  test(`accent colors have contrast for all 360 hues, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto("/offline");
    const lowest = await page.evaluate((pairs) => {
      const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
      const probe = document.body.appendChild(document.createElement("span"));
      // The color that the browser paints, as its relative luminance.
      const luminance = (token) => {
        probe.style.color = `var(${token})`;
        canvas.fillStyle = getComputedStyle(probe).color;
        canvas.fillRect(0, 0, 1, 1);
        const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((byte) => {
          const value = byte / 255;
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
      };
      const lowest = pairs.map(() => Infinity);
      for (let hue = 0; hue < 360; hue += 1) {
        document.documentElement.style.setProperty("--hue", hue);
        pairs.forEach(([text, background], index) => {
          const [dark, light] = [luminance(text), luminance(background)].sort((a, b) => a - b);
          lowest[index] = Math.min(lowest[index], (light + 0.05) / (dark + 0.05));
        });
      }
      return lowest;
    }, PAIRS);
    PAIRS.forEach(([text, background, least], index) => {
      expect.soft(lowest[index], `${text} on ${background}`).toBeGreaterThanOrEqual(least);
    });
  });
}
