// What every page must have, in every state.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { FileSystemConfigLoader, HtmlValidate } from "html-validate";

import { leaksIn } from "../leaks/patterns.js";
import { expect } from "./test.js";

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const html = new HtmlValidate(new FileSystemConfigLoader());
// Widths of phones, tablets and desktops, each with usual text and with text of double size.
const SIZES = [320, 768, 1440].flatMap((width) => [[width, ""], [width, "200%"]]);
const CONFIG_FILE = new URL("../page.html", import.meta.url).pathname;

/** Runs all checks on the page that is open. */
export async function checkPage(page, observations, { isIndexed = false, status = 200 } = {}) {
  expect.soft(observations.document.status, "status").toBe(status);
  await checkSource(await observations.document.source);
  await checkHead(page, isIndexed);
  await checkOrigin(page);
  await checkFragments(page);
  await checkLayoutShift(page);
  await checkWidths(page);
  await checkAccessibility(page);
  await page.emulateMedia({ colorScheme: "dark" });
  await checkAccessibility(page, { runOnly: ["color-contrast"] });
  await page.emulateMedia({ colorScheme: "light" });
}

/**
 * Whether the page differs from its source, so that it is another page without the script. The search
 * field, which the script makes a combobox on every page, does not count.
 */
export async function isChangedByScript(page, observations) {
  return page.evaluate((source) => {
    const plain = new DOMParser().parseFromString(source, "text/html").documentElement;
    const shown = document.documentElement.cloneNode(true);
    for (const page of [plain, shown]) page.querySelector(".search")?.remove();
    return !shown.isEqualNode(plain);
  }, await observations.document.source);
}

async function checkSource(source) {
  const report = await html.validateString(source, CONFIG_FILE);
  const found = report.results.flatMap((result) => result.messages);
  const lines = source.split("\n");
  const findings = found.map(
    ({ ruleId, message, line }) => `${ruleId}: ${message}: ${lines[line - 1]?.trim()}`,
  );
  expect.soft(findings, "html-validate").toEqual([]);
  // The form of a card names those of the payment simulator, as code.
  const entered = source.replace(/<code>[^<]*<\/code>/g, "");
  expect.soft(leaksIn(entered, { isLog: false }), "secrets in the page").toEqual([]);
}

async function checkHead(page, isIndexed) {
  const head = await page.evaluate(() => ({
    lang: document.documentElement.lang,
    headings: document.querySelectorAll("h1").length,
    title: document.title,
    canonical: document.querySelector("link[rel=canonical]")?.href ?? null,
    robots: document.querySelector("meta[name=robots]")?.content ?? null,
    description: document.querySelector("meta[name=description]")?.content ?? null,
  }));
  expect.soft(head.lang, "lang").toMatch(/^(en-US|de-DE)$/);
  expect.soft(head.headings, "number of h1").toBe(1);
  expect.soft(head.title, "title").toMatch(/\S/);
  expect.soft(head.description, "description").toMatch(/\S/);
  if (isIndexed) {
    expect.soft(head.robots, "robots").toBeNull();
    expect.soft(head.canonical, "canonical").toContain(new URL(page.url()).origin);
  } else {
    expect.soft(head.robots, "robots").toBe("noindex");
  }
}

/** No link, form, image or script of another origin, also one that is requested only by a click. */
async function checkOrigin(page) {
  const foreign = await page.evaluate(() => {
    const names = ["href", "src", "srcset", "action", "formaction", "poster", "data", "ping"];
    const foreignURLs = (element) =>
      names
        .map((name) => element.getAttribute(name))
        .filter((text) => text !== null && URL.canParse(text, document.baseURI))
        .map((text) => new URL(text, document.baseURI))
        .filter((url) => url.protocol.startsWith("http") && url.origin !== location.origin);
    return [...document.querySelectorAll("*")].flatMap(foreignURLs).map(String);
  });
  expect.soft(foreign, "URLs of other origins").toEqual([]);
}

/** Every link within the page has a target, such as a link of an error to its field. */
async function checkFragments(page) {
  const dead = await page.evaluate(() => {
    const hasTarget = (link) => document.getElementById(decodeURIComponent(link.hash.slice(1))) !== null;
    const links = [...document.querySelectorAll("a[href^='#']")];
    return links.filter((link) => !hasTarget(link)).map((link) => link.outerHTML);
  });
  expect.soft(dead, "links within the page without a target").toEqual([]);
}

/**
 * Checks with axe: WCAG 2.2, levels A and AA, and best practices. Opens what is collapsed. Waits for
 * transitions: while the color of a button changes, as from light to dark, its contrast is low.
 */
export async function checkAccessibility(page, { runOnly = TAGS } = {}) {
  await page.evaluate(async () => {
    for (const details of document.querySelectorAll("details")) details.open = true;
    await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
  });
  await page.evaluate(`window.axe ?? (() => { ${AXE} })()`);
  const { violations } = await page.evaluate(
    (runOnly) => globalThis.axe.run(document, { runOnly, resultTypes: ["violations"] }),
    runOnly,
  );
  const findings = violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.failureSummary}`),
  );
  expect.soft(findings, "axe").toEqual([]);
}

/** Nothing moves while the page loads, except within half a second after an action. */
async function checkLayoutShift(page) {
  const shifts = await page.evaluate(
    () =>
      new Promise((resolve) => {
        const shifts = [];
        const observer = new PerformanceObserver((list) => {
          for (const { hadRecentInput, value, sources } of list.getEntries()) {
            if (hadRecentInput) continue;
            shifts.push([value, ...sources.map(({ node }) => node?.outerHTML?.slice(0, 120))].join(": "));
          }
        });
        observer.observe({ type: "layout-shift", buffered: true });
        // After two frames the observer has what happened before.
        requestAnimationFrame(() => requestAnimationFrame(() => resolve(shifts)));
      }),
  );
  expect.soft(shifts, "layout shift").toEqual([]);
}

/** No horizontal scrolling: on phones, tablets and desktops, and with text of double size. */
async function checkWidths(page) {
  const viewport = page.viewportSize();
  for (const [width, fontSize] of SIZES) {
    await page.setViewportSize({ width, height: 800 });
    const overflow = await page.evaluate((fontSize) => {
      const root = document.documentElement;
      root.style.fontSize = fontSize;
      if (root.scrollWidth <= root.clientWidth) return [];
      // The navigation scrolls by itself.
      const isWide = (element) =>
        element.getBoundingClientRect().right > root.clientWidth + 0.5 &&
        !element.closest(".category-nav, .account-nav");
      const wide = [...document.body.querySelectorAll("*")].filter(isWide);
      return wide.slice(0, 5).map((element) => element.outerHTML.slice(0, 120));
    }, fontSize);
    expect.soft(overflow, `overflow at ${width} px, text ${fontSize || "100%"}`).toEqual([]);
  }
  await page.evaluate(() => (document.documentElement.style.fontSize = ""));
  await page.setViewportSize(viewport);
}
