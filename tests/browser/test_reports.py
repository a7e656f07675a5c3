"""Sort, page, expand, filter and choose columns by htmx."""

import re

import pytest
from playwright.sync_api import Page, Request, expect

from app.reports import REPORTS
from tests.support import csv_rows

USAGE = "/reports/customer-usage"


def requests_of(page: Page) -> list[str]:
    """Return a list that grows with each report that the page requests from now on."""
    requests: list[str] = []

    def note(request: Request) -> None:
        if "/reports/" in request.url and "/summary" not in request.url:  # totals load at any time
            requests.append(request.url)

    page.on("request", note)
    return requests


def column(page: Page, key: str) -> list[str]:
    """The texts of a visible column, from top to bottom."""
    keys = [heading.get_attribute("id") for heading in page.locator("#results thead th").all()]
    return page.locator(
        f"#results tbody tr:not([hidden]) > :nth-child({keys.index(f'th-{key}') + 1})"
    ).all_inner_texts()


def open_chooser(page: Page) -> None:
    page.get_by_text("Columns", exact=True).click()


def test_view_report_opens_a_new_tab(page: Page) -> None:
    page.goto("/reports")
    page.get_by_text("Customer Usage Report").first.click()
    with page.expect_popup() as popup:
        page.get_by_role("button", name="View Report").click()
    expect(popup.value.get_by_role("heading", level=1)).to_have_text("Customer Usage Report")


def test_headings_sort_and_back_undoes_it(page: Page) -> None:
    check_sorting(page, "customer-transactions", 2)


def check_sorting(page: Page, slug: str, columns: int) -> None:
    """Sort by some columns in both directions, and undo it by Back."""
    page.goto(f"/reports/{slug}?reseller=-")
    for heading in REPORTS[slug].default_columns[1 : 1 + columns]:
        before = page.url
        page.locator(f"#sort-{heading.key}").click()
        expect(page.locator(f"#th-{heading.key}")).to_have_attribute("aria-sort", "ascending")
        page.locator(f"#sort-{heading.key}").click()
        expect(page.locator(f"#th-{heading.key}")).to_have_attribute("aria-sort", "descending")
        expect(page).to_have_url(re.compile(f"sort=-{heading.key}"))
        page.go_back()
        page.go_back()
        expect(page).to_have_url(before)
        expect(page.locator(f"#th-{heading.key}")).not_to_have_attribute("aria-sort", re.compile("."))
        expect(page.locator("#filters")).to_be_visible()


def test_pager(page: Page) -> None:
    page.goto("/reports/customer-transactions?size=200")
    expect(page.locator("#first")).to_have_attribute("aria-disabled", "true")
    page.locator("#last").click()
    expect(page.locator("#count")).to_have_text("801–900 of 900 rows")
    expect(page.locator("#next")).to_have_attribute("aria-disabled", "true")
    page.locator("#previous").click()
    expect(page.locator("#count")).to_have_text("601–800 of 900 rows")
    page.locator("#first").click()
    expect(page.locator("#count")).to_have_text("1–200 of 900 rows")
    page.locator("#next").click()
    expect(page.locator("#count")).to_have_text("201–400 of 900 rows")
    page.locator("#size-25").click()
    expect(page.locator("#count")).to_have_text("1–25 of 900 rows")


