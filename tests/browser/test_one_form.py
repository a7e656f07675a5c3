"""The form is the state: whatever is done in whatever order, without waiting, the page, its address and its file agree."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import ADMIN, VIEWER, SignIn
from tests.browser.intents import INTENTS, LOOK, expect_agreement, press, settle, type_text

START = "/reports/customer-transactions?size=100&action=Inventory"
# Pairs of different kinds: a delayed field and a link, a command and a tick, a link and a place, a menu and a chip, …
PAIRS = (
    "search sort", "id sort", "search next", "menu chip", "date sort", "column move", "move column", "sort menu",
    "period date", "date period", "next size", "search id", "size search",
)  # fmt: skip


def set_latency(page: Page, milliseconds: int) -> None:
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    conditions = {"offline": False, "latency": milliseconds, "downloadThroughput": -1, "uploadThroughput": -1}
    session.send("Network.emulateNetworkConditions", conditions)


def check_pair(page: Page, pair: str, latency: int, downloads: Path) -> None:
    """Do one thing right after another, and expect that the page agrees with itself and says both."""
    first, second = pair.split()
    page.goto(START)
    set_latency(page, latency)
    INTENTS[first].act(page)
    INTENTS[second].act(page)
    settle(page)
    set_latency(page, 0)
    query = expect_agreement(page, downloads)
    assert INTENTS[second].is_there(query)
    assert first in INTENTS[second].ends or INTENTS[first].is_there(query)


@pytest.mark.parametrize("pair", PAIRS)
def test_nothing_is_lost_when_nobody_waits(page: Page, pair: str, tmp_path: Path) -> None:
    check_pair(page, pair, 150, tmp_path)


def test_rows_open_while_another_change_is_under_way(page: Page) -> None:
    page.goto("/reports/customer-usage")
    set_latency(page, 150)
    press(page, "tbody tr:nth-child(3) .expander", 40)
    type_text(page, "#q", "g")
    press(page, "#sort-used", 40)
    settle(page)
    set_latency(page, 0)
    assert expect_agreement(page).keys() == {"open", "q", "sort"}


def test_export_right_after_typing_has_what_the_box_says(page: Page, tmp_path: Path) -> None:
    page.goto(START)
    type_text(page, "#q", "gmbh")
    with page.expect_download() as download:
        press(page, "#export")
    download.value.save_as(tmp_path / "file.csv")
    settle(page)
    lines = (tmp_path / "file.csv").read_text(encoding="utf-8-sig").splitlines()
    expect(page.locator("#count")).to_have_text(f"{len(lines) - 1} rows")


def test_print_right_after_typing_has_what_the_box_says(page: Page) -> None:
    page.goto(START)
    type_text(page, "#q", "gmbh")
    with page.expect_popup() as popup:
        press(page, "#print")
    settle(page)
    count = page.locator("#count b").inner_text()
    expect(popup.value.locator("main dl")).to_contain_text(f"Rows{count};")


def test_a_date_is_one_question_and_one_entry(page: Page) -> None:
    page.goto("/reports/customer-subscriptions")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "from=" in request.url else None)
    entries = page.evaluate("history.length")
    INTENTS["date"].act(page)
    settle(page)
    assert all("from=2026-01-15" in url for url in asked if "from=&" not in url)
    assert page.evaluate("history.length") == entries + 1


def test_typing_is_one_entry_in_the_history(page: Page) -> None:
    page.goto("/reports/customer-subscriptions")
    entries = page.evaluate("history.length")
    for text in ("g", "gm", "gmbh"):
        type_text(page, "#q", text)
        settle(page)
    assert page.evaluate("history.length") == entries + 1


def test_back_and_forward_show_what_was_there(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    page.locator("#summary-on").check()
    looks = [look(page)]
    for name in ("search", "sort", "menu", "column", "size"):
        INTENTS[name].act(page)
        if name != "search":  # where Escape empties the field
            page.keyboard.press("Escape")
        looks.append(look(page))
    for direction, expected in ((page.go_back, looks[-2::-1]), (page.go_forward, looks[1:])):
        for each in expected:
            direction()
            page.wait_for_load_state()
            assert look(page) == each


def look(page: Page) -> object:
    settle(page)
    return page.evaluate(LOOK), page.locator("section.summary").inner_text()


def test_what_was_pasted_is_shown_as_it_is_understood(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    customer = page.locator("tbody td.id").first.inner_text()
    page.locator("#choose-filters").click()
    page.locator("#customer").fill(f"  {customer.lower()}\t")
    settle(page)
    expect(page.locator("#customer")).to_have_value(customer)
    expect(page.locator("#chip-customer")).to_contain_text(f"Customer ID: {customer}")
    expect_agreement(page)


def test_a_blank_at_the_end_waits_for_the_next_word(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    type_text(page, "#q", "gmbh ")
    settle(page)
    expect(page.locator("#q")).to_have_value("gmbh ")
    page.locator("#q").blur()
    expect(page.locator("#q")).to_have_value("gmbh")


def test_links_in_new_tabs_say_what_the_form_says(page: Page) -> None:
    page.goto(START)
    type_text(page, "#q", "gmbh")
    with page.context.expect_page() as tab:
        page.locator("#sort-cost").click(modifiers=["Control"])
    expect(tab.value.locator("#q")).to_have_value("gmbh")
    expect(tab.value.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")


@pytest.mark.provokes("status of 409")
def test_another_visitor_in_another_tab(new_context: Callable[..., BrowserContext], sign_in: SignIn) -> None:
    page = sign_in(ADMIN)
    page.goto("/reports/customer-transactions")
    other = sign_in(VIEWER)
    other.goto("/reports")
    page.context.add_cookies(other.context.cookies())
    page.locator("#sort-cost").click()
    expect(page.locator("#account")).to_contain_text(VIEWER)
    expect(page.locator("#export")).to_have_count(0)


def test_a_hidden_date_that_is_none_is_shown(page: Page) -> None:
    page.goto("/reports/customer-subscriptions")
    page.locator("#choose-period").click()
    page.locator("#from").focus()
    page.keyboard.type("0115")
    page.keyboard.press("Escape")
    page.locator("#export").click()
    expect(page.locator("#period-menu")).to_be_visible()
    expect(page.locator("#from")).to_be_focused()


def test_keys(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("/?")
    expect(page.locator("#q")).to_have_value("/?")
    page.locator("#q").fill("")
    page.locator("#scroll").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.get_by_label("Turn / and ? off").check()
    page.reload()
    page.keyboard.press("/")
    expect(page.locator("#q")).not_to_be_focused()


@pytest.mark.parametrize(
    ("width", "height", "top", "rows"), [(1440, 900, 250, 16), (1280, 800, 250, 13), (390, 844, 300, 7)]
)
@pytest.mark.parametrize("slug", ["customer-subscriptions", "customer-transactions", "customer-usage"])
def test_rows_come_first(
    new_context: Callable[..., BrowserContext], base_url: str, slug: str, width: int, height: int, top: int, rows: int
) -> None:
    page = new_context(has_touch=width < 400).new_page()
    page.set_viewport_size({"width": width, "height": height})
    page.goto(f"{base_url}/reports/{slug}")
    settle(page)
    boxes = [box for row in page.locator("tbody tr").all() if (box := row.bounding_box())]
    foot = page.locator("tfoot tr:last-child th").bounding_box()
    assert foot
    assert boxes[0]["y"] <= top
    assert sum(box["y"] + box["height"] <= foot["y"] + 0.5 for box in boxes) >= rows
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width == 1440:
        assert page.locator("#scroll").evaluate("(e) => e.scrollWidth <= e.clientWidth")


def test_nothing_moves_when_a_filter_is_set(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    settle(page)
    page.evaluate(
        """() => { window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
        window.shift += entry.value; })).observe({type: "layout-shift", buffered: false}); }"""
    )
    for name in ("menu", "period", "search", "sort", "next", "size"):
        INTENTS[name].act(page)
        if name != "search":
            page.keyboard.press("Escape")
        settle(page)
    assert page.evaluate("window.shift") == 0
