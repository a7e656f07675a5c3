"""What people do on a report page, done without waiting for an answer, and whether the page then agrees with itself."""

import csv
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from playwright.sync_api import Page, expect

# What of a report is compared: with the same address loaded anew, and with its file.
LOOK = """() => {
    const all = (selector, of) => [...document.querySelectorAll(selector)].map(of);
    const text = (element) => element.innerText.trim();
    return {
        fields: all("#filters [name]:not([type=hidden], [type=radio], [type=checkbox], button)", (e) => [e.name, e.value]),
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


def press(page: Page, selector: str, milliseconds: int = 120) -> None:
    """Press a control as a finger does: wherever it is when the pointer goes down. An open popover is closed first."""
    control = page.locator(selector)
    is_covered = """(e) => { e.scrollIntoView({block: "nearest", inline: "nearest"}); const box = e.getBoundingClientRect();
        return !e.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2)); }"""
    if control.evaluate(is_covered):
        page.keyboard.press("Escape")
    box = control.bounding_box()
    assert box, f"{selector} can't be seen"
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.wait_for_timeout(milliseconds)
    page.mouse.up()


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


def choose_reseller(page: Page) -> None:
    open_popover(page, "#choose-filters", "#more-filters")
    page.locator("#reseller").select_option("-")


def type_date(page: Page) -> None:
    open_popover(page, "#choose-period", "#period-menu")
    page.locator("#from").focus()
    page.keyboard.type("01152026", delay=60)


def choose_period(page: Page) -> None:
    open_popover(page, "#choose-period", "#period-menu")
    press(page, "[name=period][value=this-year]", 40)


def tick_column(page: Page) -> None:
    open_popover(page, "#choose-columns", "#column-chooser")
    press(page, "#column-list [value=cost]", 60)


def move_column(page: Page) -> None:
    open_popover(page, "#choose-columns", "#column-chooser")
    press(page, "#down-customer_id", 40)


def has(key: str, *values: str) -> Callable[[dict[str, list[str]]], bool]:
    return lambda query: query.get(key, []) == list(values)


NEW_ROWS = {"q", "customer", "reseller", "from", "period", "sort"}
PLACES = frozenset({"next"})  # a change of rows leads to the first page
INTENTS = {
    "search": Intent(lambda page: type_text(page, "#q", "gmbh"), has("q", "gmbh"), PLACES),
    "id": Intent(type_id, lambda query: query.get("customer", [""])[0].lower() == "c-1001", PLACES),
    "menu": Intent(choose_reseller, has("reseller", "-"), PLACES),
    "date": Intent(type_date, has("from", "2026-01-15"), PLACES | {"period"}),
    "period": Intent(choose_period, has("period", "this-year"), PLACES | {"date"}),
    "column": Intent(tick_column, lambda query: "columns" in query and "cost" not in query["columns"]),
    "move": Intent(move_column, lambda query: "columns" in query and query["columns"].index("customer_id") > 1),
    "sort": Intent(lambda page: press(page, "#sort-action"), has("sort", "action"), PLACES),
    # The place behind a page of another view is none in this one.
    "next": Intent(lambda page: press(page, "#next"), lambda query: "after" in query or bool(query.keys() & NEW_ROWS) or query.get("size") == ["25"] or "action" not in query),
    "size": Intent(lambda page: choose_size(page), has("size", "25"), PLACES),
    "chip": Intent(lambda page: press(page, "#chip-action"), lambda query: "action" not in query, PLACES),
}


def choose_size(page: Page) -> None:
    open_popover(page, "#choose-size", "#sizes")
    press(page, "#size-25")


def settle(page: Page) -> None:
    """Wait until every request has an answer and none has begun for longer than any delay of the page."""
    quiet = 0
    while quiet < 7:
        page.wait_for_timeout(100)
        quiet = 0 if page.locator(".htmx-request").count() else quiet + 1


def expect_agreement(page: Page, downloads: Path | None = None) -> dict[str, list[str]]:
    """Expect that the page is what its address gives when it is loaded anew, and so is its file. Return its query."""
    seen, url = page.evaluate(LOOK), urlsplit(page.url)
    assert seen["alert"] == ""
    assert seen["query"] == url.query
    sent = parse_qs(url.query)
    for name, value in seen["fields"]:
        assert value == sent.get(name, [""])[0], f"{name} says {value!r} at {page.url}"
    if downloads:
        expect_same_file(page, downloads)
    page.reload()
    page.wait_for_load_state()
    assert page.evaluate(LOOK) == seen
    return sent


def expect_same_file(page: Page, downloads: Path) -> None:
    """Expect that Export gives the file of the page's address."""
    url = urlsplit(page.url)
    with page.expect_download() as download:
        press(page, "#export")
    download.value.save_as(downloads / "export.csv")
    pairs = [pair for pair in parse_qsl(url.query) if pair[0] not in ("after", "before", "size", "open")]
    response = page.request.get(f"{url.scheme}://{url.netloc}{url.path}.csv?{urlencode(pairs)}")
    assert (downloads / "export.csv").read_bytes() == response.body()
    count = re.search(r"[\d,]+", page.locator("#count").inner_text())
    rows = list(csv.reader((downloads / "export.csv").read_text(encoding="utf-8-sig").splitlines()))
    expect(page.locator("#count")).to_be_visible()
    assert len(rows) - 1 == (int(count[0].replace(",", "")) if count else 0)

