// What HTML and htmx can't do: hide loaded rows again, keep the address true to them, say that the network is
// down, show a password, print, and (a bug of htmx 4.0.1) Ctrl-click. Without htmx every control works as plain HTML.
document.addEventListener("click", showPassword);
document.getElementById("print-now")?.addEventListener("click", () => print());
if (window.htmx) start();
else document.documentElement.classList.add("plain");

function start() {
  if (matchMedia("(max-width: 40rem)").matches) document.querySelector(".pictures")?.removeAttribute("open");
  document.addEventListener("click", expandOrHide);
  document.addEventListener("click", leaveNewTabsToTheBrowser, true);
  document.addEventListener("htmx:before:swap", dropRowsThatAreThere);
  document.addEventListener("htmx:after:swap", afterSwap);
  document.addEventListener("htmx:error", sayOffline);
}

const depth = (row) => Number(row.dataset.depth);
const expander = (row) => row.querySelector(".expander");
const isOpen = (button) => button?.getAttribute("aria-expanded") === "true";

function inside(row) {
  const rows = [];
  for (let next = row.nextElementSibling; next && depth(next) > depth(row); next = next.nextElementSibling) rows.push(next);
  return rows;
}

function expandOrHide(event) {
  const button = event.target.closest(".expander");
  if (!button) return;
  if (document.querySelector("#state [name=open]")) return;  // all are open: only the server can name the others
  event.preventDefault();  // it submits the form where there are no scripts
  if (document.querySelector("#results.htmx-request")) return;  // these rows are about to be others
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
  let input = row.querySelector("input[name=open]");
  if (!input) {
    input = Object.assign(document.createElement("input"), { type: "hidden", name: "open", value: button.value });
    input.setAttribute("form", "filters");
    button.after(input);
  }
  input.disabled = row.hidden || !isOpen(button);
}

function leaveNewTabsToTheBrowser(event) {
  if ((event.ctrlKey || event.metaKey || event.shiftKey) && event.target.closest("a[href]")) event.stopImmediatePropagation();
}

// A second click while the first one's rows were on their way has fetched them again.
function dropRowsThatAreThere(event) {
  const { sourceElement, response } = event.detail.ctx;
  const again = sourceElement.matches(".expander") && inside(sourceElement.closest("tr")).length;
  if (again && response.status < 400) event.preventDefault();
}

function afterSwap({ detail: { ctx } }) {
  if (ctx.response.status >= 400) return;
  document.getElementById("alert").replaceChildren();
  if (ctx.sourceElement.matches(".expander")) setOpen(ctx.sourceElement, true);
  // A link that has gone with the filter that it removed, and the focus with it: htmx names the region in its place.
  if (ctx.sourceElement.id === "results" && document.activeElement === document.body)
    document.querySelector("#chips a, #scroll").focus({ preventScroll: true });
}

function sayOffline() {
  document.getElementById("alert").replaceChildren(document.getElementById("offline").content.cloneNode(true));
}

function showPassword({ target }) {
  const button = target.closest(".reveal");
  if (!button) return;
  const input = document.getElementById(button.getAttribute("aria-controls"));
  input.type = input.type === "text" ? "password" : "text";
  button.setAttribute("aria-pressed", String(input.type === "text"));
}
