"""Sort, page, open rows and choose columns by htmx."""

import re

import pytest
from playwright.sync_api import Page, expect

from app.reports import REPORTS
from tests.browser.intents import (
    choose_size,
    expect_agreement,
    move_column,
    open_popover,
    settle,
    tick_column,
    traverse,
)

USAGE = "/reports/customer-usage"
TRANSACTIONS = "/reports/customer-transactions"


def column(page: Page, key: str) -> list[str]:
    """The texts of a column, from top to bottom, once the page is there: its address is known earlier."""
    page.wait_for_load_state()
    ids = page.locator("#results thead th").evaluate_all("all => all.map(heading => heading.id)")
    return page.locator(f"#results tbody tr > :nth-child({ids.index(f'th-{key}') + 1})").all_inner_texts()


def expect_range(page: Page, text: str) -> None:
    expect(page.locator(".pager .range")).to_have_text(text)


def test_view_report_opens_a_new_tab(page: Page) -> None:
    page.goto("/reports")
    page.get_by_text("Customer Usage Report").first.click()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="View Report").click()
    expect(popup.value.get_by_role("heading", level=1)).to_have_text("Customer Usage Report")


def test_headings_sort_and_back_undoes_it(page: Page) -> None:
    check_sorting(page, "customer-transactions", 1)


def check_sorting(page: Page, slug: str, columns: int) -> None:
    """Sort by some columns in both directions, and undo it by Back."""
    page.goto(f"/reports/{slug}?reseller=-")
    for heading in REPORTS[slug].default_columns[1 : 1 + columns]:
        before, marked = page.url, page.locator(f"#th-{heading.key}")
        for order in ("ascending", "descending"):
            page.locator(f"#sort-{heading.key}").click()
            expect(marked).to_have_attribute("aria-sort", order)
        expect(page).to_have_url(re.compile(f"sort=-{heading.key}"))
        for _ in range(2):
            traverse(page, "back")
        expect(page).to_have_url(before)
        expect(marked).not_to_have_attribute("aria-sort", re.compile("."))


