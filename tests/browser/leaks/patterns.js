// What logs, metrics and traces must not contain: values that the tests enter, and tokens.
const BLANK = "(?:[ +-]|%20)";

const SECRETS = [
  ["card number", `(?:4242${BLANK}?4242${BLANK}?4242${BLANK}?424|4000${BLANK}?0000${BLANK}?0000${BLANK}?0002)`],
  // The digits alone occur everywhere.
  ["security code", `(?:cvv|cvc|security_?code)\\W{1,6}\\d{3}\\b`],
  ["password", `horse${BLANK}battery|battery${BLANK}horse|browser-test-password`],
  ["token", "\\beyJ[\\w-]{10}|\\btoken=[\\w-]{20}"],
];

const PERSONAL = [
  ["e-mail address", "[\\w.+-]+(?:@|%40)(?:[\\w-]+\\.)+[a-z]{2,}"],
  ["street", `\\b1${BLANK}(?:Main|Dorset)${BLANK}Street`],
];

/** Parts of a text that can be tokens. */
const TOKEN = /[\w-]{20,}/g;

/** The parts of a value that are recognized again, such as the three of a JSON Web Token. */
export function tokensIn(value) {
  return value.match(TOKEN) ?? [];
}

/**
 * Returns what a line contains. Personal data is permitted in no log, but a trace is not a log.
 * `tokens` are those that the shop has issued.
 */
export function leaksIn(line, { isLog, tokens = new Set() }) {
  const patterns = isLog ? LOG : OTHER;
  const found = patterns.filter(([, pattern]) => pattern.test(line)).map(([name]) => name);
  if (tokens.size > 0 && tokensIn(line).some((token) => tokens.has(token))) found.push("issued token");
  return found;
}

const compile = (patterns) => patterns.map(([name, source]) => [name, new RegExp(source, "i")]);
const OTHER = compile(SECRETS);
const LOG = compile([...SECRETS, ...PERSONAL]);
