// The form #filters is the state of a report page. What is pressed is written into the form, and the form is sent whole:
// each request says all that those before it said, so the newest may replace them. All of it also works as plain HTML.
const [filters, scroller] = ["filters", "scroll"].map((id) => document.getElementById(id));
const on = (type, listener, options) => document.addEventListener(type, listener, options);

// The class `no-htmx` shows the buttons that only plain HTML needs: without htmx, and after 3 seconds of waiting for it.
const markMissingHtmx = () => document.documentElement.classList.toggle("no-htmx", !window.htmx);
setTimeout(markMissingHtmx, 3000);
on("DOMContentLoaded", markMissingHtmx); // htmx is deferred too, so it has run by then

for (const type of ["click", "auxclick", "contextmenu"]) on(type, pressControl, true);
function pressControl(event) {
  if (!window.htmx || !filters) return;
  const control = event.target.closest("#results a[href]:not([target]), button[name]:not([formaction])");
  if (control?.form === filters && event.type === "click") {
    event.preventDefault();
    if (control.name === "toggle" && event.detail > 1) return; // the second click of a double click
    if (control.name === "reset") resetFields(control.value, control.closest("[popover]"));
    else addHiddenInput(control.name, control.value).dataset.command = ""; // it stays in the form until an answer comes
    filters.requestSubmit();
  } else if (control?.pathname === filters.getAttribute("action")) {
    const changes = changesOf(control);
    if (event.type !== "click" || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) {
      const search = new URLSearchParams(new FormData(filters));
      for (const [key, values] of changes) {
        search.delete(key);
        for (const value of values) search.append(key, value);
      }
      control.search = search; // for a new tab, or the clipboard
      return;
    }
    event.preventDefault();
    for (const [key, values] of changes) setField(key, values);
    control.closest("[popover]")?.hidePopover();
    filters.requestSubmit();
  }
}

// A link leads from the view in `data-query` to another. What differs between the two is what it changes.
function changesOf(link) {
  link.dataset.search ??= link.search;
  const [from, to] = [link.closest("[data-query]").dataset.query, link.dataset.search].map((each) => new URLSearchParams(each));
  const keys = [...new Set([...from.keys(), ...to.keys()])];
  return keys.map((key) => [key, to.getAll(key)]).filter(([key, values]) => `${from.getAll(key)}` !== `${values}`);
}

function setField(key, values) {
  const field = filters.elements[key], [value = ""] = values;
  if (!filters.querySelector(`[name="${key}"]`)) {
    for (const input of document.querySelectorAll(`#results input[name="${key}"]`)) input.remove();
    for (const each of values) addHiddenInput(key, each);
  } else if (field instanceof RadioNodeList) {
    field.forEach((each, place) => {
      if ("checked" in each) each.checked = each.value === value || values.includes(each.value); // a period, or columns
      else each.value = values[place] ?? ""; // the menus of groups
    });
  } else {
    field.value = value;
    if (field.value !== value) field.add?.(new Option(value, value, true, true)); // a menu that doesn't have it yet
  }
}

function addHiddenInput(name, value) {
  const input = Object.assign(document.createElement("input"), { type: "hidden", name, value });
  input.setAttribute("form", "filters");
  return document.getElementById("state").appendChild(input);
}

// Reset writes the defaults into the fields at once, so that what is chosen right after it is kept.
function resetFields(name, popover) {
  for (const move of document.querySelectorAll("[data-command][name=move]")) move.remove();
  popover.querySelector("ul")?.append(...[...popover.querySelectorAll("li")].sort((a, b) => a.dataset.place - b.dataset.place));
  setField(name, [...popover.querySelectorAll("[data-default]")].map(({ value }) => value));
}

// A period ends a range of days, and a day ends the period.
on("input", ({ target: { form, name, type, value } }) => {
  const { period, from, to } = form?.elements ?? {};
  if (name === "period") from.value = to.value = "";
  if (type === "date" && value) for (const radio of period ?? []) radio.checked = false;
}, true);

// The server answers with what it made of a field, such as a pasted id. A field in which somebody types on stays.
on("focusout", correctFields);
function correctFields() {
  for (const { value, dataset } of document.querySelectorAll("#state data")) {
    const field = filters.elements[dataset.field];
    if (field === document.activeElement && dataset.sent.endsWith(" ")) continue;
    if (field.value === dataset.sent) setField(dataset.field, [value]);
  }
}

