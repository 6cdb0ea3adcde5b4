// A forgotten password.
import { linkInMail } from "../support/api.js";
import { expect, test } from "../support/test.js";
import { signIn } from "../support/steps.js";

test("a forgotten password is reset by mail", async ({ page, context, customer }) => {
  await context.clearCookies();
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgot your password?" }).click();
  await page.getByLabel("E-mail address").fill(customer.email);
  await page.getByRole("main").getByRole("button").click();
  await expect(page.getByText("Check your mail.")).toBeVisible();
  await page.goto(await linkInMail(customer.email, "/reset-password"));
  await page.getByLabel("New password", { exact: true }).fill("another horse battery");
  await page.getByRole("main").locator("button.button").click();
  await expect(page.getByText("Your new password is set.")).toBeVisible();
  await signIn(page, customer.email);
  await expect(page.getByRole("alert")).toContainText("password is wrong");
  await signIn(page, customer.email, "another horse battery");
  await page.goto("/account");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Hello, Ada");
});
