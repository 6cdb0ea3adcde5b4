// Every page of the shop in every state that a test can reach. pages/routes.test.js compares the
// routes with those of the shop.
//
// route      the route, as services/web/src/router.rs writes it, or "*"
// state      what distinguishes this state from the others of the route
// path       opens the page; without it, `open` does, with {page, customer, goto}
// isSignedIn whether a customer visits it
// isIndexed  whether search engines list it
// status     200, if absent
// shop       "german" or "unavailable", if it is not the usual one
import { administrator, call } from "./support/api.js";
import { ADDRESS, PASSWORD, newEmail } from "./support/customer.js";

const GUEST = [
  { route: "/", state: "home", path: "/", isIndexed: true },
  { route: "/products", state: "list", path: "/products", isIndexed: true },
  { route: "/products", state: "last page", path: "/products?page=2" },
  { route: "/products", state: "filtered", path: "/products?max_price=30&sort=price_asc&in_stock=1" },
  { route: "/products", state: "no product", path: "/products?min_price=99999" },
  { route: "/products", state: "invalid price", path: "/products?min_price=cheap", isIndexed: true },
  { route: "/products/{slug}", state: "in stock", path: "/products/desk-lamp", isIndexed: true },
  { route: "/products/{slug}", state: "few left", path: "/products/test-few-left", isIndexed: true },
  { route: "/products/{slug}", state: "sold out", path: "/products/test-sold-out", isIndexed: true },
  { route: "/products/{slug}", state: "several images", path: "/products/test-images", isIndexed: true },
  { route: "/products/{slug}", state: "longest name", path: "/products/test-long-name", isIndexed: true },
  { route: "/products/{slug}", state: "not found", path: "/products/no-such-product", status: 404 },
  { route: "/categories", state: "list", path: "/categories", isIndexed: true },
  { route: "/categories/{slug}", state: "list", path: "/categories/books", isIndexed: true },
  { route: "/categories/{slug}", state: "filtered", path: "/categories/books?sort=name" },
  { route: "/categories/{slug}", state: "not found", path: "/categories/no-such-category", status: 404 },
  { route: "/search", state: "no text", path: "/search" },
  { route: "/search", state: "results", path: "/search?q=lamp" },
  { route: "/search", state: "nothing found", path: "/search?q=qqqqqq" },
  { route: "/search", state: "longest text", path: `/search?q=${"w".repeat(200)}` },
  { route: "/cart", state: "guest", path: "/cart" },
  {
    route: "/cart",
    state: "lines of a guest",
    open: async ({ page, goto }) => {
      await addAsGuest(page, goto);
      await goto("/cart");
    },
  },
  {
    route: "/checkout/contact",
    state: "guest",
    open: async ({ page, goto }) => {
      await addAsGuest(page, goto);
      await goto("/checkout");
    },
  },
  { route: "/styleguide", state: "every component", path: "/styleguide" },
  { route: "/help", state: "text", path: "/help", isIndexed: true },
  { route: "/shipping-returns", state: "text", path: "/shipping-returns", isIndexed: true },
  { route: "/accessibility", state: "text", path: "/accessibility", isIndexed: true },
  { route: "/offline", state: "text", path: "/offline" },
  { route: "/login", state: "form", path: "/login" },
  { route: "/login", state: "after the session has ended", path: "/login?next=%2Fcart&reason=expired" },
  {
    route: "/login",
    state: "wrong password",
    status: 422,
    open: async ({ page, goto }) => {
      await goto("/login");
      await page.getByLabel("E-mail address").fill(newEmail());
      await page.getByLabel("Password", { exact: true }).fill("wrong");
      await submit(page, "Sign in");
    },
  },
  { route: "/register", state: "form", path: "/register" },
  {
    route: "/register",
    state: "errors",
    status: 422,
    open: async ({ page, goto }) => {
      await goto("/register");
      await page.getByLabel("First name").fill("Ada");
      await page.getByLabel("Last name").fill("Lovelace");
      await page.getByLabel("E-mail address").fill("ada@nowhere");
      await page.getByLabel("Password", { exact: true }).fill("short");
      await submit(page, "Create account");
    },
  },
  { route: "/forgot-password", state: "form", path: "/forgot-password" },
  {
    route: "/forgot-password",
    state: "sent",
    open: async ({ page, goto }) => {
      await goto("/forgot-password");
      await page.getByLabel("E-mail address").fill(newEmail());
      await page.locator("main form button").click();
      await page.getByText("Check your mail.").waitFor();
    },
  },
  { route: "/reset-password", state: "form", path: "/reset-password?token=wrong" },
  {
    route: "/reset-password",
    state: "invalid link",
    status: 422,
    open: async ({ page, goto }) => {
      await goto("/reset-password?token=wrong");
      await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
      await page.locator("main form button.button").click();
      await page.locator(".error-summary").waitFor();
    },
  },
  { route: "/verify-email", state: "form", path: "/verify-email?token=wrong" },
  {
    route: "/verify-email",
    state: "invalid link",
    status: 422,
    open: async ({ page, goto }) => {
      await goto("/verify-email?token=wrong");
      await page.locator("main form button").click();
      await page.locator(".error-summary").waitFor();
    },
  },
  { route: "*", state: "no such page", path: "/no-such-page", status: 404 },
  {
    route: "*",
    state: "method not allowed",
    status: 405,
    open: async ({ page, goto }) => {
      await goto("/help");
      await page.locator(".theme-form").evaluate((form) => {
        form.action = "/help";
        // Submitted by the browser, which shows the status.
        form.removeAttribute("data-swap");
      });
      await page.locator(".theme-form button").first().click();
      await page.getByRole("heading", { name: "This page cannot be used this way" }).waitFor();
    },
  },
  {
    route: "*",
    state: "cross-site request",
    status: 403,
    open: async ({ page, usualShop }) => {
      const fields = '<input name="theme" value="dark"><button>Submit</button>';
      await page.setContent(`<form method="post" action="${usualShop}/theme">${fields}</form>`);
      await page.getByRole("button").click();
      await page.getByRole("heading", { name: "This request did not come from the shop" }).waitFor();
    },
  },
];

