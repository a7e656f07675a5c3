// The form #filters is the state of a report page. What is pressed is written into the form, and the form is sent whole:
// each request says all that those before it said, so the newest may replace them. All of it also works as plain HTML.
const filters = document.getElementById("filters");
const on = (type, listener, capture) => document.addEventListener(type, listener, capture);

// The class `no-htmx` shows the buttons that only plain HTML needs: without htmx, and after 3 seconds of waiting for it.
const markMissingHtmx = () => document.documentElement.classList.toggle("no-htmx", !window.htmx);
setTimeout(markMissingHtmx, 3000);
on("DOMContentLoaded", () => markMissingHtmx() || !filters || startReport()); // htmx is deferred too, so it has run

// ---------------------------------------------------------------- the form of a report

function startReport() {
  for (const type of ["click", "auxclick", "contextmenu"]) on(type, pressControl, true);
  on("input", keepOneKindOfDates, true);
  on("focusout", correctFields);
  // Files and paper are the browser's business: it submits the form as it stands.
  on("submit", (event) => event.submitter?.hasAttribute("formaction") && event.stopPropagation(), true);
}

function pressControl(event) {
  const control = event.target.closest("#results a[href], button[name]:not([formaction])");
  if (control?.form === filters && event.type === "click") {
    event.preventDefault();
    if (control.name === "toggle" && event.detail > 1) return; // the second click of a double click
    addHiddenInput(control.name, control.value).dataset.command = ""; // it stays in the form until an answer comes
    filters.requestSubmit();
  } else if (control?.pathname === filters.getAttribute("action")) {
    if (event.type !== "click" || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
      control.search = queryWith(changesOf(control)); // for a new tab, or the clipboard
    } else {
      event.preventDefault();
      for (const [key, values] of changesOf(control)) setField(key, values);
      filters.requestSubmit();
    }
  }
}

// A link leads from the view in `data-query` to another. What differs between the two is what it changes.
function changesOf(link) {
  link.dataset.search ??= link.search;
  const from = new URLSearchParams(link.closest("[data-query]").dataset.query);
  const to = new URLSearchParams(link.dataset.search);
  const keys = new Set([...from.keys(), ...to.keys()]);
  return [...keys].map((key) => [key, to.getAll(key)]).filter(([key, values]) => `${from.getAll(key)}` !== `${values}`);
}

function queryWith(changes) {
  const query = new URLSearchParams(new FormData(filters));
  for (const [key, values] of changes) {
    query.delete(key);
    for (const value of values) query.append(key, value);
  }
  return query;
}

function setField(key, values) {
  const field = filters.elements[key];
  if (filters.querySelector(`[name="${key}"]`)) {
    field.value = values[0] ?? "";
    if (values[0] && field.value !== values[0]) field.add(new Option(values[0], values[0], true, true)); // not in the menu yet
  } else {
    for (const input of document.querySelectorAll(`#results input[name="${key}"]`)) input.remove();
    for (const value of values) addHiddenInput(key, value);
  }
}

function addHiddenInput(name, value) {
  const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
  input.setAttribute("form", "filters");
  document.getElementById("state").append(input);
  return input;
}

// A period ends a range of days, and a day ends the period.
function keepOneKindOfDates({ target }) {
  const { period, from, to } = filters.elements;
  if (target.name === "period") from.value = to.value = "";
  if (target.type === "date" && target.value) for (const radio of period) radio.checked = false;
}

// The server shows a pasted id as the data has it. A field in which somebody types on is left alone.
function correctFields() {
  for (const { value, dataset } of document.querySelectorAll("#state data")) {
    const field = filters.elements[dataset.field];
    const typesOn = field === document.activeElement && dataset.sent.endsWith(" ");
    if (field.value === dataset.sent && !typesOn) setField(dataset.field, [value]);
  }
}

// ---------------------------------------------------------------- requests of htmx

