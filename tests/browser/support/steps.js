// Steps of the journeys, as a shopper takes them.
import { expect } from "./test.js";
import { ADDRESS, PASSWORD, newEmail } from "./customer.js";

export const VISA = "4242 4242 4242 4242";
export const DECLINED_CARD = "4000 0000 0000 0002";

/** Searches with the field of the header. */
export async function search(page, text) {
  await page.locator("#q").fill(text);
  await page.locator("#q").press("Enter");
  await expect(page.getByRole("heading", { level: 1 })).toContainText(text);
}

/** Registers in the browser, from the page that is open, and returns the e-mail address. */
export async function register(page) {
  await page.getByRole("banner").getByRole("link", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "Create an account" }).click();
  const email = await fillAccount(page);
  await expect(page.getByRole("status").filter({ hasText: "Welcome." })).toBeVisible();
  return email;
}

/** Fills the form of a new account, and returns the e-mail address. */
export async function fillAccount(page) {
  const email = newEmail();
  await page.getByLabel("First name").fill("Ada");
  await page.getByLabel("Last name").fill("Lovelace");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create account" }).click();
  return email;
}

/** Signs in on the sign-in page. */
export async function signIn(page, email, password = PASSWORD) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("main").getByRole("button", { name: "Sign in" }).click();
}

export async function fillAddress(page) {
  await page.getByLabel("Full name").fill(ADDRESS.recipient);
  await page.getByLabel("Street and number").fill(ADDRESS.street);
  await page.getByLabel("City").fill(ADDRESS.city);
  await page.getByLabel("State or province").fill(ADDRESS.state);
  await page.getByLabel("Postal code").fill(ADDRESS.zip_code);
  await page.getByLabel("Country").selectOption(ADDRESS.country);
  await page.getByRole("button", { name: "Save and continue" }).click();
}

/** Enters a new card in the checkout. */
export async function fillCard(page, number = VISA) {
  const field = page.getByLabel("Card number");
  if (!(await field.isVisible())) await page.getByText("Use another card").click();
  await field.fill(number);
  await page.getByLabel("Expiry").fill("12/40");
  await page.getByLabel("Security code").fill("123");
  await page.getByRole("button", { name: "Save and continue" }).click();
}

/** From the cart to the review, with a new address and a new card. */
export async function checkOut(page, cardNumber = VISA) {
  await page.getByRole("link", { name: "Check out" }).first().click();
  await completeCheckout(page, cardNumber);
}

/** From the step of the address to the review, with a new address and a new card. */
export async function completeCheckout(page, cardNumber) {
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Where should it go?");
  await fillAddress(page);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("How fast?");
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("How would you like to pay?");
  await fillCard(page, cardNumber);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Review your order");
}

export function payButton(page) {
  return page.getByRole("button", { name: /^Pay / });
}

/** The page of an order that is paid. */
export async function expectPaid(page) {
  await expect(page).toHaveURL(/\/orders\/[0-9a-f-]{36}$/);
  await expect(page.locator(".order-status .pill")).toHaveText("Paid");
}
