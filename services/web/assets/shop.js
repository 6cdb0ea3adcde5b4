// Enhancements of the web shop. Every function works without this script: a page is the same with
// it and without it, and a form whose enhancement fails is submitted by the browser.

const parser = new DOMParser();

// How long a form that the browser submits stays disabled. The shop confirms or rejects an order
// within 19 s, so a form that is still shown then was stopped by the visitor.
const SUBMIT_TIMEOUT_MS = 20_000;

// Replaces the elements that match `selectors` by those of a page of the shop.
function swap(html, selectors) {
  const page = parser.parseFromString(html, "text/html");
  const pairs = selectors.map((selector) => [
    document.querySelector(selector),
    page.querySelector(selector),
  ]);
  if (pairs.some(([before, after]) => !before || !after)) throw new Error("a region is missing");
  const focused = document.activeElement;
  let region;
  for (const [before, after] of pairs) {
    // Screen readers announce changes within a live region, but no region that is new.
    const isLive = before.hasAttribute("aria-live");
    if (before.contains(focused)) region = isLive ? before : after;
    if (isLive) before.replaceChildren(...after.childNodes);
    else before.replaceWith(document.adoptNode(after));
  }
  document.title = page.title;
  document.documentElement.dataset.theme = page.documentElement.dataset.theme;
  if (region) restoreFocus(focused.id, region);
}

// Focuses the element with this id or, if there is none, the heading of the page.
function restoreFocus(id, region) {
  const element = document.getElementById(id);
  element?.focus({ preventScroll: true });
  if (element && document.activeElement === element) return;
  const heading = document.querySelector("h1") ?? region;
  heading.tabIndex = -1;
  heading.focus({ preventScroll: true });
}

// Announces a text to screen readers. A region that was in the page before can do this.
function announce(text) {
  document.querySelector("#announcement").textContent = text;
}

// What a list says about its results.
function resultText(page) {
  return page.querySelector("#result-count, main .empty-state p")?.textContent ?? "";
}

function setBusy(form, isBusy) {
  for (const button of form.querySelectorAll("button")) {
    button.setAttribute("aria-disabled", String(isBusy));
    button.classList.toggle("busy", isBusy);
  }
}

function pathOf({ pathname, search }) {
  return pathname + search;
}

// The page that is shown. Links within a page do not change it.
let shown = pathOf(location);

function pushPage(target) {
  if (target.href !== location.href) history.pushState(null, "", target);
  shown = pathOf(location);
}

addEventListener("popstate", () => {
  if (pathOf(location) !== shown) location.reload();
});

// Whether the page answers a form with an error: its address is that of the form.
let isError = false;

// Shows a page of the shop that answers a form with an error.
function showErrors(html) {
  isError = true;
  swap(html, ["#main", "#flash"]);
  scrollTo(0, 0);
  const main = document.querySelector("#main");
  (main.querySelector(".error-summary, [aria-invalid]") ?? main).focus();
}

function update(html, selectors) {
  try {
    swap(html, selectors);
  } catch {
    // The page has another shape now, such as that of an empty cart.
    swap(html, ["#main", "#flash", "#cart-link"]);
  }
  if (selectors.includes("#listing")) announce(resultText(document));
  const regions = selectors.map((selector) => document.querySelector(selector));
  regions.map((region) => region?.querySelector("[aria-invalid]")).find(Boolean)?.focus();
}

// Throws an error only if the form made no change, so that it may be submitted again.
async function showResponse(form, response) {
  const target = new URL(response.url);
  const isRejected = form.method === "post" && !response.redirected;
  try {
    const html = await response.text();
    if (isRejected || !response.ok) showErrors(html);
    else if (target.pathname === location.pathname) update(html, form.dataset.swap.split(" "));
    else throw new Error("another page");
    pushPage(target);
  } catch (error) {
    if (isRejected) throw error;
    location.assign(target);
  }
}

async function enhance(form, submitter) {
  const fields = new URLSearchParams(new FormData(form, submitter));
  const isPost = form.method === "post";
  const url = new URL(form.action);
  if (!isPost) url.search = fields;
  const options = isPost ? { method: "POST", body: fields } : {};
  await showResponse(form, await fetch(url, options));
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.querySelector("[aria-disabled='true']")) {
    event.preventDefault();
    return;
  }
  clearTimeout(autoSubmitTimer);
  setBusy(form, true);
  // From an error, the browser goes to the page after the form.
  if (!form.dataset.swap || isError) {
    setTimeout(setBusy, SUBMIT_TIMEOUT_MS, form, false);
    return;
  }
  event.preventDefault();
  enhance(form, event.submitter)
    .catch(() => HTMLFormElement.prototype.submit.call(form))
    .finally(() => setBusy(form, false));
});

