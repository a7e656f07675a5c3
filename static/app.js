// What HTML and htmx can't do: hide loaded rows again, keep the address in step with them, report a failed request,
// drop the second click of a double click, reveal a password, print, and work around Ctrl-click in htmx 4.0.1.
// Every control also works as plain HTML. The class `no-htmx` shows the buttons that only plain HTML needs:
// without htmx, and after 3 seconds of waiting for it.

const HTMX_TIMEOUT = 3000; // milliseconds
const DOUBLE_CLICK = 1000; // milliseconds within which a form is not sent twice

setTimeout(markMissingHtmx, HTMX_TIMEOUT);
document.addEventListener("DOMContentLoaded", start); // htmx is deferred too, so it has run by then
document.addEventListener("click", togglePassword);
document.addEventListener("submit", preventDoubleSubmit);
document.getElementById("print-now")?.addEventListener("click", () => print());

function markMissingHtmx() {
  return document.documentElement.classList.toggle("no-htmx", !window.htmx);
}

function start() {
  if (markMissingHtmx()) return;
  if (matchMedia("(max-width: 40rem)").matches) document.querySelector(".charts")?.removeAttribute("open");
  document.addEventListener("click", keepModifiedClicksFromHtmx, true);
  document.addEventListener("click", handleExpanderClick);
  document.addEventListener("htmx:after:request", rejectUnusableResponse);
  document.addEventListener("htmx:after:swap", afterSwap);
  document.addEventListener("htmx:error", showRequestError);
}

// ---------------------------------------------------------------- rows that expand

const depthOf = (row) => Number(row.dataset.depth);
const expanderOf = (row) => row.querySelector(".expander");
const isExpanded = (button) => button?.getAttribute("aria-expanded") === "true";

// The rows below this one that are deeper than it.
function descendantsOf(row) {
  const rows = [];
  for (let next = row.nextElementSibling; next && depthOf(next) > depthOf(row); next = next.nextElementSibling) {
    rows.push(next);
  }
  return rows;
}

function handleExpanderClick(event) {
  const button = event.target.closest(".expander");
  if (!button) return;
  const allRowsOpen = document.querySelector("#state [name=open]");
  if (allRowsOpen) return; // then the form is sent: only the server can list the other rows
  event.preventDefault();
  const resultsAreLoading = document.querySelector("#results.htmx-request");
  if (event.detail > 1 || resultsAreLoading) return; // the second click of a double click has detail 2
  if (descendantsOf(button.closest("tr")).length) setExpanded(button, !isExpanded(button));
  else button.dispatchEvent(new Event("expand")); // htmx fetches the rows
}

function setExpanded(button, expanded) {
  button.setAttribute("aria-expanded", String(expanded));
  const row = button.closest("tr");
  let visibleDepth = row.hidden ? depthOf(row) - 1 : Infinity; // deeper rows are hidden
  for (const current of [row, ...descendantsOf(row)]) {
    if (depthOf(current) <= visibleDepth) visibleDepth = Infinity;
    current.hidden = depthOf(current) > visibleDepth;
    const expander = expanderOf(current);
    if (visibleDepth === Infinity && expander && !isExpanded(expander)) visibleDepth = depthOf(current);
    updateOpenInput(current);
  }
  updateAddress();
}

// The hidden input makes the server render the same rows open when the columns change.
function updateOpenInput(row) {
  const button = expanderOf(row);
  if (!button) return;
  const input = row.querySelector("input[name=open]") ?? document.createElement("input");
  const disabled = row.hidden || !isExpanded(button);
  Object.assign(input, { type: "hidden", name: "open", value: button.value, disabled });
  input.setAttribute("form", "filters");
  button.after(input);
}

function updateAddress() {
  const address = new URL(location.href);
  address.searchParams.delete("open");
  for (const input of document.querySelectorAll("input[name=open]:enabled")) {
    address.searchParams.append("open", input.value);
  }
  history.replaceState(history.state, "", address);
  document.getElementById("print").search = address.search;
}

// ---------------------------------------------------------------- requests of htmx

// htmx 4.0.1 also handles clicks that should open a new tab.
function keepModifiedClicksFromHtmx(event) {
  const isModified = event.ctrlKey || event.metaKey || event.shiftKey;
  if (isModified && event.target.closest("a[href]")) event.stopImmediatePropagation();
}

const loadsByItself = (element) => element.matches("[hx-trigger=load]");

function rejectUnusableResponse(event) {
  const { sourceElement, response } = event.detail.ctx;
  const isError = response.status >= 400;
  // Without our header the page comes from a proxy, or from a network that asks for a sign-in of its own.
  // An error of a part that loads by itself must not replace anything outside that part.
  const failed = !response.headers.has("X-Request-ID") || (isError && loadsByItself(sourceElement));
  // A second click can fetch rows that the first one has inserted in the meantime.
  const isExpander = sourceElement.matches(".expander");
  const rowsExist = !isError && isExpander && descendantsOf(sourceElement.closest("tr")).length;
  if (failed || rowsExist) event.preventDefault();
  if (failed) showRequestError(event);
}

function afterSwap({ detail: { ctx: { sourceElement, request, response } } }) {
  if (response.status >= 400 || loadsByItself(sourceElement)) return;
  document.getElementById("alert").replaceChildren();
  if (sourceElement.matches(".expander")) setExpanded(sourceElement, true);
  // The swap removed the control that had the focus: a link of a filter, for which htmx reports #results, or a button.
  const controlMayBeGone = sourceElement.id === "results" || request.submitter;
  if (controlMayBeGone && document.activeElement === document.body) {
    document.querySelector("#chips a, #scroll").focus({ preventScroll: true });
  }
}

function showRequestError({ detail: { ctx: { sourceElement } } }) {
  if (loadsByItself(sourceElement)) {
    sourceElement.querySelector(".no-script")?.classList.remove("no-script"); // a link to the same content
    return;
  }
  const message = document.getElementById("failed-request").content.cloneNode(true);
  if (!sourceElement.matches("form")) message.querySelector("button").remove(); // the link can be clicked again
  document.getElementById("alert").replaceChildren(message);
}

// ---------------------------------------------------------------- forms

function preventDoubleSubmit(event) {
  const form = event.target;
  if (event.timeStamp - form.dataset.sentAt < DOUBLE_CLICK) event.preventDefault();
  else if (!event.defaultPrevented) form.dataset.sentAt = event.timeStamp;
}

function togglePassword({ target }) {
  const button = target.closest(".show-password");
  if (!button) return;
  const input = document.getElementById(button.getAttribute("aria-controls"));
  const visible = input.type === "text";
  input.type = visible ? "password" : "text";
  button.setAttribute("aria-pressed", String(!visible));
}
