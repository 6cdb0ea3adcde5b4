// Every page in every state: accessibility, HTML, requests, console, layout, head.
import { PAGES } from "../pages.js";
import { checkAccessibility, checkPage, isChangedByScript } from "../support/checks.js";
import { Customer } from "../support/customer.js";
import { expect, test } from "../support/test.js";

const SHOPS = {
  german: process.env.GERMAN_SHOP_URL,
  unavailable: process.env.UNAVAILABLE_SHOP_URL,
};

for (const entry of PAGES) {
  const { route, state, path, shop, isSignedIn = false } = entry;
  test(`${route} (${state}), ${isSignedIn ? "customer" : "guest"}`, async ({ page, baseURL, observations }) => {
    test.skip(Boolean(shop) && !SHOPS[shop], "hack/web-test.sh starts this shop");
    const url = shop ? SHOPS[shop] : baseURL;
    const goto = (path) => page.goto(new URL(path, url).href);
    const customer = isSignedIn ? await Customer.register(page, baseURL) : null;
    if (path) await goto(path);
    else await entry.open({ page, customer, goto, usualShop: baseURL });
    if (route !== "*") expect.soft(new URL(page.url()).pathname).toMatch(patternOf(entry));
    const isChanged = await isChangedByScript(page, observations);
    await checkPage(page, observations, entry);
    if (isChanged) {
      // axe does not end in a browser without scripts. The bytes of a page are the same with and
      // without the script, so its absence is enough.
      const body = { contentType: "text/javascript", body: "" };
      await page.route("**/assets/shop-*.js", (route) => route.fulfill(body));
      await page.reload();
      expect(await isChangedByScript(page, observations)).toBe(false);
      await checkAccessibility(page);
    }
  });
}

/** The path of a page; a form that is rejected is shown at its target, which can be below. */
function patternOf({ route, status }) {
  const path = route.replace(/\{\w+\}/g, "[^/]+");
  return new RegExp(status === 422 ? `^${path}(/[a-z-]+)?$` : `^${path}$`);
}