def test_columns_change_and_the_page_stays(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    page.locator("#next").click()
    expect(page.locator("#count")).to_have_text("51–100 of 900 rows")
    ids = column(page, "transaction_id")
    open_chooser(page)
    page.get_by_role("checkbox", name="Cost").uncheck()
    expect(page.locator("#th-cost")).to_have_count(0)
    expect(page.get_by_role("checkbox", name="Cost")).to_be_focused()
    expect(page.locator("#count")).to_have_text("51–100 of 900 rows")
    assert column(page, "transaction_id") == ids
    page.reload()
    expect(page.locator("#th-cost")).to_have_count(0)
    assert column(page, "transaction_id") == ids


def test_column_moves_and_its_button_keeps_the_focus(page: Page) -> None:
    page.goto("/reports/customer-subscriptions")
    open_chooser(page)
    button = page.get_by_role("button", name="Move Cost towards the front")
    button.press("Enter")
    expect(page.locator("#results thead th").nth(4)).to_have_text("Cost")
    expect(button).to_be_focused()
    button.press("Enter")
    expect(page.locator("#results thead th").nth(3)).to_have_text("Cost")
    expect(page.locator("#column-list li").nth(4)).to_contain_text("Cost")
    page.get_by_role("checkbox", name="Status").check()
    page.get_by_role("button", name="Move Status towards the end").click()
    expect(page.locator("#th-status")).to_be_visible()


def test_rows_close_and_reopen_without_a_request(page: Page) -> None:
    page.goto(USAGE)
    customer = page.locator(".expander").first
    customer.click()
    kinds = page.locator('#results tr[data-depth="1"]')
    expect(kinds.first).to_be_visible()
    kinds.first.locator(".expander").click()
    products = page.locator('#results tr[data-depth="2"]')
    expect(products.first).to_be_visible()
    opened = page.url
    assert opened.count("open=") == 2
    requests = requests_of(page)
    customer.click()
    expect(products.first).to_be_hidden()
    expect(kinds.first).to_be_hidden()
    expect(page).not_to_have_url(re.compile("open="))
    customer.click()
    expect(products.first).to_be_visible()
    assert page.url == opened
    assert requests == []


def test_double_click_opens_a_row_once(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.dblclick()
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_visible()
    page.locator(".expander").first.dispatch_event("click", {"detail": 2})  # the second one, when rows came between
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_visible()
    page.wait_for_load_state("networkidle")
    ids = page.locator("#results tbody tr").evaluate_all("rows => rows.map(row => row.id)")
    assert len(ids) == len(set(ids))


def test_open_rows_survive_columns_and_a_pasted_address(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.click()
    page.locator('#results tr[data-depth="1"] .expander').first.click()
    expect(page.locator('#results tr[data-depth="2"]').first).to_be_visible()
    names = column(page, "customer")
    open_chooser(page)
    page.get_by_role("checkbox", name="Over Inventory").check()
    expect(page.locator("#th-over_inventory")).to_be_visible()
    assert column(page, "customer") == names
    other = page.context.new_page()
    other.goto(page.url)
    assert column(other, "customer") == names
    exported = csv_rows(other.request.get(other.locator("#export").get_attribute("href") or "").body())
    closed = other.locator('#results tbody tr[data-depth="0"] > th :is(.expander, .row-name)').all_inner_texts()
    assert [row[0] for row in exported[1 : 1 + len(closed)]] == closed


def test_rows_open_by_keyboard(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_visible()
    page.keyboard.press("Tab")  # to the customer's page
    page.keyboard.press("Tab")  # to the customer's id
    page.keyboard.press("Tab")
    expect(page.locator('#results tr[data-depth="1"] .expander').first).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator('#results tr[data-depth="2"]').first).to_be_visible()


def test_typing_searches_and_adds_one_history_entry(page: Page) -> None:
    page.goto(USAGE)
    page.locator("#q").press_sequentially("c-1", delay=400)
    expect(page).to_have_url(re.compile(r"\?q=c-1$"))
    expect(page.locator("#live")).to_contain_text("rows, sorted by Customer")
    expect(page.locator("#q")).to_be_focused()
    page.go_back()
    expect(page).to_have_url(re.compile(f"{USAGE}$"))
    expect(page.locator("#q")).to_have_value("")


def test_ctrl_click_opens_a_new_tab(page: Page) -> None:
    page.goto(USAGE)
    with page.context.expect_page() as opened:
        page.locator("#sort-used").click(modifiers=["ControlOrMeta"])
    expect(opened.value.locator("#th-used")).to_have_attribute("aria-sort", "ascending")


@pytest.mark.provokes("400")
def test_invalid_filter_is_explained(page: Page) -> None:
    page.goto("/reports/customer-transactions?to=2026-01-01")
    ids = column(page, "transaction_id")
    page.get_by_label("Date from").fill("2026-05-05")
    page.get_by_label("Date from").press("Tab")
    expect(page.locator("#alert")).to_contain_text("from must be the earlier day")
    assert column(page, "transaction_id") == ids
    page.get_by_label("Date from").fill("")
    page.get_by_label("Date from").press("Tab")
    expect(page.locator("#alert")).to_be_empty()


def test_skip_link(page: Page) -> None:
    page.goto(USAGE)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()


SLOW = """const original = fetch;
    window.fetch = async (...args) => {
        await new Promise(resolve => setTimeout(resolve, 500));
        return original(...args);
    };"""


def test_row_does_not_open_while_results_load(page: Page) -> None:
    page.add_init_script(SLOW)
    page.goto(USAGE)
    page.locator("#reseller").select_option("-")
    page.locator(".expander").first.click()
    expect(page).to_have_url(re.compile(r"\?reseller=-$"))
    expect(page.locator('#results tr[data-depth="1"]')).to_have_count(0)
    page.locator(".expander").first.click()
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_visible()
    expect(page).to_have_url(re.compile(r"reseller=-"))


def test_row_closed_while_loading_stays_closed(page: Page) -> None:
    page.add_init_script(SLOW)
    page.goto(USAGE)
    customer = page.locator(".expander").first
    customer.click()
    kind = page.locator('#results tr[data-depth="1"] .expander').first
    kind.click()
    customer.click()
    expect(page.locator('#results tr[data-depth="2"]').first).to_be_attached()
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_hidden()
    expect(page.locator('#results tr[data-depth="2"]').first).to_be_hidden()
    customer.click()
    expect(page.locator('#results tr[data-depth="2"]').first).to_be_visible()