// Nothing moves under a finger: an answer waits until what is pressed has been let go.
let pressed = Promise.resolve();
on("pointerdown", () => (pressed = new Promise((release) => {
  for (const type of ["pointerup", "pointercancel"]) on(type, () => setTimeout(release, 50), { once: true }); // after the click
})), true);

on("htmx:config:request", ({ detail: { ctx } }) => {
  ctx.fetch = async (address, options) => {
    const response = await fetch(address, options), text = await response.text();
    await pressed;
    options.signal?.throwIfAborted(); // replaced by a newer request
    return Object.assign(response, { text: async () => text });
  };
  if (ctx.sourceElement !== filters) return;
  for (const field of filters.querySelectorAll("input:invalid")) ctx.request.body.delete(field.name); // half a date
});

const loadsByItself = (element) => element.matches("[hx-trigger=load], [hx-trigger^=intersect]");
let focused;
on("htmx:before:swap", () => (focused = document.activeElement));
on("htmx:after:swap", ({ detail: { ctx: { sourceElement, response } } }) => {
  if (response.status >= 400 || loadsByItself(sourceElement)) return;
  document.getElementById("alert").replaceChildren();
  correctFields();
  if (!focused.isConnected) (document.getElementById(focused.id) ?? document.querySelector("#chips a, #scroll")).focus();
});

// Without our header a response comes from a proxy, or from a network that asks for a sign-in of its own.
on("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx;
  const isForeign = !response.headers.has("X-Request-ID");
  if (response.status >= 400 || isForeign) dropCommands();
  if (!isForeign && !(response.status >= 400 && loadsByItself(sourceElement))) return;
  event.preventDefault();
  showRequestError(event);
});

const dropCommands = () => document.querySelectorAll("[data-command]").forEach((input) => input.remove());

on("htmx:error", showRequestError);
function showRequestError({ detail: { ctx: { sourceElement } } }) {
  dropCommands();
  if (loadsByItself(sourceElement)) return sourceElement.querySelector(".no-script")?.classList.remove("no-script");
  const message = document.getElementById("failed-request").content.cloneNode(true);
  document.getElementById("alert").replaceChildren(message);
}

// ---------------------------------------------------------------- every page

on("invalid", ({ target }) => target.closest("[popover]")?.showPopover(), true); // so that the browser can say what is wrong
on("pointerover", ({ target }) => { // the whole text of what is cut off
  const cell = target.closest?.(".data-table a, .data-table td, .data-table span");
  if (cell && cell.scrollWidth > cell.clientWidth) cell.title = cell.textContent;
});

on("change", ({ target }) => { // how a report is displayed, remembered for a year
  if (target.getAttribute("form") !== "display") return;
  const ids = [...document.querySelectorAll("[form=display]:checked")].map((input) => input.id);
  if (!document.getElementById("keys-on").checked) ids.push("keys-off");
  document.cookie = `display=${ids.join(".")}; path=/; max-age=31536000; samesite=lax`;
});

on("keydown", (event) => {
  const isTyping = event.target.matches("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey;
  const target = { "/": "q", "?": "keys" }[event.key];
  const element = !isTyping && document.getElementById("keys-on")?.checked && document.getElementById(target);
  if (!element) return;
  event.preventDefault();
  element.popover ? element.showPopover() : element.focus();
});

on("submit", (event) => { // the second of two clicks on a button that posts
  const form = event.target;
  if (form.method !== "post") return;
  if (event.timeStamp - form.dataset.sentAt < 1000) event.preventDefault();
  else if (!event.defaultPrevented) form.dataset.sentAt = event.timeStamp;
});

on("click", ({ target }) => {
  if (target.id === "print-now") print();
  const button = target.closest(".show-password");
  if (!button) return;
  const input = document.getElementById(button.getAttribute("aria-controls"));
  input.type = input.type === "text" ? "password" : "text";
  button.setAttribute("aria-pressed", String(input.type === "text"));
});
