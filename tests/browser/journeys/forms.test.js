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