// Choices that need no button. A number changes with each arrow key, so it is sent after a pause or
// when the focus leaves it.
const AUTO_SUBMIT_DELAY_MS = 800;
let autoSubmitTimer;

function autoSubmit(field) {
  clearTimeout(autoSubmitTimer);
  if (field.type === "number" && field.value === "") field.value = field.defaultValue;
  if (field.isConnected && field.value !== field.dataset.sent) {
    field.dataset.sent = field.value;
    field.form.requestSubmit();
  }
}

document.addEventListener("change", (event) => {
  const field = event.target.closest("[data-auto-submit]");
  if (!field?.form) return;
  if (field.type !== "number") {
    if (field.form.checkValidity()) field.form.requestSubmit();
    return;
  }
  clearTimeout(autoSubmitTimer);
  if (field.value !== "") autoSubmitTimer = setTimeout(autoSubmit, AUTO_SUBMIT_DELAY_MS, field);
});

document.addEventListener("focusout", ({ target }) => {
  if (!target.matches("[data-auto-submit][type='number']")) return;
  clearTimeout(autoSubmitTimer);
  if (target.value === "") target.value = target.defaultValue;
  // The element that gets the focus is known in the next task.
  else if (target.value !== target.defaultValue) setTimeout(autoSubmit, 0, target);
});

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-reveal]");
  if (!toggle) return;
  const field = document.getElementById(toggle.dataset.reveal);
  const isHidden = field.type === "password";
  field.type = isHidden ? "text" : "password";
  toggle.setAttribute("aria-pressed", String(isHidden));
});

// The arrow keys show the next image of a product. Browsers scroll, too, but less than an image
// while they still scroll.
document.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const images = event.target;
  if (!step || !images.matches(".product-images")) return;
  event.preventDefault();
  const width = images.clientWidth;
  images.scrollTo({ left: (Math.round(images.scrollLeft / width) + step) * width });
});

for (const toggle of document.querySelectorAll("[data-reveal]")) toggle.hidden = false;
document.querySelector(".error-summary")?.focus();

// Screen readers announce what changes after the page has been read: the message is written again.
const FLASH_DELAY_MS = 500;
setTimeout(() => {
  const flash = document.querySelector("#flash");
  if (flash.contains(document.activeElement)) return;
  flash.replaceChildren(...flash.cloneNode(true).childNodes);
}, FLASH_DELAY_MS);

// A bar that scrolls shows its current link.
for (const link of document.querySelectorAll(":is(.account-nav, .category-nav) [aria-current]")) {
  const bar = link.closest("nav");
  const [{ left, width }, box] = [link, bar].map((element) => element.getBoundingClientRect());
  bar.scrollLeft += left + width / 2 - box.left - box.width / 2;
}

// Suggestions of the search field: the first results of the page /search. Pattern: ARIA combobox
// with a list, https://www.w3.org/WAI/ARIA/apg/patterns/combobox/.
const SUGGESTION_DELAY_MS = 150;
const MIN_SUGGESTION_CHARS = 2;
const MAX_SUGGESTIONS = 6;

