"""Finding, in Chromium: chips, periods and days, links to ids and to the other reports."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_reports import SLOW, column
from tests.browser.test_without_scripts import Open, address, opened  # noqa: F401, fixtures

SUBSCRIPTIONS = "/reports/customer-subscriptions"
TRANSACTIONS = "/reports/customer-transactions"
USAGE = "/reports/customer-usage"


def test_a_chip_takes_its_filter_out_of_the_table_the_form_and_the_address(page: Page) -> None:
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


def test_chips_go_one_after_another_by_the_keyboard(page: Page) -> None:
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


def test_all_filters_go_at_once(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?status=Active&period=this-year&q=a&sort=-cost")
    page.get_by_role("link", name="Clear all").press("Enter")
    expect(page).to_have_url(re.compile(rf"{SUBSCRIPTIONS}\?sort=-cost$"))
    for key in ("status", "period", "q"):
        expect(page.locator(f"#{key}")).to_have_value("")
    expect(page.locator("#scroll")).to_be_focused()
    page.go_back()
    expect(page.locator("#status")).to_have_value("Active")


def test_what_is_being_typed_survives_a_removed_filter(page: Page) -> None:
    page.add_init_script(SLOW)
    page.goto(f"{TRANSACTIONS}?action=Cancel")
    page.locator("#chip-action").click()
    page.locator("#customer").fill("C-10")
    expect(page.locator(".chip")).to_have_count(0)
    expect(page.locator("#action")).to_have_value("")
    expect(page.locator("#customer")).to_have_value("C-10")


def test_a_number_that_comes_later_takes_no_focus(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?action=Renew")
    page.locator("#sort-cost").press("Enter")
    expect(page.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("#sort-cost")).to_be_focused()


def test_of_a_period_and_days_the_later_choice_counts(page: Page) -> None:
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


def test_status_and_usage_choose_what_they_say(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?columns=customer&columns=status")
    for status in ("Cancelled", "Ended", "Active"):
        page.locator("#status").select_option(status)
        expect(page.locator("#chip-status")).to_have_text(f"Remove filter Status: {status}")
        assert set(column(page, "status")) == {status}
    page.goto(f"{USAGE}?columns=over_inventory&columns=used")
    page.get_by_label("Usage", exact=True).select_option("Over inventory")
    expect(page.locator("#chip-usage")).to_be_visible()
    assert "0" not in column(page, "over_inventory")
    page.locator(".expander").first.click()
    expect(page.locator('#results tr[data-depth="1"]').first).to_be_visible()


def test_ids_and_other_reports_are_a_click_away_and_keep_who_and_when(page: Page) -> None:
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


@pytest.mark.provokes("404", "gone.js")
def test_chips_are_links_without_scripts(opened: Open) -> None:  # noqa: F811
    plain = opened(f"{TRANSACTIONS}?q=c-&action=Cancel")
    plain.locator("#chip-action").click()
    expect(plain).to_have_url(re.compile(r"\?q=c-$"))
    expect(plain.locator("#action")).to_have_value("")
    plain.locator("#chip-q").click()
    expect(plain).to_have_url(re.compile(f"{TRANSACTIONS}$"))


@pytest.mark.provokes("404", "gone.js")
def test_of_a_period_and_days_the_later_choice_counts_without_scripts(opened: Open) -> None:  # noqa: F811
    plain = opened(f"{SUBSCRIPTIONS}?from=2026-01-01")
    apply = plain.get_by_role("button", name="Apply")
    plain.get_by_label("End in").select_option("Next 90 days")
    apply.click()
    expect(plain).to_have_url(re.compile(r"\?period=next-90-days$"))
    expect(plain.get_by_label("End from")).to_have_value("")
    plain.get_by_label("End to").fill("2027-05-05")
    apply.click()
    expect(plain).to_have_url(re.compile(r"\?to=2027-05-05$"))
    expect(plain.get_by_label("End in")).to_have_value("")
    plain.get_by_label("End in").select_option("Today")
    plain.get_by_label("End from").fill("2026-05-05")
    apply.click()
    expect(plain).to_have_url(re.compile(r"\?period=today$"))
