// The form of a product, which stays at the bottom of phones.
import { expect, test } from "../support/test.js";

const PRODUCT = "/products/test-long-name";
const SHOPS = { English: process.env.SHOP_URL, German: process.env.GERMAN_SHOP_URL };

for (const [language, url] of Object.entries(SHOPS)) {
  for (const [width, height] of [[320, 640], [390, 844]]) {
    test(`the form of a product covers nothing that has the focus, ${language}, ${width} px`, async ({ page }) => {
      test.skip(!url, "hack/web-test.sh starts this shop");
      await page.setViewportSize({ width, height });
      await page.goto(new URL(PRODUCT, url).href);
      await expect.poll(() => gapBelowForm(page), "form at the bottom").toBeLessThan(1);
      for (const key of ["Tab", "Shift+Tab"]) {
        const covered = [];
        for (let presses = 0; presses < 45; presses++) {
          await page.keyboard.press(key);
          covered.push(...(await coveredFocus(page)));
        }
        expect.soft(covered, key).toEqual([]);
      }
    });
  }
}

function gapBelowForm(page) {
  return page.locator(".buy-form").evaluate((form) => Math.abs(innerHeight - form.getBoundingClientRect().bottom));
}

/** The element that has the focus, if the form covers a part of it. */
function coveredFocus(page) {
  return page.evaluate(() => {
    const form = document.querySelector(".buy-form");
    const focused = document.activeElement;
    if (focused === document.body || form.contains(focused)) return [];
    const [box, cover] = [focused, form].map((element) => element.getBoundingClientRect());
    const isCovered =
      box.right > cover.left && box.left < cover.right && box.bottom > cover.top + 1 && box.top < cover.bottom - 1;
    return isCovered ? [focused.outerHTML.slice(0, 120)] : [];
  });
}
