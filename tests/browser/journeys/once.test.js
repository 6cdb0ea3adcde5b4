// However often a shopper submits, goes back and reloads: there is one order.
import { expect, test } from "../support/test.js";
import { expectPaid, payButton, signIn } from "../support/steps.js";

async function expectOneOrder(customer) {
  expect(await customer.orders()).toHaveLength(1);
}

test("two tabs order once", async ({ page, context, customer }) => {
  await customer.isReadyToPay();
  const other = await context.newPage();
  await page.goto("/checkout");
  await other.goto("/checkout");
  await expect(payButton(other)).toBeVisible();
  await payButton(page).click();
  await expectPaid(page);
  await payButton(other).click();
  // The cart is empty and the shop names the order, or the shop shows the order.
  const link = other.getByText("You have already placed order").or(other.locator("#order"));
  await expect(link).toBeVisible();
  if (!/orders/.test(other.url())) await other.getByRole("link", { name: "View order" }).click();
  await expectPaid(other);
  expect(other.url()).toBe(page.url());
  await expectOneOrder(customer);
});

test("back and reload after ordering order once", async ({ page, customer }) => {
  await customer.isReadyToPay();
  await page.goto("/checkout");
  await payButton(page).click();
  await expectPaid(page);
  const order = page.url();
  await page.reload();
  await expectPaid(page);
  await page.goBack();
  await expect(page.getByText("You have already placed order")).toBeVisible();
  await page.reload();
  await page.goto(order);
  await expectPaid(page);
  await expectOneOrder(customer);
});

test("a double click orders once", async ({ page, customer }) => {
  await customer.isReadyToPay();
  await page.goto("/checkout");
  await payButton(page).dblclick();
  await expectPaid(page);
  await expectOneOrder(customer);
});

test("a session that ends during the checkout loses nothing", async ({ page, context, customer }) => {
  await customer.isReadyToPay();
  await page.goto("/checkout");
  const review = new URL(page.url());
  await expect(payButton(page)).toBeVisible();
  await context.clearCookies({ name: /^(access|refresh)$/ });
  await payButton(page).click();
  await expect(page.getByText("Your session has ended")).toBeVisible();
  await signIn(page, customer.email);
  // With the choices of the form that was sent, such as the delivery option.
  await expect(page).toHaveURL((url) => url.pathname === review.pathname);
  const choices = new URL(page.url()).searchParams;
  for (const [name, value] of review.searchParams) expect(choices.get(name)).toBe(value);
  await payButton(page).click();
  await expectPaid(page);
  await expectOneOrder(customer);
});
