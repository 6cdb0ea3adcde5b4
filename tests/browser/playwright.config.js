// Settings of the tests. hack/web-test.sh starts the shops and sets the environment; without it, the
// tests use a shop of `make run`.
import { defineConfig } from "@playwright/test";

import { CHROMIUM } from "./support/chromium.js";

const journeys = { testDir: "journeys" };

export default defineConfig({
  fullyParallel: true,
  workers: Number(process.env.WEB_TEST_WORKERS ?? 2),
  forbidOnly: Boolean(process.env.CI),
  timeout: 60_000,
  // A test that fails once has failed. It runs again only to record a trace, which would make every
  // test slower.
  retries: 1,
  failOnFlakyTests: true,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["./support/last-line-reporter.js"]],
  outputDir: "test-results",
  globalSetup: "./support/products.js",
  globalTeardown: "./leaks/teardown.js",
  use: {
    baseURL: process.env.SHOP_URL ?? "http://localhost:3000",
    browserName: "chromium",
    viewport: { width: 1280, height: 800 },
    locale: "en-US",
    timezoneId: "UTC",
    actionTimeout: 15_000,
    // It would load pages and files past the tests that watch and block requests.
    serviceWorkers: "block",
    trace: "on-first-retry",
    screenshot: "only-on-failure",
    launchOptions: CHROMIUM,
  },
  projects: [
    { name: "pages", testDir: "pages" },
    { name: "with script", ...journeys },
    { name: "without script", ...journeys, use: { javaScriptEnabled: false }, grepInvert: /@script/ },
  ],
});
