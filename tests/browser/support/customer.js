// Customers: each test has its own.
import { randomUUID } from "node:crypto";

import { call } from "./api.js";

export const PASSWORD = "correct horse battery";
export const ADDRESS = {
  recipient: "Ada Lovelace",
  street: "1 Main Street",
  city: "Springfield",
  state: "IL",
  zip_code: "62701",
  country: "US",
};
const CARD = { card_number: "4242424242424242", exp_month: 12, exp_year: 2040, cvv: "123" };

export function newEmail() {
  return `customer.${randomUUID()}@example.com`;
}

/** A registered customer, prepared through the API. The page is signed in. */
export class Customer {
  constructor(email, token) {
    this.email = email;
    this.token = token;
  }

  /** Registers a customer in the browser of a page. */
  static async register(page, baseURL) {
    const email = newEmail();
    const form = { first_name: "Ada", last_name: "Lovelace", email, password: PASSWORD };
    const headers = { origin: baseURL };
    const url = `${baseURL}/register`;
    const response = await page.request.post(url, { form, headers, maxRedirects: 0 });
    if (response.status() !== 303) throw new Error(`registration: ${response.status()}`);
    const cookies = await page.context().cookies();
    await page.context().clearCookies({ name: "flash" });
    return new Customer(email, cookies.find((cookie) => cookie.name === "access").value);
  }

  call(method, path, body) {
    return call(method, path, { token: this.token, body });
  }

  /** Adds units of a product to the cart. */
  async addToCart(slug, quantity = 1) {
    const product = await this.call("GET", `/products/${slug}`);
    await this.call("POST", "/cart/items", { product_id: product.id, quantity });
    return product;
  }

  addAddress(changes = {}) {
    return this.call("POST", "/addresses", { address: { ...ADDRESS, ...changes } });
  }

  addCard(changes = {}) {
    return this.call("POST", "/payment-methods", { ...CARD, is_default: true, ...changes });
  }

  /** Places an order of one product, and returns it. */
  async order(slug = "walden", quantity = 1) {
    await this.addToCart(slug, quantity);
    const card = await this.addCard();
    return this.call("POST", "/orders", { payment_method_id: card.id, shipping_address: ADDRESS });
  }

  orders() {
    return this.call("GET", "/orders").then((list) => list.orders);
  }

  /** An address, a card and a product in the cart: the checkout starts with the review. */
  async isReadyToPay(slug = "walden") {
    await this.addToCart(slug);
    await this.addAddress();
    await this.addCard();
  }
}