const CUSTOMER = [
  { route: "/", state: "home", path: "/", isIndexed: true },
  { route: "/cart", state: "empty", path: "/cart" },
  {
    route: "/cart",
    state: "lines",
    open: async ({ customer, goto }) => {
      await customer.addToCart("desk-lamp", 2);
      await customer.addToCart("walden");
      await customer.addToCart("test-long-name", 99);
      await goto("/cart");
    },
  },
  {
    route: "/cart",
    state: "shipping estimate",
    open: async ({ customer, goto }) => {
      await customer.addToCart("walden");
      await goto("/cart?country=US&zip_code=62701");
    },
  },
  {
    route: "/cart",
    state: "more than in stock",
    open: async ({ customer, goto }) => {
      await customer.addToCart("test-few-left", 5);
      await goto("/cart");
    },
  },
  {
    route: "/cart",
    state: "no longer for sale",
    open: async ({ customer, goto }) => {
      const token = await administrator();
      const price = { amount_cents: 1999, currency: "USD" };
      const slug = `test-${newEmail().slice(9, 20)}`;
      const body = { name: "Discontinued Lamp", slug, price, stock_quantity: 9, weight_grams: 100 };
      const product = await call("POST", "/admin/products", { token, body });
      await customer.addToCart(slug);
      await call("PUT", `/admin/products/${product.id}`, { token, body: { is_active: false } });
      await goto("/cart");
    },
  },
  {
    route: "/products/{slug}",
    state: "added to the cart",
    isIndexed: true,
    open: async ({ page, goto }) => {
      await goto("/products/walden");
      await page.getByRole("button", { name: "Add to cart" }).click();
      await page.getByText("Added to your cart.").waitFor();
    },
  },
  {
    route: "/checkout/address",
    state: "first address",
    open: async ({ customer, goto }) => {
      await customer.addToCart("walden");
      await goto("/checkout");
    },
  },
  {
    route: "/checkout/address",
    state: "errors",
    status: 422,
    open: async ({ page, customer, goto }) => {
      await customer.addToCart("walden");
      await goto("/checkout");
      await page.getByLabel("Full name").fill("Ada Lovelace");
      await page.getByLabel("Street").fill(" ");
      await page.getByLabel("City").fill(" ");
      await submit(page, "Save and continue");
    },
  },
  {
    route: "/checkout/address",
    state: "saved addresses",
    open: async ({ customer, goto }) => {
      await customer.isReadyToPay();
      await customer.addAddress({ recipient: "Charles Babbage" });
      await goto("/checkout/address");
    },
  },
  {
    route: "/checkout/delivery",
    state: "choices",
    open: async ({ customer, goto }) => {
      await customer.addToCart("walden");
      await customer.addToCart("test-long-name");
      const address = await customer.addAddress();
      await goto(`/checkout/delivery?address=${address.id}`);
    },
  },
  {
    route: "/checkout/payment",
    state: "first card",
    open: async ({ page, customer, goto }) => {
      await customer.addToCart("walden");
      await customer.addAddress();
      await goto("/checkout");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByLabel("Card number").waitFor();
    },
  },
  {
    route: "/checkout/payment",
    state: "errors",
    status: 422,
    open: async ({ page, customer, goto }) => {
      await customer.addToCart("walden");
      await customer.addAddress();
      await goto("/checkout");
      await page.getByRole("button", { name: "Continue" }).click();
      await page.getByLabel("Card number").fill("4242 4242 4242 4241");
      await page.getByLabel("Expiry").fill("13/40");
      await page.getByLabel("Security code").fill("123");
      await submit(page, "Save and continue");
    },
  },
  {
    route: "/checkout/payment",
    state: "declined card",
    open: async ({ page, customer, goto }) => {
      await customer.addToCart("walden");
      await customer.addAddress();
      await customer.addCard({ card_number: "4000000000000002" });
      await goto("/checkout");
      await page.getByRole("button", { name: /^Pay / }).click();
      await page.getByText("Your bank declined this card.").waitFor();
    },
  },
  {
    route: "/checkout/review",
    state: "to pay",
    open: async ({ customer, goto }) => {
      await customer.isReadyToPay();
      await customer.addToCart("test-long-name", 3);
      await goto("/checkout");
    },
  },
  {
    route: "/checkout/review",
    state: "total changed",
    open: async ({ page, customer, goto }) => {
      await customer.isReadyToPay();
      await goto("/checkout");
      await goto(`${page.url()}&was=100`);
    },
  },
  { route: "/account", state: "new customer", path: "/account" },
  {
    route: "/account",
    state: "with orders",
    open: async ({ customer, goto }) => {
      await customer.addAddress();
      await customer.order("desk-lamp", 2);
      await customer.order("walden");
      await goto("/account");
    },
  },
  { route: "/orders", state: "empty", path: "/orders" },
  { route: "/orders", state: "none with this status", path: "/orders?status=shipped" },
  {
    route: "/orders",
    state: "list",
    open: async ({ customer, goto }) => {
      await customer.order("desk-lamp", 2);
      await customer.order("test-long-name");
      await goto("/orders");
    },
  },
  order("paid", []),
  order("packed", ["processing"]),
  order("on its way", ["processing", "shipped"]),
  order("delivered", ["processing", "shipped", "delivered"]),
  {
    route: "/orders/{id}",
    state: "cancelled and refunded",
    open: async ({ customer, goto }) => {
      const { id } = await customer.order("walden");
      await customer.call("DELETE", `/orders/${id}`);
      await goto(`/orders/${id}`);
    },
  },
  {
    route: "/orders/{id}",
    state: "declined",
    open: async ({ page, customer, goto }) => {
      await customer.addToCart("walden");
      await customer.addAddress();
      await customer.addCard({ card_number: "4000000000000002" });
      await goto("/checkout");
      await page.getByRole("button", { name: /^Pay / }).click();
      await page.getByText("Your bank declined this card.").waitFor();
      await goto(`/orders/${(await customer.orders())[0].id}`);
    },
  },
  {
    route: "/orders/{id}",
    state: "not found",
    path: "/orders/00000000-0000-7000-8000-000000000000",
    status: 404,
  },
  { route: "/addresses", state: "empty", path: "/addresses" },
  {
    route: "/addresses",
    state: "list",
    open: async ({ customer, goto }) => {
      await customer.addAddress();
      await customer.addAddress({ recipient: "Charles Babbage", street: "1 Dorset Street" });
      await goto("/addresses");
    },
  },
  { route: "/addresses/new", state: "form", path: "/addresses/new" },
  {
    route: "/addresses/{id}",
    state: "form",
    open: async ({ customer, goto }) => goto(`/addresses/${(await customer.addAddress()).id}`),
  },
  { route: "/payment-methods", state: "empty", path: "/payment-methods" },
  {
    route: "/payment-methods",
    state: "list",
    open: async ({ customer, goto }) => {
      await customer.addCard();
      await customer.addCard({ card_number: "4000000000000002", is_default: false });
      await goto("/payment-methods");
    },
  },
  { route: "/wishlist", state: "empty", path: "/wishlist" },
  {
    route: "/wishlist",
    state: "products",
    open: async ({ customer, goto }) => {
      for (const slug of ["desk-lamp", "walden", "test-sold-out", "test-long-name"]) {
        const { id } = await customer.call("GET", `/products/${slug}`);
        await customer.call("POST", "/wishlist", { product_id: id });
      }
      await goto("/wishlist");
    },
  },
  { route: "/profile", state: "form", path: "/profile" },
  { route: "/security", state: "one device", path: "/security" },
  {
    route: "/security",
    state: "two devices",
    open: async ({ customer, goto }) => {
      await call("POST", "/auth/login", { body: { email: customer.email, password: PASSWORD } });
      await goto("/security");
    },
  },
  {
    route: "/security",
    state: "errors",
    status: 422,
    open: async ({ page, goto }) => {
      await goto("/security");
      await page.getByLabel("Current password").first().fill("wrong");
      await page.getByLabel("New password", { exact: true }).fill("short");
      await submit(page, "Change password");
    },
  },
  { route: "/privacy", state: "text", path: "/privacy" },
];

