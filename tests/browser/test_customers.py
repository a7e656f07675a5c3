"""The page of a customer, what needs attention, and imports between two clicks."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RESELLER, VIEWER, Open, SignIn, url_of
from tests.browser.intents import traverse
from tests.browser.test_reports import column
from tests.serving import Serve, flask

USAGE = "/reports/customer-usage"
TRANSACTIONS = "/reports/customer-transactions"


def expect_heading(page: Page, text: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_customer_page_by_keyboard(page: Page) -> None:
    page.goto(USAGE)
    row = page.locator("#results tbody tr:has(.expander)").first
    link = row.locator("th a")
    name = link.inner_text()
    row.locator(".expander").focus()
    page.keyboard.press("Tab")
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect_heading(page, name)
    for title in ("Subscriptions", "Latest transactions", "Usage"):
        expect(page.get_by_role("heading", level=2, name=title)).to_be_visible()
    page.get_by_role("link", name="Latest transactions").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"{TRANSACTIONS}\?customer=C-"))
    assert set(column(page, "customer")) == {name}


def test_name_links_to_the_customer(page: Page) -> None:
    page.goto(TRANSACTIONS)
    name = page.locator("#results tbody th a").first.inner_text()
    page.locator("#results tbody th a").first.click()
    expect_heading(page, name)
    page.locator(".customer-section tbody a").first.click()
    expect(page).to_have_url(re.compile(r"\?subscription="))


def test_viewer_sees_a_customer_of_the_reseller(sign_in: SignIn, base_url: str) -> None:
    tab = sign_in(VIEWER)
    tab.goto(f"{base_url}{USAGE}")
    tab.locator("#results tbody th a").first.click()
    expect(tab.locator("main .facts")).to_contain_text(RESELLER)
    expect(tab.get_by_text("Certificate Type")).to_have_count(0)


# ------------------------------------------------------------------ needs attention


def test_attention_loads_after_the_page_and_links_to_rows(page: Page) -> None:
    page.goto("/reports")
    numbers = page.locator("#attention-counts a.card strong")
    counted = [re.compile("^[0-9]+$")] * 3
    expect(numbers).to_have_text(counted)
    for position in range(3):
        count = numbers.nth(position).inner_text()
        numbers.nth(position).click()
        expect(page.locator("#count")).to_have_text(re.compile(f"^{count} rows?$"))
        traverse(page, "back")
        expect(numbers).to_have_text(counted)


def test_nothing_moves_when_the_counts_come(page: Page) -> None:
    counted = page.expect_response("**/reports/attention")
    page.add_init_script("""new PerformanceObserver(list => list.getEntries().forEach(each => shifts.push(each.value)))
        .observe({type: "layout-shift", buffered: true}); const shifts = []; window.shifts = shifts""")
    with counted:
        page.goto("/reports")
    expect(page.locator("#attention-counts").get_by_text("…")).to_have_count(0)
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.evaluate("shifts") == []


def test_whole_card_chooses_a_report_that_opens_in_a_new_tab(page: Page) -> None:
    page.goto("/reports")
    page.locator(".card", has_text="Customer Usage Report").click(position={"x": 5, "y": 5})
    expect(page.get_by_role("radio", name="Customer Usage Report")).to_be_checked()
    with page.context.expect_page() as opened:
        page.get_by_role("button", name="View Report").click()
    expect(opened.value).to_have_url(USAGE)


@pytest.mark.provokes("404", "gone.js")
def test_attention_without_scripts(open_plain: Open) -> None:
    plain = open_plain("/reports")
    plain.get_by_role("link", name="Show what needs attention").click()
    expect(plain.locator(".attention-list strong")).to_have_text([re.compile("^[0-9]+$")] * 3)
    expect_heading(plain, "Needs attention")


# ------------------------------------------------------------------ as of


@pytest.mark.slow_trial
def test_import_between_two_clicks_renews_all_rows(demo_copy: Path, serve: Serve, htmx_url: str, page: Page) -> None:
    database = url_of(demo_copy)
    rows = page.locator("#results tbody tr")
    with serve(HTMX_URL=htmx_url, DATABASE_URL=database) as address:
        page.goto(f"{address}{USAGE}?sort=-used")
        rows.first.locator(".expander").click()
        expect(rows.nth(1)).to_have_attribute("data-depth", "1")
        row = "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used\nNew,C-1,,SSL,DV,1,9999\n"
        flask("import", "customer-usage", "-", says=row, DATABASE_URL=database)
        page.locator("#results .expander[aria-expanded=false]").first.press("Enter")
        expect(rows.first.locator("a").first).to_have_text("New")
        expect(rows.nth(1)).not_to_have_attribute("data-depth", "1")
        expect(page.locator("#results .expander[aria-expanded=true]")).to_have_count(2)
        expect(page.get_by_role("alert")).to_be_empty()
