// Fixtures: what every test observes, and customers.
import { test as base, expect } from "@playwright/test";

import { Customer } from "./customer.js";
import { recordCookies } from "./tokens.js";

/** What a page did besides showing itself. */
class Observations {
  /** Requests to other origins. */
  foreign = [];
  /** Messages in the console, and errors of scripts. */
  messages = [];
  /** The last document: its status and its source. */
  document = null;

  constructor(page) {
    const documents = new Set();
    page.on("request", (request) => {
      const url = new URL(request.url());
      const isOwn = url.hostname === new URL(page.url() === "about:blank" ? url : page.url()).hostname;
      if (!isOwn && url.protocol.startsWith("http")) this.foreign.push(request.url());
    });
    page.on("response", (response) => {
      const isNavigation = response.request().isNavigationRequest();
      // The script sends forms.
      if (isNavigation || response.request().method() === "POST") documents.add(response.url());
      if (!isNavigation) return;
      if (response.status() >= 300 && response.status() < 400) return;
      this.document = { status: response.status(), source: response.text().catch(() => "") };
    });
    page.on("console", (message) => {
      // Chromium reports documents such as that of 404, which are meant to have this status.
      const isStatus = message.text().startsWith("Failed to load resource: the server responded");
      if (isStatus && documents.has(message.location().url)) return;
      // The tests block the service worker.
      if (/^Service Worker registration blocked/.test(message.text())) return;
      // Hints of the browser that its console hides, too.
      if (message.type() === "verbose") return;
      this.messages.push(`${message.type()}: ${message.text()} ${message.location().url}`);
    });
    page.on("pageerror", (error) => {
      // The browser skips the animation between two pages, as it may.
      if (!/Transition was/.test(error.message)) this.messages.push(String(error));
    });
  }
}

export const test = base.extend({
  observations: [
    async ({ page, context }, use) => {
      const observations = new Observations(page);
      await use(observations);
      await recordCookies(context);
      expect.soft(observations.foreign, "requests to other origins").toEqual([]);
      expect.soft(observations.messages, "console").toEqual([]);
    },
    { auto: true },
  ],
  /** A customer who is signed in. */
  customer: async ({ page, baseURL }, use) => {
    await use(await Customer.register(page, baseURL));
  },
});

export { expect };
