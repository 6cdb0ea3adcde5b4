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

test("the cart in the header of a restored page is current", { tag: "@script" }, async ({ page, customer }) => {
  const cart = page.getByRole("banner").getByRole("link", { name: "Cart" });
  await page.goto("/products/desk-lamp");
  await expect(cart).not.toContainText("2");
  await page.getByRole("banner").getByRole("link", { name: "Books" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Books");
  await customer.addToCart("walden", 2);
  await page.goBack({ waitUntil: "commit" });
  await expect(cart).toContainText("2");
});
