"""The form is the state: what is done in any order, without waiting, is there, and page, address and file agree."""

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from app.reports import REPORTS
from tests.browser.conftest import ADMIN, VIEWER, SignIn, expect_loaded
from tests.browser.intents import (
    LOOK,
    WATCH_SHIFTS,
    check_pair,
    choose_option,
    expect_agreement,
    expect_file_of_page,
    export,
    intents_of,
    press,
    set_latency,
    settle,
    start_of,
    traverse,
    type_text,
)
from tests.strategies import are_trials
from tests.support import in_trials

SLUG = "customer-transactions"
START = start_of(SLUG)
INTENTS = intents_of(SLUG)
BOXES = "all => all.map(element => element.getBoundingClientRect().toJSON())"
# Pairs of different kinds: a delayed field and a link, a command and a tick, a link and a place, a menu and a chip, …
# Trials walk all of them, on every report and at every latency.
PAIRS = ("search sort", "search next", "column move")
SLOW_PAIRS = ("id sort", "date sort", "period date")


@pytest.mark.parametrize("pair", [*PAIRS, *in_trials(*SLOW_PAIRS)])
def test_nothing_is_lost_when_nobody_waits(page: Page, pair: str) -> None:
    check_pair(page, SLUG, pair, 150)
    expect_file_of_page(page, export(page))


def test_rows_open_while_another_change_is_under_way(page: Page) -> None:
    page.goto("/reports/customer-usage")
    set_latency(page, 150)
    press(page, "tbody tr:nth-child(3) .expander", 40)
    type_text(page, "#q", "g")
    press(page, "#sort-used", 40)
    settle(page)
    set_latency(page, 0)
    assert expect_agreement(page).keys() == {"open", "q", "sort"}


def test_export_right_after_typing_has_what_the_box_says(page: Page) -> None:
    page.goto(START)
    type_text(page, "#q", "gmbh")
    file = export(page)
    settle(page, 400)
    expect_file_of_page(page, file)
    assert "q=gmbh" in page.url


def test_print_right_after_typing_has_what_the_box_says(page: Page) -> None:
    page.goto(START)
    type_text(page, "#q", "gmbh")
    with page.expect_popup() as popup:
        press(page, "#print")
    expect(popup.value).to_have_url(re.compile("/print.*q=gmbh"))


def test_a_view_saved_right_after_a_choice_has_what_the_menu_says(page: Page) -> None:
    page.goto(START)
    set_latency(page, 300)
    choose_option(page)
    page.keyboard.press("Escape")
    press(page, "#choose-save", 40)
    page.keyboard.type(f"View {uuid4()}")
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation", name="Saved views").locator("[aria-current]")).to_contain_text("View ")
    assert INTENTS["menu"].is_there(parse_qs(urlsplit(page.url).query))


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
    page.goto(f"{START}&q=a")
    page.locator("#summary-on").check()
    looks = [look(page, 100)]
    for name in ("menu", "sort", "next", "column", "size") if are_trials() else ("menu", "next", "column"):
        INTENTS[name].act(page)
        page.keyboard.press("Escape")
        looks.append(look(page, INTENTS[name].delay))
    for direction, expected in (("back", looks[-2::-1]), ("forward", looks[1:])):
        for each in expected:
            traverse(page, direction)
            assert look(page, 100) == each


def look(page: Page, milliseconds: int) -> object:
    settle(page, milliseconds)
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
    (cookie,) = [each for each in other.context.cookies() if each["name"] == "session"]
    page.context.add_cookies([{"name": "session", "value": cookie["value"], "url": page.url}])
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
    settle(page)
    page.reload()
    page.keyboard.press("/")
    expect(page.locator("#q")).not_to_be_focused()


# Width and height of a window, the most pixels above the first row, and the fewest rows that are wholly seen.
WINDOWS = ((1440, 900, 250, 16), (1280, 800, 250, 13), (390, 844, 300, 7))


@pytest.mark.parametrize("slug", [SLUG, *in_trials(*(slug for slug in REPORTS if slug != SLUG))])
def test_rows_come_first(new_context: Callable[..., BrowserContext], base_url: str, slug: str) -> None:
    for width, height, top, fewest in WINDOWS:
        page = new_context(has_touch=width < 400).new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{base_url}/reports/{slug}")
        expect_loaded(page)
        rows, total = page.locator("tbody tr").evaluate_all(BOXES), page.locator("tfoot tr:last-child th")
        (foot,) = total.evaluate_all(BOXES)
        assert rows[0]["top"] <= top
        assert sum(row["bottom"] <= foot["top"] + 0.5 for row in rows) >= fewest
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        if width == 1440:
            assert page.locator("#scroll").evaluate("(e) => e.scrollWidth <= e.clientWidth")


def test_nothing_moves_when_something_is_done(page: Page) -> None:
    page.goto(START)
    expect_loaded(page)
    page.evaluate(WATCH_SHIFTS)
    set_latency(page, 300)
    further = ("move", "size", "period", "chip", "menu", "id") if are_trials() else ()
    for name in ("column", "next", "sort", "search", "date", *further):
        INTENTS[name].act(page)
        settle(page, INTENTS[name].delay)
        if name != "search":  # where Escape empties the field
            page.keyboard.press("Escape")
        assert page.evaluate("window.shifts") == [], name
