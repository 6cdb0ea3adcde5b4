// Forms that fail, that are stopped, and that change a part of a page.
import { expect, test } from "../support/test.js";
import { expectPaid, payButton } from "../support/steps.js";

test("an order that is stopped can be placed after a while", { tag: "@script" }, async ({ page, customer }) => {
  await customer.isReadyToPay();
  await page.clock.install();
  await page.goto("/checkout");
  // With this status the page stays, as when the visitor stops the request.
  await page.route("**/checkout/place*", (route) => route.fulfill({ status: 204 }));
  await payButton(page).click();
  await expect(payButton(page)).toBeDisabled();
  await page.unroute("**/checkout/place*");
  await page.clock.fastForward("00:19");
  await expect(payButton(page)).toBeDisabled();
  await page.clock.fastForward("00:01");
  await expect(payButton(page)).toBeEnabled();
  await payButton(page).click();
  await expectPaid(page);
  expect(await customer.orders()).toHaveLength(1);
});

test("the cart keeps the focus and the live region", { tag: "@script" }, async ({ page, customer }) => {
  for (const slug of ["walden", "dracula", "moby-dick"]) await customer.addToCart(slug);
  await page.goto("/cart");
  await page.evaluate(() => (globalThis.liveRegion = document.querySelector("#flash")));
  const line = page.getByRole("listitem").filter({ hasText: "Walden" });
  const remove = line.getByRole("button", { name: "Remove" });
  // The quantity is sent when the focus leaves it.
  await line.getByRole("spinbutton").fill("3");
  await line.getByRole("spinbutton").press("Tab");
  await expect(page.getByRole("banner").getByRole("link", { name: "Cart" })).toContainText("5");
  await expect(remove).toBeFocused();
  await remove.press("Enter");
  await expect(line).toHaveCount(0);
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await expect(page.locator("#cart-units")).toHaveText("2 items");
  await expect(page.getByText("Removed from your cart.")).toBeVisible();
  expect(await page.evaluate(() => globalThis.liveRegion.textContent)).toContain("Removed");
  expect(await page.evaluate(() => globalThis.liveRegion.isConnected)).toBe(true);
});

test("arrow keys change a quantity once, and never remove a product", { tag: "@script" }, async ({ page, customer }) => {
  await customer.addToCart("walden", 2);
  await page.goto("/cart");
  let requests = 0;
  page.on("request", (request) => (requests += request.method() === "POST" ? 1 : 0));
  const quantity = page.getByRole("spinbutton");
  await quantity.focus();
  for (const key of ["ArrowUp", "ArrowDown", "ArrowDown", "ArrowDown"]) await quantity.press(key);
  await expect(page.locator("#cart-units")).toHaveText("1 item");
  expect(requests).toBe(1);
  await expect(quantity).toBeFocused();
  await quantity.fill("");
  await quantity.press("Tab");
  await expect(quantity).toHaveValue("1");
});

test("a list announces its number of results", { tag: "@script" }, async ({ page }) => {
  await page.goto("/products");
  const announcement = page.locator("#announcement");
  await expect(announcement).toBeEmpty();
  await page.getByLabel("Sort by").selectOption("price_asc");
  await expect(announcement).toHaveText(await page.locator("#result-count").innerText());
});

test("a form that is open stays when the order changes", { tag: "@script" }, async ({ page, customer }) => {
  await customer.isReadyToPay();
  await page.goto("/checkout");
  await payButton(page).click();
  await expectPaid(page);
  await page.getByText("Cancel this order").click();
  await page.getByLabel("Reason").fill("Ordered by mis");
  const updated = page.waitForResponse((response) => response.url().includes("/orders/"));
  await page.evaluate(() => delete document.querySelector("#order-head").dataset.version);
  await page.evaluate(() => document.querySelector("#check-now").click());
  await updated;
  await expect(page.locator("#announcement")).toHaveText(/^Order .+: Paid$/, { timeout: 15_000 });
  await expect(page.getByLabel("Reason")).toHaveValue("Ordered by mis");
  await expect(page.getByLabel("Reason")).toBeFocused();
});

test("a link within a page does not load it again", { tag: "@script" }, async ({ page }) => {
  await page.goto("/products/walden");
  // A page that loads again loses this.
  await page.evaluate(() => (globalThis.isSamePage = true));
  await page.getByRole("link", { name: "Skip to content" }).press("Enter");
  await expect(page).toHaveURL(/#main$/);
  await page.goBack();
  await expect(page).not.toHaveURL(/#main$/);
  expect(await page.evaluate(() => globalThis.isSamePage)).toBe(true);
});

test("a form that the shop rejects is sent once, and the error is shown", async ({ page }) => {
  const addToCart = page.getByRole("button", { name: "Add to cart" });
  let requests = 0;
  await page.route("**/cart/items", (route) => {
    requests += 1;
    return route.continue({ postData: "x".repeat(100_000) });
  });
  await page.goto("/products/walden");
  await addToCart.click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("That was too much");
  await expect(page).toHaveTitle(/That was too much/);
  expect(requests).toBe(1);
  await page.unroute("**/cart/items");
  await page.goBack();
  await addToCart.click();
  await expect(page.getByText("Added to your cart.")).toBeVisible();
  await expect(page.getByRole("banner").getByRole("link", { name: "Cart" })).toContainText("1");
});

test("an error page has the focus", { tag: "@script" }, async ({ page }) => {
  await page.route("**/cart/items", (route) => route.continue({ postData: "x".repeat(100_000) }));
  await page.goto("/products/walden");
  await page.getByRole("button", { name: "Add to cart" }).press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("That was too much");
  await expect(page.getByRole("main")).toBeFocused();
});
