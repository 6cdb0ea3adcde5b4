// From the first visit to an order, and to its cancellation.
import { expect, test } from "../support/test.js";
import { linkInMail } from "../support/api.js";
import {
  DECLINED_CARD,
  VISA,
  checkOut,
  completeCheckout,
  expectPaid,
  fillAccount,
  fillCard,
  payButton,
  register,
  search,
} from "../support/steps.js";

test("a guest finds a product, registers, orders it, and cancels the order", async ({ page }) => {
  test.slow();
  await page.goto("/");
  await page.getByRole("link", { name: "Shop all products" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("All products");
  await search(page, "lamp");
  await page.getByRole("main").getByRole("link", { name: "Desk Lamp", exact: true }).click();
  await page.getByLabel("Quantity").selectOption("2");
  await page.getByRole("button", { name: "Add to cart" }).click();
  await expect(page.getByRole("status").filter({ hasText: "Added to your cart." })).toBeVisible();
  const email = await register(page);
  // The cart of the guest has become that of the customer.
  await page.getByRole("banner").getByRole("link", { name: "Cart" }).click();
  await expect(page.getByRole("main")).toContainText("$138.00");
  await checkOut(page);
  const total = (await payButton(page).innerText()).replace("Pay ", "");
  await payButton(page).click();
  await expectPaid(page);
  await expect(page.locator(".amounts-total")).toContainText(total);
  await page.goto(await linkInMail(email, "/orders/"));
  await expectPaid(page);
  await page.getByText("Cancel this order").click();
  await page.getByLabel("Reason").fill("Ordered by mistake");
  await page.getByRole("button", { name: "Cancel order" }).click();
  await expect(async () => {
    await page.reload();
    await expect(page.locator(".order-status .pill")).toHaveText(/Cancelled|Refunded/, { timeout: 500 });
    const refunded = page.locator(".amounts div").filter({ hasText: "Refunded" });
    await expect(refunded).toContainText(total, { timeout: 500 });
  }).toPass();
});

test("a guest registers in the checkout and keeps the cart", async ({ page }) => {
  await page.goto("/products/walden");
  await page.getByRole("button", { name: "Add to cart" }).click();
  await expect(page.getByText("Added to your cart.")).toBeVisible();
  await page.goto("/cart");
  await page.getByRole("link", { name: "Check out" }).first().click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Who is ordering?");
  await page.getByRole("link", { name: "Create an account" }).click();
  await fillAccount(page);
  await completeCheckout(page, VISA);
  await payButton(page).click();
  await expectPaid(page);
});

test("another card pays after a declined one", async ({ page, customer }) => {
  await customer.addToCart("walden");
  await page.goto("/cart");
  await checkOut(page, DECLINED_CARD);
  await payButton(page).click();
  const reason = page.getByText("Your bank declined this card. You were not charged.");
  await expect(reason).toBeVisible();
  await fillCard(page);
  await payButton(page).click();
  await expectPaid(page);
  const orders = await customer.orders();
  expect(orders.map((order) => order.status).sort()).toEqual(["cancelled", "confirmed"]);
});

test("a cart is changed, and products are removed", async ({ page, customer }) => {
  await customer.addToCart("walden", 2);
  await customer.addToCart("desk-lamp");
  await page.goto("/cart");
  const line = page.getByRole("listitem").filter({ hasText: "Walden" });
  const quantity = line.getByRole("spinbutton");
  await quantity.fill("5");
  await quantity.press("Enter");
  await expect(page.getByRole("main")).toContainText("$64.95");
  await expect(page.getByRole("banner").getByRole("link", { name: "Cart" })).toContainText("6");
  await line.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByText("Removed from your cart.")).toBeVisible();
  await page.getByRole("button", { name: "Remove" }).click();
  await expect(page.getByRole("main")).toContainText("Your cart is empty.");
  await expect(page.getByText("Removed from your cart.")).toBeVisible();
});

test("filters and sorting work, and are part of the URL", async ({ page }) => {
  await page.goto("/products");
  const count = page.locator("#result-count");
  const all = await count.innerText();
  const filters = page.locator(".filter-details > summary");
  if (await filters.isVisible()) await filters.click();
  await page.getByLabel("Highest price").fill("11");
  await page.getByRole("button", { name: "Apply" }).click();
  await expect(page).toHaveURL(/max_price=11/);
  await page.getByLabel("Sort by").selectOption("price_asc");
  const sort = page.getByRole("button", { name: "Sort", exact: true });
  if (await sort.isVisible()) await sort.click();
  await expect(page).toHaveURL(/sort=price_asc/);
  await expect(page).toHaveURL(/max_price=11/);
  await expect(page.locator(".card-name").first()).toHaveText("The Time Machine");
  await page.goBack();
  await expect(page.getByLabel("Sort by")).not.toHaveValue("price_asc");
  await page.goBack();
  await expect(count).toHaveText(all);
  await page.goForward();
  await expect(count).not.toHaveText(all);
  await expect(page.getByLabel("Highest price")).toHaveValue("11");
});