const GERMAN = ["/", "/products", "/products/desk-lamp", "/categories", "/search?q=lamp", "/cart", "/login",
  "/register", "/forgot-password", "/help", "/shipping-returns", "/accessibility"].map((path) => ({
  route: path.split("?")[0].replace("/desk-lamp", "/{slug}"),
  state: "in German",
  path,
  isIndexed: !/search|cart|login|register|forgot/.test(path),
  shop: "german",
}));

const GERMAN_CUSTOMER = [
  { route: "/account", state: "in German", path: "/account", shop: "german" },
  { route: "/security", state: "in German", path: "/security", shop: "german" },
  { route: "/addresses/new", state: "in German", path: "/addresses/new", shop: "german" },
  { route: "/payment-methods", state: "in German", path: "/payment-methods", shop: "german" },
  {
    route: "/cart",
    state: "in German",
    shop: "german",
    open: async ({ customer, goto }) => {
      await customer.addToCart("desk-lamp", 2);
      await goto("/cart");
    },
  },
  {
    route: "/checkout/review",
    state: "in German",
    shop: "german",
    open: async ({ customer, goto }) => {
      await customer.isReadyToPay();
      await goto("/checkout");
    },
  },
  {
    route: "/orders/{id}",
    state: "in German",
    shop: "german",
    open: async ({ customer, goto }) => goto(`/orders/${(await customer.order()).id}`),
  },
];

