// Measures pages of a running shop with Lighthouse, as a phone, and prints a table: for each page
// the median scores of three runs, the layout shift, and the bytes of all transfers. It fails if a
// score is below 95, the layout shifts, or the first view of the home page exceeds 50 KB.
//
// SHOP_URL and API_URL name the shop and its gateway, those of `make run` by default;
// LIGHTHOUSE_RUNS is the number of runs for each page. The shop needs the demo products.
import * as chromeLauncher from "chrome-launcher";
import lighthouse from "lighthouse";

import { Customer, PASSWORD, newEmail } from "../browser/support/customer.js";

const SHOP_URL = process.env.SHOP_URL ?? "http://localhost:3000";
const RUNS = Number(process.env.LIGHTHOUSE_RUNS ?? 3);
const MIN_SCORE = 95;
const MAX_HOME_BYTES = 50_000;
const CATEGORIES = ["performance", "accessibility", "best-practices", "seo"];

/** Registers a customer through the pages, and returns the cookies. */
async function register(email) {
  const form = { first_name: "Ada", last_name: "Lovelace", email, password: PASSWORD };
  const body = new URLSearchParams(form);
  const options = { method: "POST", body, headers: { origin: SHOP_URL }, redirect: "manual" };
  const response = await fetch(`${SHOP_URL}/register`, options);
  if (response.status !== 303) throw new Error(`registration: ${response.status}`);
  const cookies = response.headers.getSetCookie().map((line) => line.split(";")[0]);
  return cookies.filter((cookie) => !cookie.startsWith("flash="));
}

/** Prepares a customer with an order and a cart, and returns the pages to measure. */
async function pages() {
  const email = newEmail();
  const cookies = await register(email);
  const token = cookies.find((cookie) => /^(__Host-)?access=/.test(cookie)).split("=")[1];
  const customer = new Customer(email, token);
  const order = await customer.order();
  await customer.isReadyToPay();
  const headers = { Cookie: cookies.join("; ") };
  const checkout = await target("/checkout", headers);
  return [
    { name: "home", path: "/" },
    { name: "list", path: "/products" },
    { name: "product", path: "/products/walden" },
    { name: "sign-in", path: "/login", noindex: true },
    { name: "cart", path: "/cart", headers, noindex: true },
    { name: "checkout", path: checkout, headers, noindex: true },
    { name: "order", path: `/orders/${order.id}`, headers, noindex: true },
  ];
}

/** Follows redirects, in which a browser would lose the cookies, to a path and query. */
async function target(path, headers) {
  const response = await fetch(SHOP_URL + path, { headers, redirect: "manual" });
  if (response.status !== 303) return path;
  return target(response.headers.get("location"), headers);
}

/** Runs Lighthouse once, in a browser of its own. */
async function run(page) {
  const chromeFlags = ["--headless=new", "--no-sandbox"];
  const chromePath = process.env.CHROME_PATH ?? "/usr/bin/chromium";
  const chrome = await chromeLauncher.launch({ chromePath, chromeFlags });
  try {
    const flags = { port: chrome.port, onlyCategories: CATEGORIES, extraHeaders: page.headers };
    const { lhr } = await lighthouse(SHOP_URL + page.path, { ...flags, logLevel: "error" });
    if (lhr.runtimeError) throw new Error(`${page.name}: ${lhr.runtimeError.message}`);
    const { pathname, search } = new URL(lhr.finalDisplayedUrl);
    if (pathname + search !== page.path) throw new Error(`${page.name}: redirected to ${pathname}`);
    const requests = lhr.audits["network-requests"].details.items;
    const audits = Object.values(lhr.audits);
    const failed = audits.filter((audit) => audit.score !== null && audit.score < 0.9);
    return {
      scores: CATEGORIES.map((name) => Math.round(lhr.categories[name].score * 100)),
      shift: lhr.audits["cumulative-layout-shift"].numericValue,
      paintMs: lhr.audits["largest-contentful-paint"].numericValue,
      requests: requests.length,
      bytes: requests.reduce((sum, request) => sum + request.transferSize, 0),
      failed: failed.map((audit) => audit.id),
    };
  } finally {
    chrome.kill();
  }
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const faults = [];
const HEADS = "performance|accessibility|best practices|SEO|layout shift|LCP ms|requests|bytes";
console.log(`| page | ${HEADS.replaceAll("|", " | ")} |`);
console.log("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
for (const page of await pages()) {
  const runs = [];
  while (runs.length < RUNS) runs.push(await run(page));
  const scores = CATEGORIES.map((_, index) => median(runs.map((one) => one.scores[index])));
  const shift = Math.max(...runs.map((one) => one.shift));
  const bytes = median(runs.map((one) => one.bytes));
  const rated = page.noindex ? scores.slice(0, 3) : scores;
  if (rated.some((score) => score < MIN_SCORE)) {
    faults.push(`${page.name}: scores ${rated.join(", ")}: ${runs[0].failed.join(", ")}`);
  }
  if (shift > 0) faults.push(`${page.name}: the layout shifts by ${shift}`);
  if (page.path === "/" && bytes > MAX_HOME_BYTES) faults.push(`${page.name}: ${bytes} bytes`);
  const cells = [
    page.name,
    ...scores.map((score, index) => (index === 3 && page.noindex ? "noindex" : score)),
    shift,
    Math.round(median(runs.map((one) => one.paintMs))),
    median(runs.map((one) => one.requests)),
    bytes,
  ];
  console.log(`| ${cells.join(" | ")} |`);
}
for (const fault of faults) console.error(fault);
process.exitCode = faults.length > 0 ? 1 : 0;
