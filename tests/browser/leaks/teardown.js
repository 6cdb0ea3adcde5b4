// After all tests: the logs, metrics and traces of the shops contain no secrets.
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { tokensIn } from "./patterns.js";
import { expectNoLeaks } from "./scan.js";

/** Folder with the logs and traces of the shops. hack/web-test.sh sets it. */
const FOLDER = process.env.TELEMETRY_FOLDER;
/** Time until the last spans are exported. */
const EXPORT_MS = 2_000;

export default async function expectNoLeaksOfTheShops() {
  if (!FOLDER) return;
  await new Promise((resolve) => setTimeout(resolve, EXPORT_MS));
  for (const [index, url] of process.env.ADMIN_URLS.split(" ").entries()) {
    const response = await fetch(`${url}/metrics`);
    writeFileSync(join(FOLDER, `metrics-${index}`), await response.text());
  }
  for (const name of ["shop.log", "traces", "metrics-0"]) {
    if (statSync(join(FOLDER, name)).size === 0) throw new Error(`the shop has written no ${name}`);
  }
  const tokens = new Set(tokensIn(readFileSync(process.env.TOKENS_FILE, "utf8")));
  const lines = await expectNoLeaks(FOLDER, tokens);
  console.log(`${lines} lines of logs, metrics and traces without secrets; ${tokens.size} tokens were issued`);
}
