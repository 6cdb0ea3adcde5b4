// Products in states that the demo products do not have. Created once, before the tests.
import { administrator, call } from "./api.js";

const WORD = "Donaudampfschifffahrtsgesellschaft";

/** Without an image, with the longest name, of which one word is longer than a phone is wide. */
export const LONG_NAME = `Handmade ${WORD.repeat(3)} tea set for `.padEnd(195, "twelve guests ").trim();

const IMAGES = ["desk-lamp", "walden", "smart-watch"].map((name) => `/images/products/${name}.svg`);

export const PRODUCTS = [
  { slug: "test-long-name", name: LONG_NAME, stock_quantity: 500 },
  { slug: "test-sold-out", name: "Sold Out Lamp", stock_quantity: 0 },
  { slug: "test-few-left", name: "Almost Sold Out Lamp", stock_quantity: 2 },
  { slug: "test-images", name: "Lamp With Three Images", stock_quantity: 9, image_urls: IMAGES },
];

export default async function createProducts() {
  const token = await administrator();
  for (const product of PRODUCTS) {
    const price = { amount_cents: 123456, currency: "USD" };
    const body = { ...product, price, description: `${product.name}.`, weight_grams: 400 };
    try {
      await call("POST", "/admin/products", { token, body });
    } catch (error) {
      // It exists: the tests ran on this shop before.
      if (!/: 409 /.test(error.message)) throw error;
    }
  }
}
