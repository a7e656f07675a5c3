// What HTML and htmx can't do: hide loaded rows again, keep the address true to them, say that an answer didn't come,
// leave out the second of two clicks, show a password, print, and (a bug of htmx 4.0.1) Ctrl-click.
// Without htmx every control works as plain HTML; nor is it waited for when it is long in coming.
const showControls = () => document.documentElement.classList.toggle("no-htmx", !window.htmx);
setTimeout(showControls, 3000);
document.addEventListener("DOMContentLoaded", start);  // behind htmx, which is deferred like this
document.addEventListener("click", showPassword);
document.addEventListener("submit", sendOnce);
document.getElementById("print-now")?.addEventListener("click", () => print());

function start() {
  if (showControls()) return;
  if (matchMedia("(max-width: 40rem)").matches) document.querySelector(".charts")?.removeAttribute("open");
  document.addEventListener("click", leaveNewTabsToTheBrowser, true);
  document.addEventListener("click", expandOrHide);
  document.addEventListener("htmx:after:request", keepOut);
  document.addEventListener("htmx:after:swap", afterSwap);
  document.addEventListener("htmx:error", sayFailed);
}

const depth = (row) => Number(row.dataset.depth);
const expander = (row) => row.querySelector(".expander");
const isOpen = (button) => button?.getAttribute("aria-expanded") === "true";
const loadsByItself = (element) => element.matches("[hx-trigger=load]");
function inside(row) {
  const rows = [];
  for (let next = row.nextElementSibling; next && depth(next) > depth(row); next = next.nextElementSibling) rows.push(next);
  return rows;
}
function expandOrHide(event) {
  const button = event.target.closest(".expander");
  if (!button || document.querySelector("#state [name=open]")) return;  // where all are open, only the server can name the others
  event.preventDefault();  // it submits the form where there are no scripts
  if (event.detail > 1 || document.querySelector("#results.htmx-request")) return;  // a double click; rows about to be others
  if (inside(button.closest("tr")).length) setOpen(button, !isOpen(button));
  else button.dispatchEvent(new Event("expand"));  // htmx fetches the rows
}
function setOpen(button, open) {
  button.setAttribute("aria-expanded", String(open));
  const row = button.closest("tr");
  let limit = row.hidden ? depth(row) - 1 : Infinity;  // rows deeper than this are hidden
  for (const each of [row, ...inside(row)]) {
    if (depth(each) <= limit) limit = Infinity;
    each.hidden = depth(each) > limit;
    if (limit === Infinity && expander(each) && !isOpen(expander(each))) limit = depth(each);
    keepOpen(each);
  }
  const address = new URL(location.href);
  address.searchParams.delete("open");
  for (const input of document.querySelectorAll("input[name=open]:enabled")) address.searchParams.append("open", input.value);
  history.replaceState(history.state, "", address);
  document.getElementById("print").search = address.search;
}
// The hidden input lets the server render the same rows open when the columns change.
function keepOpen(row) {
  const button = expander(row);
  if (!button) return;
  const input = row.querySelector("input[name=open]") ?? document.createElement("input");
  Object.assign(input, { type: "hidden", name: "open", value: button.value, disabled: row.hidden || !isOpen(button) });
  input.setAttribute("form", "filters");
  button.after(input);
}
function leaveNewTabsToTheBrowser(event) {
  if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest("a[href]")) event.stopImmediatePropagation();
}
// Not ours is the page of a proxy, or of a network that wants a sign-in of its own. What loads by itself fails in its own
// place. Rows that are there have been fetched again by a second click while the first one's were on their way.
function keepOut(event) {
  const { sourceElement, response } = event.detail.ctx, refused = response.status >= 400;
  const failed = !response.headers.has("X-Request-ID") || (refused && loadsByItself(sourceElement));
  const there = !refused && sourceElement.matches(".expander") && inside(sourceElement.closest("tr")).length;
  if (failed || there) event.preventDefault();
  if (failed) sayFailed(event);
}
function afterSwap({ detail: { ctx: { sourceElement, request, response } } }) {
  if (response.status >= 400 || loadsByItself(sourceElement)) return;
  document.getElementById("alert").replaceChildren();
  if (sourceElement.matches(".expander")) setOpen(sourceElement, true);
  // What was pressed has gone, and the focus with it: a link with its filter, for which htmx names the region, or a button.
  if ((sourceElement.id === "results" || request.submitter) && document.activeElement === document.body)
    document.querySelector("#chips a, #scroll").focus({ preventScroll: true });
}
function sayFailed({ detail: { ctx: { sourceElement } } }) {
  if (loadsByItself(sourceElement)) return sourceElement.querySelector(".no-script")?.classList.remove("no-script");
  const said = document.getElementById("failed-request").content.cloneNode(true);
  if (!sourceElement.matches("form")) said.querySelector("button").remove();  // a link is still there to be tried again
  document.getElementById("alert").replaceChildren(said);
}
function sendOnce(event) {
  if (event.timeStamp - event.target.dataset.sent < 1000) event.preventDefault();
  else if (!event.defaultPrevented) event.target.dataset.sent = event.timeStamp;
}
function showPassword({ target }) {
  const button = target.closest(".show-password");
  if (!button) return;
  const input = document.getElementById(button.getAttribute("aria-controls")), shown = input.type === "text";
  input.type = shown ? "password" : "text";
  button.setAttribute("aria-pressed", String(!shown));
}