const UNAVAILABLE = [
  { route: "/", state: "gateway unavailable", path: "/", status: 503, shop: "unavailable" },
  { route: "/help", state: "gateway unavailable", path: "/help", isIndexed: true, shop: "unavailable" },
  {
    route: "*",
    state: "order unconfirmed",
    status: 503,
    shop: "unavailable",
    isSignedIn: true,
    open: async ({ page, customer, goto, usualShop }) => {
      await customer.isReadyToPay();
      await page.goto(`${usualShop}/checkout`);
      const form = await page.locator("form.place-form").evaluate((form) => form.innerHTML);
      await goto("/help");
      // The form of the review, sent to a shop whose gateway does not respond.
      await page.evaluate((fields) => {
        const form = document.createElement("form");
        Object.assign(form, { method: "post", action: "/checkout/place", innerHTML: fields });
        document.body.append(form);
        HTMLFormElement.prototype.submit.call(form);
      }, form);
      await page.getByRole("heading", { name: "We could not confirm your order" }).waitFor();
    },
  },
];

export const PAGES = [
  ...GUEST,
  ...CUSTOMER.map((page) => ({ ...page, isSignedIn: true })),
  ...GERMAN,
  ...GERMAN_CUSTOMER.map((page) => ({ ...page, isSignedIn: true })),
  ...UNAVAILABLE,
];

/** Routes that respond with files, or only with redirects. */
export const NO_PAGES = [
  "/checkout",
  "/assets/{file}",
  "/images/products/{file}",
  "/robots.txt",
  "/sitemap.xml",
  "/site.webmanifest",
  "/orders/{id}/live",
  "/sw.js",
];

function order(state, statuses) {
  return {
    route: "/orders/{id}",
    state,
    open: async ({ customer, goto }) => {
      const { id } = await customer.order("desk-lamp", 2);
      const token = statuses.length > 0 ? await administrator() : null;
      for (const status of statuses) {
        await call("POST", `/admin/orders/${id}/status`, { token, body: { status } });
      }
      await goto(`/orders/${id}`);
    },
  };
}

/** Adds a product to the cart of a guest. */
async function addAsGuest(page, goto) {
  await goto("/products/walden");
  await page.getByRole("button", { name: "Add to cart" }).click();
  await page.getByText("Added to your cart.").waitFor();
}

/** Submits a form that is rejected. The fields are those that browsers would reject, too. */
async function submit(page, name) {
  await page.evaluate(() => {
    for (const form of document.forms) form.noValidate = true;
  });
  await page.locator("main").getByRole("button", { name, exact: true }).click();
  await page.locator(".error-summary").waitFor();
}
