"""What people do on a report page, done without waiting for an answer, and whether the page then agrees with itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page

from tests.support import csv_rows

# What of a report is compared: with the same address loaded anew, and with its file.
LOOK = """() => {
    const all = (selector, of) => [...document.querySelectorAll(selector)].map(of);
    const text = (element) => element.innerText.trim();
    return {
        fields: all("#filters :is([type=search], [type=text], [type=date], select)", (e) => [e.name, e.value]),
        period: all("#filters [name=period]:checked", (e) => e.value),
        ticks: all("#column-list :checked", (e) => e.value),
        chips: all("#chips a", text),
        headings: all("#results thead th", (e) => [e.id, e.getAttribute("aria-sort")]),
        rows: all("#results tbody tr", (e) => e.innerText),
        open: all("#results .expander[aria-expanded=true]", (e) => e.value),
        count: text(document.getElementById("count")),
        pager: text(document.querySelector(".pager")),
        hidden: all("#results input[type=hidden]", (e) => `${e.name}=${e.value}`).sort(),
        labels: all("#period-label, #filter-count", (e) => e.textContent),
        query: document.getElementById("results").dataset.query,
        alert: text(document.getElementById("alert")),
    };
}"""


@dataclass
class Intent:
    """One thing that a person does: `act` does it on the page, `is_there` tells whether a query string says it."""

    act: Callable[[Page], object]
    is_there: Callable[[dict[str, list[str]]], bool]
    ends: frozenset[str] = frozenset()  # names of intents that it rightly ends when it comes later
    delay: int = 100  # milliseconds within which it has sent its request


IS_COVERED = """(e) => {
    e.scrollIntoView({block: "nearest", inline: "nearest"});
    const box = e.getBoundingClientRect();
    return !e.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
}"""


WATCH_PRESS = """selector => {
    window.missed = undefined;
    const look = ({target}) => window.missed = !target.closest(selector);
    addEventListener("pointerdown", look, {once: true, capture: true});
}"""


def press(page: Page, selector: str, milliseconds: int = 120, tries: int = 3) -> None:
    """Press a control as a finger does: where it is when the pointer goes down. An open popover above it is closed.

    Who sees that an answer has moved it away in the last moment presses again.
    """
    control = page.locator(selector)
    page.evaluate(WATCH_PRESS, selector)
    box, moved_to = control.bounding_box(), None
    while not box or box != moved_to:  # an answer may have come between a look and the move of the hand
        control.wait_for()
        if control.evaluate(IS_COVERED):
            page.keyboard.press("Escape")
        if box:
            page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        box, moved_to = control.bounding_box(), box
    page.mouse.down()
    missed = page.evaluate("window.missed")
    page.wait_for_timeout(milliseconds)
    page.mouse.up()
    if missed:
        assert tries > 1, f"{selector} is always missed"
        press(page, selector, milliseconds, tries - 1)


def open_popover(page: Page, button: str, popover: str) -> None:
    if not page.locator(popover).evaluate("(e) => e.matches(':popover-open')"):
        press(page, button, 40)


def type_text(page: Page, field: str, text: str) -> None:
    page.locator(field).focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(text, delay=25)


def type_id(page: Page) -> None:
    open_popover(page, "#choose-filters", "#more-filters")
    type_text(page, "#customer", "c-1001")


def choose_option(page: Page, key: str = "reseller", value: str = "-") -> None:
    open_popover(page, "#choose-filters", "#more-filters")
    page.locator(f"#{key}").select_option(value)


def type_date(page: Page) -> None:
    open_popover(page, "#choose-period", "#period-menu")
    page.locator("#from").focus()
    page.keyboard.type("01152026", delay=60)


def choose_period(page: Page, value: str = "this-year") -> None:
    open_popover(page, "#choose-period", "#period-menu")
    press(page, f"[name=period][value={value}]", 40)


def tick_column(page: Page, key: str = "cost") -> None:
    open_popover(page, "#choose-columns", "#column-chooser")
    press(page, f"#column-list [value={key}]", 60)


def move_column(page: Page, key: str = "customer_id") -> None:
    open_popover(page, "#choose-columns", "#column-chooser")
    press(page, f"#down-{key}", 40)


def expand_third_row(page: Page) -> None:
    row = "tbody tr:nth-child(3) button.expander"
    if page.locator(row).count():
        press(page, row, 40)


def choose_size(page: Page, size: int = 25) -> None:
    open_popover(page, "#choose-size", "#sizes")
    press(page, f"#size-{size}")


def has(key: str, *values: str) -> Callable[[dict[str, list[str]]], bool]:
    return lambda query: query.get(key, []) == list(values)


GROUPED = "customer-transactions grouped"


class Stage(NamedTuple):
    """Where intents begin on a report: a filter that leaves more than one page of 25 rows, and what is pressed then."""

    chip: tuple[str, str]
    sort: str
    hidden: str
    moved: str
    group: str = ""


STAGES = {
    "customer-subscriptions": Stage(("status", "Active"), "order_date", "cost", "subscription_id"),
    "customer-transactions": Stage(("action", "Inventory"), "total", "cost", "customer_id"),
    "customer-usage": Stage(("certificate_type", "SSL"), "used", "available", "customer_id"),
    GROUPED: Stage(("action", "Inventory"), "total", "cost", "rows", "group=product&group=reseller&"),
}


def start_of(slug: str) -> str:
    stage = STAGES[slug]
    return f"/reports/{slug.partition(' ')[0]}?{stage.group}size=25&{'='.join(stage.chip)}"


def intents_of(slug: str) -> dict[str, Intent]:
    """What people do on a report that `start_of` opens."""
    (filtered, _), sort, hidden, moved, group = STAGES[slug]
    places = frozenset({"next"})  # a change of rows leads to the first page
    new_rows = {"q", "customer", "reseller", "from", "period", "sort"}

    def is_next_there(query: dict[str, list[str]]) -> bool:
        """The place behind a page of another view is none in this one."""
        has_other_rows = query.keys() & new_rows or filtered not in query or query.get("size") != ["25"]
        return "after" in query or bool(has_other_rows)

    def is_id_there(query: dict[str, list[str]]) -> bool:
        return query.get("customer", [""])[0].lower() == "c-1001"

    intents = {
        "search": Intent(lambda page: type_text(page, "#q", "gmbh"), has("q", "gmbh"), places, 400),
        "id": Intent(type_id, is_id_there, places, 400),
        "menu": Intent(choose_option, has("reseller", "-"), places),
        "column": Intent(
            lambda page: tick_column(page, hidden), lambda query: hidden not in query.get("columns", [hidden])
        ),
        "move": Intent(
            lambda page: move_column(page, moved), lambda query: query.get("columns", [moved]).index(moved) > 1
        ),
        "sort": Intent(lambda page: press(page, f"#sort-{sort}"), has("sort", sort), places),
        "next": Intent(lambda page: press(page, "#next"), is_next_there),
        "size": Intent(lambda page: choose_size(page, 100), has("size", "100"), places),
        "chip": Intent(lambda page: press(page, f"#chip-{filtered}"), lambda query: filtered not in query, places),
    }
    if group or slug == "customer-usage":
        intents["expand"] = Intent(
            expand_third_row,
            lambda query: (
                bool(query.keys() & {"open", "toggle"}) or "customer" in query
            ),  # which may leave no third row
        )
    if slug != "customer-usage":
        intents["date"] = Intent(type_date, has("from", "2026-01-15"), places | {"period"}, 650)
        intents["period"] = Intent(choose_period, has("period", "this-year"), places | {"date"})
    return intents


# A look counts for 20 ms, however late it comes: a page that a busy machine holds up isn't quiet, but sends requests of
# delays that have passed meanwhile.
QUIET = """milliseconds => new Promise(resolve => {
    let quiet = 0;
    const look = () => {
        quiet = document.querySelector(".htmx-request") ? 0 : quiet + 20;
        quiet > milliseconds ? resolve() : setTimeout(look, 20);
    };
    look();
})"""


# What moved, by the browser's own measure. Inside of a date field, which has no node for scripts, digits may move.
WATCH_SHIFTS = """async () => {
    window.shifts = [];
    for (const frame of [1, 2]) await new Promise(requestAnimationFrame); // what came before has been drawn
    const observer = new PerformanceObserver(list => list.getEntries().forEach(entry => entry.sources.forEach(
        ({node, previousRect, currentRect}) => node && window.shifts.push(
            [node.outerHTML ?? node.parentElement.outerHTML, previousRect.toJSON(), currentRect.toJSON()]))));
    observer.observe({type: "layout-shift"});
}"""


def settle(page: Page, milliseconds: int = 650) -> None:
    """Wait until no request has been under way for longer than any delay of the page, which is 500 ms after a date."""
    page.wait_for_load_state()
    page.evaluate(QUIET, milliseconds)


def traverse(page: Page, direction: str) -> None:
    """Wait for what is under way, go back or forward, and wait for the page. Each is a load: htmx keeps no pages.

    Without the first wait a test would race: a field may say what was pressed before the address does.
    """
    settle(page, 50)
    with page.expect_event("load"):
        page.evaluate(f"setTimeout(() => history.{direction}())")


def expect_agreement(page: Page) -> dict[str, list[str]]:
    """Expect that the page is what its address gives when it is loaded anew. Return its query."""
    settle(page, 50)
    seen, url = page.evaluate(LOOK), urlsplit(page.url)
    assert seen["alert"] == ""
    assert seen["query"] == url.query
    sent = parse_qs(url.query)
    for name, _ in seen["fields"]:
        values = [value for other, value in seen["fields"] if other == name and value]
        assert values == sent.get(name, []), f"{name} says {values} at {page.url}"
    page.reload()
    after = page.evaluate(LOOK)
    assert after == seen, {key: (seen[key], after[key]) for key in seen if seen[key] != after[key]}
    return sent


def export(page: Page) -> bytes:
    """Press Export, and return the file."""
    with page.expect_download() as download:
        press(page, "#export")
    return download.value.path().read_bytes()


def expect_file_of_page(page: Page, file: bytes) -> None:
    """Expect that a file has the rows and columns that the page shows and counts."""
    url = urlsplit(page.url)
    pairs = [pair for pair in parse_qsl(url.query) if pair[0] not in ("after", "before", "size", "open")]
    assert file == page.request.get(f"{url.scheme}://{url.netloc}{url.path}.csv?{urlencode(pairs)}").body()
    count = page.locator("#count b").inner_text().replace(",", "").replace("No", "0")
    assert len(csv_rows(file)) - 1 == int(count)


def set_latency(page: Page, milliseconds: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)


def check_pair(page: Page, slug: str, pair: str, latency: int) -> None:
    """Do one thing right after another, and expect that the page agrees with itself and says both."""
    first, second = (intents_of(slug)[name] for name in pair.split())
    page.goto(start_of(slug))
    set_latency(page, latency)
    first.act(page)
    second.act(page)
    settle(page, max(first.delay, second.delay))
    set_latency(page, 0)
    query = expect_agreement(page)
    assert second.is_there(query), f"{page.url} lacks the second"
    assert pair.split(maxsplit=1)[0] in second.ends or first.is_there(query), f"{page.url} lacks the first"
