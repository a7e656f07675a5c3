"""Filters: chips, periods and days, links to ids and to the other reports."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_reports import SLOW, column

SUBSCRIPTIONS = "/reports/customer-subscriptions"
TRANSACTIONS = "/reports/customer-transactions"
USAGE = "/reports/customer-usage"


def test_chip_removes_its_filter(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?q=c-&reseller=-&action=Cancel")
    page.locator("#chip-reseller").click()
    expect(page).to_have_url(re.compile(r"\?q=c-&action=Cancel$"))
    expect(page.locator("#reseller")).to_have_value("")
    expect(page.locator("#q")).to_have_value("c-")
    expect(page.locator("#action")).to_have_value("Cancel")
    expect(page.locator(".chip")).to_have_text(["Remove filter Search: c-", "Remove filter Action: Cancel"])
    page.locator("#chip-q").click()
    expect(page.locator("#q")).to_have_value("")
    page.go_back()
    expect(page.locator("#q")).to_have_value("c-")
    expect(page.locator("#chip-q")).to_be_visible()
    page.go_back()
    expect(page.locator("#reseller")).to_have_value("-")


def test_chips_by_keyboard(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?q=c-&reseller=-&action=Cancel")
    page.locator("#chip-reseller").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(2)
    expect(page.locator("#chip-q")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator("#chip-action")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#scroll")).to_be_focused()
    expect(page).to_have_url(re.compile(f"{TRANSACTIONS}$"))
    expect(page.locator("#live")).to_contain_text("of 900 rows")


def test_clear_all_filters(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?status=Active&period=this-year&q=a&sort=-cost")
    page.get_by_role("link", name="Clear all").press("Enter")
    expect(page).to_have_url(re.compile(rf"{SUBSCRIPTIONS}\?sort=-cost$"))
    for key in ("status", "period", "q"):
        expect(page.locator(f"#{key}")).to_have_value("")
    expect(page.locator("#scroll")).to_be_focused()
    page.go_back()
    expect(page.locator("#status")).to_have_value("Active")


def test_typing_survives_a_removed_filter(page: Page) -> None:
    page.add_init_script(SLOW)
    page.goto(f"{TRANSACTIONS}?action=Cancel")
    page.locator("#chip-action").click()
    page.locator("#customer").fill("C-10")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#action")).to_have_value("")
    expect(page.locator("#customer")).to_have_value("C-10")


def test_period_and_days_replace_each_other(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?from=2026-01-01&to=2026-12-31")
    page.get_by_label("End in").select_option("Next 90 days")
    expect(page).to_have_url(re.compile(r"\?period=next-90-days$"))
    expect(page.get_by_label("End from")).to_have_value("")
    expect(page.get_by_label("End to")).to_have_value("")
    page.get_by_label("End from").fill("2026-05-05")
    page.get_by_label("End from").press("Tab")
    expect(page).to_have_url(re.compile(r"\?from=2026-05-05$"))
    expect(page.get_by_label("End in")).to_have_value("")
    page.get_by_label("End in").select_option("This year")
    expect(page).to_have_url(re.compile(r"\?period=this-year$"))
    expect(page.get_by_label("End from")).to_have_value("")
    expect(page.locator("#alert")).to_be_empty()
    page.go_back()
    expect(page.get_by_label("End from")).to_have_value("2026-05-05")
    expect(page.get_by_label("End in")).to_have_value("")
    page.get_by_label("End in").select_option("Today")
    expect(page).to_have_url(re.compile(r"\?period=today$"))


def test_links_to_other_reports_keep_filters(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?period=this-year&reseller=-")
    page.get_by_role("navigation", name="Reports").get_by_role("link", name="Customer Subscriptions").click()
    expect(page).to_have_url(re.compile(rf"{SUBSCRIPTIONS}\?reseller=-&period=this-year$"))
    page.locator("#reseller").select_option("")
    expect(page.get_by_role("link", name="Customer Transactions")).to_have_attribute(
        "href", f"{TRANSACTIONS}?period=this-year"
    )
    first = column(page, "subscription_id")[0]
    page.get_by_role("link", name=first, exact=True).click()
    expect(page).to_have_url(re.compile(rf"{TRANSACTIONS}\?subscription={first}$"))
    assert set(column(page, "subscription_id")) == {first}
    customer = column(page, "customer_id")[0]
    page.get_by_role("link", name=customer, exact=True).first.click()
    expect(page).to_have_url(re.compile(rf"/customers\?customer={customer}$"))


def test_an_end_is_told_beside_its_date(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?period=next-90-days&sort=end")
    for end in column(page, "end"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d (today|tomorrow|in \d+ days)", end)


def test_chips_and_reports_fit_a_phone(new_context: Callable[..., BrowserContext], base_url: str) -> None:
    page = new_context(has_touch=True).new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{base_url}{SUBSCRIPTIONS}?q={'x' * 200}&period=this-year&status=Active")
    expect(page.locator(".chip")).to_have_count(3)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for each in page.locator(".chip").all():
        box = each.bounding_box()
        assert box
        assert box["height"] >= 32
    page.locator("#chip-q").tap()
    expect(page.locator(".chip")).to_have_count(2)
