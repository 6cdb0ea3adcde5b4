// From the first visit to an order that ships. `make e2e` runs this journey on its cluster.
import { administrator, call, linkInMail } from "../support/api.js";
import { VISA, completeCheckout, expectPaid, fillAccount, payButton, search } from "../support/steps.js";
import { expect, test } from "../support/test.js";

/** Time within which the page shows a change, without a request of the visitor. */
const LIVE_TIMEOUT = 15_000;

const JOURNEY = "a guest orders, opens the order from the mail, and sees it ship";

test(JOURNEY, { tag: ["@script", "@cluster"] }, async ({ page }) => {
  test.slow();
  await page.goto("/");
  await search(page, "lamp");
  await page.getByRole("main").getByRole("link", { name: "Desk Lamp", exact: true }).click();
  await page.getByRole("button", { name: "Add to cart" }).click();
  await expect(page.getByText("Added to your cart.")).toBeVisible();
  await page.getByRole("banner").getByRole("link", { name: "Cart" }).click();
  await page.getByRole("link", { name: "Check out" }).first().click();
  await page.getByRole("link", { name: "Create an account" }).click();
  const email = await fillAccount(page);
  await completeCheckout(page, VISA);
  await payButton(page).click();
  await expectPaid(page);
  const path = new URL(page.url()).pathname;
  expect(await linkInMail(email, "/orders/")).toBe(path);
  await page.goto(path);
  await expectPaid(page);

  // A page that loads again loses this.
  await page.evaluate(() => (globalThis.isSamePage = true));
  const token = await administrator();
  for (const [status, text] of [["processing", "Packed"], ["shipped", "On its way"]]) {
    await call("POST", `/admin${path}/status`, { token, body: { status } });
    await expect(page.locator(".order-status .pill")).toHaveText(text, { timeout: LIVE_TIMEOUT });
  }
  await expect(page.locator("#announcement")).toHaveText(/^Order .+: On its way$/);
  expect(await page.evaluate(() => globalThis.isSamePage)).toBe(true);
});