function suggest(field) {
  const list = document.createElement("ul");
  list.id = "suggestions";
  list.className = "suggestions";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.form.dataset.suggestions);
  // Announces how many suggestions are shown, or that nothing was found.
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  field.form.append(list, status);
  let timer;
  let request;
  let active = -1;

  const options = () => [...list.children];

  function activate(index) {
    active = index;
    for (const [at, option] of options().entries()) {
      option.setAttribute("aria-selected", String(at === index));
    }
    const id = options()[index]?.id;
    if (id) field.setAttribute("aria-activedescendant", id);
    else field.removeAttribute("aria-activedescendant");
    options()[index]?.scrollIntoView({ block: "nearest" });
  }

  function show(links, count) {
    const created = links.map((link, index) => {
      const option = document.createElement("li");
      option.id = `suggestion-${index}`;
      option.setAttribute("role", "option");
      option.textContent = link.textContent;
      option.dataset.href = link.getAttribute("href");
      return option;
    });
    list.replaceChildren(...created);
    list.hidden = created.length === 0;
    field.setAttribute("aria-expanded", String(!list.hidden));
    status.textContent = count;
    activate(-1);
  }

  function close() {
    clearTimeout(timer);
    request?.abort();
    show([], "");
  }

  async function load(text) {
    request?.abort();
    request = new AbortController();
    const { signal } = request;
    const url = `${field.form.action}?${new URLSearchParams({ q: text })}`;
    try {
      const response = await fetch(url, { signal });
      const page = parser.parseFromString(await response.text(), "text/html");
      if (signal.aborted) return;
      const links = [...page.querySelectorAll("#listing .card-name a")];
      const shown = links.slice(0, MAX_SUGGESTIONS);
      const count = `${list.getAttribute("aria-label")}: ${shown.length}`;
      show(shown, shown.length > 0 ? count : resultText(page));
    } catch {
      // Aborted, or no network: the form still works.
    }
  }

  function move(event) {
    const count = list.children.length;
    if (event.isComposing || count === 0) return;
    // -1 is the text that was entered.
    if (event.key === "ArrowDown") activate(active + 1 < count ? active + 1 : -1);
    else if (event.key === "ArrowUp") activate(active < 0 ? count - 1 : active - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && active >= 0) location.assign(options()[active].dataset.href);
    else return;
    event.preventDefault();
  }

  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", list.id);
  field.setAttribute("aria-expanded", "false");
  field.addEventListener("input", () => {
    clearTimeout(timer);
    const text = field.value.trim();
    if (text.length < MIN_SUGGESTION_CHARS) close();
    else timer = setTimeout(load, SUGGESTION_DELAY_MS, text);
  });
  field.addEventListener("keydown", move);
  field.addEventListener("blur", close);
  field.form.addEventListener("submit", close);
  // The field keeps the focus, so that the list stays open until the click.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role='option']");
    if (option) location.assign(option.dataset.href);
  });
}

const searchField = document.getElementById("q");
if (searchField) suggest(searchField);

// Absent over plain http. Without it, browsers show their own page when the network fails.
navigator.serviceWorker?.register("/sw.js").catch(() => {});

// A page of the back/forward cache may show an old cart or status.
addEventListener("pageshow", async (event) => {
  if (!event.persisted) return;
  for (const form of document.forms) setBusy(form, false);
  const regions = ["#cart-link", "#cart", "#cart-summary-panel", "#cart-units", "#order"];
  const selectors = regions.filter((id) => document.querySelector(id));
  let html;
  try {
    const response = await fetch(location.href);
    html = await response.text();
  } catch {
    // Without a network the old page stays.
    return;
  }
  try {
    swap(html, selectors);
  } catch {
    // The page has another shape now.
    location.reload();
  }
});

// The page of an order shows each change. Hidden pages have no stream, because browsers have few
// connections to a shop, and a visitor has four streams.
let orderEvents;

// Updates run one after the other, so that each change is announced once.
let orderUpdate = Promise.resolve();

function orderStatus() {
  const [title, status] = ["h1", "[data-status]"].map((selector) =>
    document.querySelector(`#order ${selector}`).textContent,
  );
  return `${title}: ${status}`;
}

// Shows the order as it is now; with an open form all of it but the form.
async function updateOrder(path) {
  const response = await fetch(path);
  const html = await response.text();
  const oldStatus = orderStatus();
  const isFormOpen = document.querySelector("#order-cancel[open]");
  swap(html, isFormOpen ? ["#order-head", "#order-grid", "#order-amounts"] : ["#order"]);
  if (orderStatus() !== oldStatus) announce(orderStatus());
  watchOrder();
}

function showOrder({ data }) {
  const { version } = JSON.parse(data);
  orderUpdate = orderUpdate
    .then(async () => {
      const shown = document.querySelector("#order-head").dataset.version;
      if (shown && version !== shown) await updateOrder(location.pathname);
    })
    // The link #check-now stays.
    .catch(() => {});
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("#check-now");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  orderUpdate = orderUpdate
    .then(() => updateOrder(link.href))
    .then(() => announce(orderStatus()))
    .catch(() => location.assign(link.href));
});

function watchOrder() {
  const path = document.querySelector("#order-head")?.dataset.live;
  if (!path || document.hidden) {
    orderEvents?.close();
    orderEvents = undefined;
  } else if (!orderEvents) {
    orderEvents = new EventSource(path);
    orderEvents.addEventListener("order", showOrder);
  }
}

document.addEventListener("visibilitychange", watchOrder);
watchOrder();
