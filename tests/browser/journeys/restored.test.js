// Pages that the browser restores from its back/forward cache.
import { CHROMIUM } from "../support/chromium.js";
import { expect, test } from "../support/test.js";
import { expectPaid, payButton } from "../support/steps.js";

// Playwright disables the cache.
test.use({ launchOptions: { ...CHROMIUM, ignoreDefaultArgs: ["--disable-back-forward-cache"] } });

test("a review that is restored and submitted again orders once", async ({ page, customer }) => {
  await customer.isReadyToPay();
  await page.goto("/checkout");
  await payButton(page).click();
  await expectPaid(page);
  // A restored page does not load.
  await page.goBack({ waitUntil: "commit" });
  if (await payButton(page).isVisible()) {
    await payButton(page).click();
    await expectPaid(page);
  }
  expect(await customer.orders()).toHaveLength(1);
});

test("a restored page is current", { tag: "@script" }, async ({ page, customer }) => {
  const cart = page.getByRole("banner").getByRole("link", { name: "Cart" });
  await customer.addToCart("walden");
  await page.goto("/cart");
  await leave(page);
  await customer.addToCart("dracula", 2);
  await restore(page);
  await expect(page.locator("#cart")).toContainText("Dracula");
  const { total } = await customer.call("GET", "/cart");
  const amount = `$${(total.amount_cents / 100).toFixed(2)}`;
  await expect(page.locator("#cart-summary-panel")).toContainText(amount);
  // Pages do not wait long for the number in their header.
  await expect(async () => {
    await leave(page);
    await restore(page);
    await expect(cart).toContainText("3", { timeout: 2_000 });
  }).toPass();

  await leave(page);
  await customer.order("dracula");
  await restore(page);
  await expect(page.getByRole("main")).toContainText("Your cart is empty.");
  await expect(page.getByRole("link", { name: "Check out" })).toHaveCount(0);
});

async function leave(page) {
  await page.getByRole("banner").getByRole("link", { name: "Books" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Books");
}

/** Goes back to a page, which the browser does not load. */
async function restore(page) {
  await page.goBack({ waitUntil: "commit" });
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Cart");
}