// Files and paper are the browser's business: it submits the form as it stands. Likewise a view is saved.
on("submit", (event) => {
  const { target, submitter, timeStamp } = event, { dataset } = submitter ?? target;
  if (target === filters && !submitter?.hasAttribute("formaction")) return;
  if (target === filters) event.stopPropagation();
  if (timeStamp - dataset.sentAt < (target.method === "post" ? 5000 : 1000)) event.preventDefault(); // clicked again
  else dataset.sentAt = timeStamp;
  if (target.id === "save") target.elements.view.value = new URLSearchParams(new FormData(filters));
}, true);

// Nothing moves under a finger: an answer waits until what is pressed has been let go, and clicked.
let released, release; // a promise of that, and the function that keeps it
on("pointerdown", () => {
  release?.();
  released = new Promise((resolve) => (release = resolve));
}, true);
for (const type of ["pointerup", "pointercancel"]) on(type, () => setTimeout(release, 50), true);
on("htmx:config:request", ({ detail: { ctx } }) => {
  ctx.fetch = async (address, options) => {
    const response = await fetch(address, options), text = await response.text();
    await released;
    options.signal?.throwIfAborted(); // a newer request has replaced this one
    return Object.assign(response, { text: async () => text });
  };
  if (ctx.sourceElement !== filters) return;
  for (const field of filters.querySelectorAll("input:invalid")) ctx.request.body.delete(field.name); // half a date
});

let focused, shownRows = scroller?.dataset.rows;
const loadsByItself = (element) => element.matches("[hx-trigger=load], [hx-trigger^=intersect]");
on("htmx:before:swap", () => (focused = document.activeElement));
on("htmx:after:swap", ({ detail: { ctx: { sourceElement, response } } }) => {
  if (response.status >= 400 || loadsByItself(sourceElement)) return;
  document.getElementById("alert").replaceChildren();
  correctFields();
  if (scroller && shownRows !== scroller.dataset.rows) {
    scroller.scrollTop = 0;
    shownRows = scroller.dataset.rows;
  }
  if (focused === document.activeElement) return;
  (document.getElementById(focused.id) ?? document.querySelector("#chips a, #scroll"))?.focus({ preventScroll: true });
});
on("htmx:after:request", (event) => {
  const { sourceElement, response } = event.detail.ctx, isError = response.status >= 400;
  const isForeign = !response.headers.has("X-Request-ID"); // from a proxy, or a network that asks for a sign-in
  if (isError) for (const input of document.querySelectorAll("[data-command]")) input.remove();
  if (isForeign || (isError && loadsByItself(sourceElement))) {
    event.preventDefault();
    showRequestError(event);
  }
});
on("htmx:error", showRequestError);
function showRequestError({ detail: { ctx: { sourceElement } } }) {
  if (loadsByItself(sourceElement)) return sourceElement.querySelector(".no-script")?.classList.remove("no-script");
  document.getElementById("alert").replaceChildren(document.getElementById("failed-request").content.cloneNode(true));
}

if (scroller) scroller.scrollTop = history.state?.top ?? 0; // Back and a reload return to the rows that were seen
on("scrollend", ({ target }) => target === scroller && history.replaceState({ ...history.state, top: target.scrollTop }, ""), true);
on("invalid", ({ target }) => target.closest("[popover]")?.showPopover(), true); // where the browser says what is wrong
on("pointerover", ({ target }) => { // the whole text of what is cut off
  if (target.closest(".data-table") && target.scrollWidth > target.clientWidth) target.title = target.textContent;
});
on("change", ({ target }) => { // how reports are displayed, remembered for a year
  const ids = [...document.querySelectorAll("[form=display]:checked")].map(({ id }) => id).join(".");
  if (target.getAttribute("form") === "display") document.cookie = `display=${ids}; path=/; max-age=31536000; samesite=lax`;
});
on("keydown", (event) => {
  const element = !event.target.matches("input, select, textarea") && document.getElementById({ "/": "q", "?": "keys" }[event.key]);
  if (!element || event.ctrlKey || event.metaKey || event.altKey || document.getElementById("keys-off").checked) return;
  event.preventDefault();
  if (element.popover) element.showPopover();
  else element.focus();
});
on("click", ({ target }) => {
  if (target.id === "print-now") print();
  if (target.matches(".copy")) navigator.clipboard?.writeText(target.previousElementSibling.textContent).then(() =>
    (target.textContent = document.getElementById("live").textContent = "Copied"));
  const button = target.closest(".show-password"), input = document.getElementById(button?.getAttribute("aria-controls"));
  if (!input) return;
  input.type = input.type === "text" ? "password" : "text";
  button.ariaPressed = input.type === "text";
});
