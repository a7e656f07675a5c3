"""Every popover of a report page: by keyboard alone, by pointer, and axe in every kind of window."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Locator, Page, ViewportSize, expect

from tests.browser.conftest import LEAVER, SignIn, expect_loaded, remove_views
from tests.browser.intents import WATCH_SHIFTS
from tests.browser.test_accessibility import ALL_RULES, LAPTOP, PHONE, check
from tests.strategies import are_trials
from tests.support import in_trials

PATH = "/reports/customer-usage?q=c-1001&sort=-used"

# Buttons that open a popover, also those inside an inline navigation, but not those inside another popover.
BUTTONS = """() => [...document.querySelectorAll("button[popovertarget]")]
    .filter(button => button.checkVisibility() && !button.closest("[popover]:not(nav)"))
    .map(button => button.getAttribute("popovertarget"))"""
EXPECTED = {"account", "view-", "save-view", "more-filters", "column-chooser", "row-height", "formats", "sizes"}
HOLDS_FOCUS = "popover => popover.contains(document.activeElement)"


class Window(NamedTuple):
    size: ViewportSize
    scheme: Literal["light", "dark"] = "light"
    forced: Literal["active", "none"] = "none"


WINDOWS = {
    "light": Window(LAPTOP),
    "dark": Window(LAPTOP, "dark"),
    "forced colours": Window(LAPTOP, forced="active"),
    "phone": Window(PHONE),
    "zoom of 400 %": Window({"width": 320, "height": 256}),  # of 1280 x 1024
}


@pytest.fixture
def tab(sign_in: SignIn, demo_folder: Path) -> Iterator[Page]:
    """A report page that shows a saved view with a long name, so that it has a menu."""
    tab, name = sign_in(LEAVER), f"Popovers {'W' * 71}"
    tab.goto(PATH)
    tab.locator("#choose-save").click()
    tab.locator("#name").fill(name)
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("button", name="Change Popovers")).to_be_visible()
    expect_loaded(tab)
    yield tab
    remove_views(demo_folder, name)


def popovers(tab: Page) -> Iterator[tuple[str, Locator, Locator]]:
    """The name of each popover, the button that opens it, and the popover."""
    for name in tab.evaluate(BUTTONS):
        yield name, tab.locator(f'button[popovertarget="{name}"]:visible').first, tab.locator(f"#{name}")


def expect_no_violation(tab: Page, popover: Locator, name: str) -> None:
    if not tab.evaluate("'axe' in window"):
        tab.evaluate(AXE_SCRIPT)
    found = AxeResults(popover.evaluate("(popover, rules) => axe.run(popover, rules)", ALL_RULES))
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"


def test_popovers_by_keyboard_and_pointer(tab: Page) -> None:
    names = []
    tab.evaluate(WATCH_SHIFTS)
    for name, button, popover in popovers(tab):
        names.append(name.rstrip("0123456789"))
        button.press("Enter")
        expect(popover).to_be_visible()
        if not popover.evaluate(HOLDS_FOCUS):
            tab.keyboard.press("Tab")
        assert popover.evaluate(HOLDS_FOCUS), name
        tab.keyboard.press("Escape")
        expect(popover).to_be_hidden()
        expect(button).to_be_focused()
        button.click()
        expect(popover).to_be_visible()
        tab.locator("h1").click()
        expect(popover).to_be_hidden()
        assert tab.evaluate("window.shifts") == [], name
    assert set(names) >= EXPECTED


@pytest.mark.parametrize("window", ["light", "zoom of 400 %", *in_trials("dark", "forced colours", "phone")])
def test_open_popovers_fit_and_have_no_violation(tab: Page, window: str) -> None:
    """At a zoom axe looks in trials alone: it finds the same elements."""
    has_axe = window == "light" or are_trials()
    size, scheme, forced = WINDOWS[window]
    tab.set_viewport_size(size)
    tab.emulate_media(color_scheme=scheme, forced_colors=forced)
    for name, button, popover in popovers(tab):
        button.press("Enter")
        expect_fits(popover, size, name)
        if has_axe:
            expect_no_violation(tab, popover, name)
        tab.keyboard.press("Escape")
        expect(popover).to_be_hidden()
    tab.locator("#scroll").focus()
    tab.keyboard.press("?")
    expect_fits(tab.locator("#keys"), size, "keys")
    if has_axe:
        expect_no_violation(tab, tab.locator("#keys"), "keys")


def expect_fits(popover: Locator, size: ViewportSize, name: str) -> None:
    expect(popover).to_be_visible()
    box = popover.bounding_box()
    assert box
    assert box["x"] >= 0, (name, box)
    assert box["y"] >= 0, (name, box)
    assert box["x"] + box["width"] <= size["width"] + 0.5, (name, box)
    assert box["y"] + box["height"] <= size["height"] + 0.5, (name, box)
    assert popover.evaluate("e => e.scrollWidth <= e.clientWidth"), f"{name} scrolls sideways"


@pytest.mark.slow_trial
@pytest.mark.parametrize("window", ["forced colours", "zoom of 400 %"])
def test_report_page_has_no_violation(page: Page, window: str) -> None:
    size, scheme, forced = WINDOWS[window]
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, forced_colors=forced)
    page.goto("/reports/customer-transactions?customer=C-10019")
    expect_loaded(page)
    expect_no_violation(page, page.locator("html"), window)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_rows_can_be_read_at_a_zoom_of_400_percent(page: Page) -> None:
    page.set_viewport_size(WINDOWS["zoom of 400 %"].size)
    page.goto("/reports/customer-transactions")
    last = page.locator("#results tbody tr").last.locator("td").last
    last.scroll_into_view_if_needed()
    is_seen = """cell => { const {left, top, width, height} = cell.getBoundingClientRect();
        return cell.contains(document.elementFromPoint(left + width / 2, top + height / 2)); }"""
    assert last.evaluate(is_seen)


def test_period_popover_has_no_violation(page: Page) -> None:
    page.goto("/reports/customer-subscriptions?q=nothing+like+it")
    page.locator("#choose-period").press("Enter")
    page.keyboard.press("Tab")
    expect(page.get_by_role("radio", name="Any time")).to_be_focused()
    page.keyboard.press("ArrowDown")  # Today
    expect(page.locator("#period-label")).to_have_text("End: Today")
    expect(page.locator("#period-menu")).to_be_visible()
    check(page)
    page.keyboard.press("Escape")
    expect(page.locator("#choose-period")).to_be_focused()


# ------------------------------------------------------------------ display


def test_row_height_and_summary_are_remembered(page: Page) -> None:
    page.goto("/reports/customer-usage")
    row, summary = page.locator("#scroll tbody tr").first, page.locator(".summary")
    for height, css in (("compact", "30px"), ("regular", "36px")):
        page.locator("#choose-height").click()
        page.locator(f"#{height}").check()
        expect(row).to_have_css("height", css)
        page.goto("/reports/customer-transactions")
        expect(row).to_have_css("height", css)
        expect(page.locator(f"#{height}")).to_be_checked()
    expect(summary).to_be_hidden()
    page.locator("#summary-on").check()
    page.reload()
    expect(summary).to_be_visible()
    expect(row).to_have_css("height", "36px")


def test_cut_text_is_told_on_hover(page: Page) -> None:
    page.set_viewport_size({"width": 800, "height": 800})
    page.goto("/reports/customer-transactions")
    cut = page.locator("#results tbody a").filter(has_text="Systemhaus").first
    text = cut.inner_text()
    assert cut.evaluate("link => link.scrollWidth > link.clientWidth")
    cut.hover()
    expect(cut).to_have_attribute("title", text)
