// The tokens that the shop has issued, for the scan of its logs, metrics and traces at the end.
import { appendFileSync } from "node:fs";

/** hack/web-test.sh sets it. */
const FILE = process.env.TOKENS_FILE;

const COOKIES = ["access", "refresh", "cart"];

/** Records tokens; undefined ones are ignored. */
export function recordTokens(tokens) {
  const known = tokens.filter(Boolean);
  if (FILE && known.length > 0) appendFileSync(FILE, `${known.join("\n")}\n`);
}

/** Records the tokens in the cookies of a browser. */
export async function recordCookies(context) {
  const cookies = await context.cookies();
  const known = cookies.filter(({ name }) => COOKIES.includes(name));
  // Before the refresh token is a letter: whether the session is persistent.
  recordTokens(known.map(({ name, value }) => (name === "refresh" ? value.slice(1) : value)));
}
