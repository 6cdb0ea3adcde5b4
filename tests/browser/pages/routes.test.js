// Every route of the shop is in the list of pages.
import { readFileSync } from "node:fs";

import { NO_PAGES, PAGES } from "../pages.js";
import { expect, test } from "../support/test.js";

test("every page of the shop is in the list of pages", () => {
  const router = new URL("../../../services/web/src/router.rs", import.meta.url);
  const source = readFileSync(router, "utf8");
  const routes = [...source.matchAll(/\.(?:page|file)\(\s*"([^"]+)"/g)].map((match) => match[1]);
  const listed = new Set([...PAGES.map((page) => page.route), ...NO_PAGES]);
  listed.delete("*");
  expect([...listed].sort()).toEqual([...new Set(routes)].sort());
});
