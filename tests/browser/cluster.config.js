// Settings of the journey that `make e2e` runs on its cluster, on the shop of `make up`.
import config from "./playwright.config.js";

export default {
  ...config,
  // The shop has the demo products; other journeys count them.
  globalSetup: undefined,
  outputDir: "test-results/cluster",
  projects: [{ name: "cluster", testDir: "journeys", grep: /@cluster/ }],
};
