// scan.js FOLDER [SECRETS]: fails if a file of the folder contains secrets, such as those in the file
// SECRETS, or a file whose name ends with .log personal data. Every file is read as lines of single
// bytes, because traces are binary.
import { createReadStream, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

import { leaksIn, tokensIn } from "./patterns.js";

const MAX_FINDINGS = 20;
const MAX_EXCERPT = 400;

/** Returns the number of lines, and what was found in them. */
export async function scan(folder, tokens = new Set()) {
  const findings = [];
  let lines = 0;
  for (const name of readdirSync(folder).sort()) {
    const input = createReadStream(join(folder, name), "latin1");
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      lines += 1;
      const leaks = leaksIn(line, { isLog: name.endsWith(".log"), tokens });
      if (leaks.length > 0) findings.push(`${name}: ${leaks.join(", ")}: ${line.slice(0, MAX_EXCERPT)}`);
    }
  }
  return { lines, findings };
}

/** Fails if the folder contains secrets or personal data. */
export async function expectNoLeaks(folder, tokens) {
  const { lines, findings } = await scan(folder, tokens);
  if (findings.length > 0) {
    const shown = findings.slice(0, MAX_FINDINGS).join("\n");
    throw new Error(`${findings.length} lines with secrets or personal data, such as:\n${shown}`);
  }
  return lines;
}

async function main([folder, secrets]) {
  const files = readdirSync(folder);
  const empty = files.filter((name) => statSync(join(folder, name)).size === 0);
  if (files.length === empty.length) throw new Error(`nothing to scan in ${folder}`);
  const tokens = new Set(secrets ? tokensIn(readFileSync(secrets, "utf8")) : []);
  const lines = await expectNoLeaks(folder, tokens);
  console.log(`${lines} lines of ${files.length} files without secrets; ${tokens.size} were known`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  await main(process.argv.slice(2)).catch((error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
}
