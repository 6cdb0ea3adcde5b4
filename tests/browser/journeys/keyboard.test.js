// Shopping without a mouse.
import { expect, test } from "../support/test.js";
import { ADDRESS } from "../support/customer.js";
import { VISA, expectPaid, payButton } from "../support/steps.js";

/** Presses Tab until the element has the focus, which must be visible everywhere on the way. */
async function tabTo(page, target) {
  await expect(target).toBeVisible();
  for (let presses = 0; presses < 150; presses += 1) {
    await page.keyboard.press("Tab");
    const focus = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === document.body) return null;
      const styles = [getComputedStyle(element), getComputedStyle(element, "::after")];
      const hasOutline = styles.some((style) => style.outlineStyle === "solid" && style.outlineWidth === "3px");
      const { top, bottom, left, right } = element.getBoundingClientRect();
      const isInView = bottom > 0 && top < innerHeight && right > 0 && left < innerWidth;
      return { html: element.outerHTML.slice(0, 100), isVisible: hasOutline && isInView };
    });
    if (focus) expect(focus.isVisible, `focus on ${focus.html}`).toBe(true);
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${target} cannot be reached with Tab`);
}

async function type(page, label, text) {
  await tabTo(page, page.getByLabel(label));
  await page.keyboard.type(text);
}

async function press(page, role, name) {
  await tabTo(page, page.getByRole(role, { name }).first());
  await page.keyboard.press("Enter");
}

test("a keyboard is enough from the home page to a paid order", async ({ page, customer }) => {
  test.slow();
  await page.goto("/");
  await page.keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to content" })).toBeFocused();
  await tabTo(page, page.locator("#q"));
  await page.keyboard.type("lamp");
  await page.keyboard.press("Enter");
  await press(page, "link", /^Desk Lamp$/);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Desk Lamp");
  await press(page, "button", "Add to cart");
  await expect(page.getByText("Added to your cart.")).toBeVisible();
  await press(page, "link", "Check out");
  await expect(page).toHaveURL(/\/checkout\/address/);
  await type(page, "Full name", ADDRESS.recipient);
  await type(page, "Street and number", ADDRESS.street);
  await type(page, "City", ADDRESS.city);
  await type(page, "State or province", ADDRESS.state);
  await type(page, "Postal code", ADDRESS.zip_code);
  await type(page, "Country", "United States");
  await press(page, "button", "Save and continue");
  await expect(page).toHaveURL(/\/checkout\/delivery/);
  await tabTo(page, page.getByRole("radio", { checked: true }));
  await page.keyboard.press("ArrowDown");
  await press(page, "button", "Continue");
  await expect(page).toHaveURL(/\/checkout\/payment/);
  await type(page, "Card number", VISA);
  await type(page, "Expiry", "12/40");
  await type(page, "Security code", "123");
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/\/checkout\/review/);
  await tabTo(page, payButton(page));
  await page.keyboard.press("Enter");
  await expectPaid(page);
});
