// A network that fails, with the service worker.
import { expect, test } from "../support/test.js";

test.use({ serviceWorkers: "allow" });

test("a page without network says so, and what to do", { tag: "@script" }, async ({ page, context }) => {
  await page.goto("/");
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    if (navigator.serviceWorker.controller) return;
    await new Promise((resolve) => navigator.serviceWorker.addEventListener("controllerchange", resolve));
  });
  await context.setOffline(true);
  await page.goto("/cart");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("You are offline");
  await context.setOffline(false);
  await page.goto("/cart");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Cart");
});