def test_pager(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?size=200")
    expect(page.locator("#count")).to_have_text("900 rows")
    expect(page.locator("#first")).to_have_attribute("aria-disabled", "true")
    for link, there in (("last", "801–900"), ("previous", "601–800"), ("first", "1–200"), ("next", "201–400")):
        page.locator(f"#{link}").click()
        expect_range(page, f"{there} of 900")
        expect(page.locator("#next")).to_have_attribute("aria-disabled" if link == "last" else "href", re.compile("."))
    choose_size(page)
    expect_range(page, "1–25 of 900")
    expect(page.locator("#sizes")).to_be_hidden()
    expect(page.locator("#choose-size")).to_have_text("25 a page")


# ------------------------------------------------------------------ columns


def scroll_rows(page: Page) -> None:
    """Scroll down by 600 pixels, and wait for the event that tells the page that this is over."""
    page.locator("#scroll").evaluate("""rows => new Promise(resolve => {
        rows.addEventListener("scrollend", resolve, {once: true});
        rows.scrollTop = 600;
    })""")


def expect_scrolled(page: Page, pixels: int) -> None:
    expect(page.locator("#scroll")).to_have_js_property("scrollTop", pixels)


def test_other_rows_begin_at_the_top(page: Page) -> None:
    page.goto(TRANSACTIONS)
    scroll_rows(page)
    tick_column(page, "cost")
    expect(page.locator("#th-cost")).to_have_count(0)
    expect_scrolled(page, 600)
    page.keyboard.press("Escape")
    page.locator("#next").click()
    expect_range(page, "51–100 of 900")
    expect_scrolled(page, 0)
    scroll_rows(page)
    page.locator("#sort-total").click()
    expect(page.locator("#th-total")).to_have_attribute("aria-sort", "ascending")
    expect_scrolled(page, 0)


def test_back_returns_to_the_rows_that_were_seen(page: Page) -> None:
    page.goto(TRANSACTIONS)
    scroll_rows(page)
    page.locator("#results tbody th a").nth(30).click()
    expect(page).to_have_url(re.compile("/customers"))
    page.go_back()
    expect_scrolled(page, 600)
    page.locator("#next").click()
    expect_range(page, "51–100 of 900")
    traverse(page, "back")
    expect_scrolled(page, 600)


def test_focus_stays_on_a_button_of_the_pager_that_ends(page: Page) -> None:
    page.goto(TRANSACTIONS)
    page.locator("#last").press("Enter")
    expect(page.locator("#last")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#last")).to_be_focused()


def test_columns_change_and_the_page_stays(page: Page) -> None:
    page.goto(TRANSACTIONS)
    page.locator("#next").click()
    expect_range(page, "51–100 of 900")
    ids = column(page, "transaction_id")
    tick_column(page)
    expect(page.locator("#th-cost")).to_have_count(0)
    expect(page.get_by_role("checkbox", name="Cost")).to_be_focused()
    expect(page.locator("#column-chooser")).to_be_visible()
    expect_range(page, "51–100 of 900")
    assert column(page, "transaction_id") == ids
    expect_agreement(page)


def test_column_moves_and_its_button_keeps_the_focus(page: Page) -> None:
    page.goto("/reports/customer-subscriptions")
    open_popover(page, "#choose-columns", "#column-chooser")
    button, headings = page.get_by_role("button", name="Move Cost up"), page.locator("#results thead th a")
    place = column_keys(page).index("cost")
    for step in (1, 2):
        button.press("Enter")
        expect(headings.nth(place - step)).to_have_attribute("id", "sort-cost")
        expect(button).to_be_focused()
    ticked = page.locator("#column-list :checked").evaluate_all("all => all.map(tick => tick.value)")
    assert ticked == column_keys(page)
    page.get_by_role("checkbox", name="Status").check()
    expect(page.locator("#th-status")).to_be_visible()
    place = column_keys(page).index("status")
    page.get_by_role("button", name="Move Status up").press("Space")
    expect(headings.nth(place - 1)).to_have_attribute("id", "sort-status")
    page.get_by_role("button", name="Reset").press("Enter")
    expect(page.locator("#th-status")).to_have_count(0)
    expect(page).to_have_url(re.compile("/customer-subscriptions$"))
    expect(page.get_by_role("checkbox", name="Status")).not_to_be_checked()


def column_keys(page: Page) -> list[str]:
    ids: list[str] = page.locator("#results thead th").evaluate_all("all => all.map(heading => heading.id)")
    return [each.removeprefix("th-") for each in ids]


# ------------------------------------------------------------------ open rows


def test_rows_close_with_what_is_inside_and_reopen(page: Page) -> None:
    page.goto(USAGE)
    customer = page.locator(".expander").first
    customer.click()
    kinds, products = page.locator('#results tr[data-depth="1"]'), page.locator('#results tr[data-depth="2"]')
    expect(kinds.first).to_be_visible()
    expect(customer).to_be_focused()
    kinds.first.locator(".expander").click()
    expect(products.first).to_be_visible()
    expect(page).to_have_url(re.compile("open=.*open="))
    customer.click()
    expect(kinds).to_have_count(0)
    expect(products).to_have_count(0)
    expect(page).not_to_have_url(re.compile("open=|toggle"))
    customer.click()
    expect(kinds.first).to_be_visible()
    expect(customer).to_have_attribute("aria-expanded", "true")


def test_double_click_opens_a_row_once(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.dblclick()
    settle(page, 100)
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_visible()
    paths = page.locator("#results .expander[value]").evaluate_all("all => all.map(button => button.value)")
    assert len(paths) == len(set(paths))


def test_open_rows_survive_columns_and_a_pasted_address(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.click()
    page.locator('#results tr[data-depth="1"] .expander').first.click()
    expect(page.locator('#results tr[data-depth="2"]').first).to_be_visible()
    settle(page, 50)
    names = column(page, "customer")
    tick_column(page, "over_inventory")
    expect(page.locator("#th-over_inventory")).to_be_visible()
    assert column(page, "customer") == names
    other = page.context.new_page()
    other.goto(page.url)
    assert column(other, "customer") == names


def test_rows_open_by_keyboard(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_visible()
    for _ in ("the customer's page", "the customer's id", "the row inside"):
        page.keyboard.press("Tab")
    expect(page.locator('#results tr[data-depth="1"] .expander').first).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator('#results tr[data-depth="2"]').first).to_be_visible()


# ------------------------------------------------------------------ words


@pytest.mark.provokes("400")
def test_invalid_filter_is_explained(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?to=2026-01-01")
    ids = column(page, "transaction_id")
    open_popover(page, "#choose-period", "#period-menu")
    page.locator("#from").fill("2026-05-05")
    expect(page.locator("#alert")).to_contain_text("from must be the earlier day")
    expect(page.locator("#from")).to_have_value("2026-05-05")
    assert column(page, "transaction_id") == ids
    page.locator("#from").fill("")
    expect(page.locator("#alert")).to_be_empty()


def test_skip_link(page: Page) -> None:
    page.goto(USAGE)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


def test_a_change_is_told_to_screen_readers(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?action=Renew")
    page.locator("#sort-cost").click()
    expect(page.locator("#live")).to_have_text(re.compile(r"^1 to 50 of \d+ rows, sorted by Cost, 11 columns$"))
    move_column(page)
    expect(page.locator("#live")).to_contain_text("sorted by Cost")
