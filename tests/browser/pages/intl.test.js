// What the shop writes as amounts and dates is what Intl writes. A test of services/web compares the
// shop with the same table. It lacks XCG, whose symbol depends on the version of Intl.
import { readFileSync } from "node:fs";

import { expect, test } from "../support/test.js";

const TABLE = new URL("../../../services/web/src/format/intl.txt", import.meta.url);

const dates = (locale, options) => new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });

// How Intl writes a value: amounts have the digits of ISO 4217, where Intl has those of cash.
const WRITE = {
  money(locale, value) {
    const [amount, currency] = value.split(" ");
    const digits = amount.split(".")[1]?.length ?? 0;
    const options = { style: "currency", currency, minimumFractionDigits: digits, maximumFractionDigits: digits };
    return new Intl.NumberFormat(locale, options).format(amount);
  },
  date: (locale, value) => dates(locale, { dateStyle: "long" }).format(new Date(value)),
  // V8 writes a blank where CLDR has a narrow no-break space.
  time(locale, value) {
    const text = dates(locale, { dateStyle: "medium", timeStyle: "short" }).format(new Date(value));
    return text.replace(/ (?=[AP]M$)/, "\u202f");
  },
  weekday(locale, value) {
    const month = locale === "de-DE" ? "numeric" : "short";
    return dates(locale, { weekday: "short", month, day: "numeric" }).format(new Date(value));
  },
};

test("amounts and dates of the shop are those of Intl", () => {
  const rows = readFileSync(TABLE, "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
  expect(rows.length).toBeGreaterThan(500);
  const written = rows.map((row) => {
    const [kind, locale, value] = row.split("|");
    return [kind, locale, value, WRITE[kind](locale, value)].join("|");
  });
  expect(written).toEqual(rows);
});
