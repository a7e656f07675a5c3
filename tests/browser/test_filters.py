"""Filters: chips, periods and days, links of cells, to ids and to the other reports."""

import re
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.intents import choose_option, choose_period, traverse
from tests.browser.test_reports import TRANSACTIONS, USAGE, column

SUBSCRIPTIONS = "/reports/customer-subscriptions"


def test_chip_removes_its_filter(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?q=c-&reseller=-&action=Cancel")
    expect(page.locator("#filter-count")).to_have_text("2")
    page.locator("#chip-reseller").click()
    expect(page).to_have_url(re.compile(r"\?q=c-&action=Cancel$"))
    expect(page.locator("#reseller")).to_have_value("")
    expect(page.locator("#q")).to_have_value("c-")
    expect(page.locator("#action")).to_have_value("Cancel")
    expect(page.locator(".chip")).to_have_text(["Remove filter Search: c-", "Remove filter Action: Cancel"])
    expect(page.locator("#filter-count")).to_have_text("1")
    page.locator("#chip-q").click()
    expect(page.locator("#q")).to_have_value("")
    traverse(page, "back")
    expect(page.locator("#q")).to_have_value("c-")
    expect(page.locator("#chip-q")).to_be_visible()
    traverse(page, "back")
    expect(page.locator("#reseller")).to_have_value("-")


def test_chips_by_keyboard(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?q=c-&reseller=-&action=Cancel")
    page.locator("#chip-reseller").focus()
    for left, focused in ((2, "#chip-q"), (1, "#chip-action"), (0, "#scroll")):
        page.keyboard.press("Enter")
        expect(page.locator(".chip")).to_have_count(left)
        expect(page.locator(focused)).to_be_focused()
    expect(page.locator("#chips")).to_have_text("No filters")
    expect(page).to_have_url(re.compile(f"{TRANSACTIONS}$"))
    expect(page.locator("#live")).to_contain_text("of 900 rows")


def test_clear_all_filters(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?status=Active&period=this-year&q=a&sort=-cost")
    page.get_by_role("link", name="Clear all").press("Enter")
    expect(page).to_have_url(re.compile(rf"{SUBSCRIPTIONS}\?sort=-cost$"))
    for key in ("status", "q"):
        expect(page.locator(f"#{key}")).to_have_value("")
    expect(page.locator("[name=period][value='']")).to_be_checked()
    expect(page.locator("#period-label")).to_have_text("End: Any time")
    expect(page.locator("#scroll")).to_be_focused()


def test_nothing_matches(page: Page) -> None:
    page.goto(f"{USAGE}?q=nothing+like+it")
    expect(page.locator("#count")).to_have_text("No rows")
    page.get_by_role("link", name="Clear filters").click()
    expect(page.locator("#count")).to_have_text("60 rows")
    expect(page.locator("#q")).to_have_value("")


def test_period_and_days_replace_each_other(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?from=2026-01-01&to=2026-12-31")
    first, label, period = page.locator("#from"), page.locator("#period-label"), page.locator("[name=period]:checked")
    expect(label).to_have_text("End: 2026-01-01 – 2026-12-31")
    choose_period(page, "next-90-days")
    expect(page).to_have_url(re.compile(r"\?period=next-90-days$"))
    expect(label).to_have_text("End: Next 90 days")
    for day in (first, page.locator("#to")):
        expect(day).to_have_value("")
    first.fill("2026-05-05")
    expect(page).to_have_url(re.compile(r"\?from=2026-05-05$"))
    expect(period).to_have_count(0)
    choose_period(page)
    expect(page).to_have_url(re.compile(r"\?period=this-year$"))
    expect(first).to_have_value("")
    expect(page.locator("#period-menu")).to_be_visible()
    expect(page.locator("#alert")).to_be_empty()
    traverse(page, "back")
    expect(first).to_have_value("2026-05-05")
    expect(period).to_have_count(0)
    choose_period(page, "today")
    expect(page).to_have_url(re.compile(r"\?period=today$"))


def test_links_to_other_reports_keep_filters(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?period=this-year&reseller=-")
    main = page.get_by_role("navigation", name="Main")
    main.get_by_role("link", name="Subscriptions").click()
    expect(page).to_have_url(re.compile(rf"{SUBSCRIPTIONS}\?reseller=-&period=this-year$"))
    choose_option(page, "reseller", "")
    expect(main.get_by_role("link", name="Transactions")).to_have_attribute("href", f"{TRANSACTIONS}?period=this-year")
    page.keyboard.press("Escape")
    first = column(page, "subscription_id")[0]
    page.get_by_role("link", name=first, exact=True).click()
    expect(page).to_have_url(re.compile(rf"{TRANSACTIONS}\?subscription={first}$"))
    assert set(column(page, "subscription_id")) == {first}
    customer = column(page, "customer_id")[0]
    page.get_by_role("link", name=customer, exact=True).first.click()
    expect(page).to_have_url(re.compile(rf"/customers\?customer={customer}$"))


def test_cells_filter_by_what_they_say(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?sort=cost")
    action = page.locator("#results tbody .filter-link a[href*='action=']").first
    said = action.inner_text()
    action.click()
    expect(page.locator("#chip-action")).to_have_text(f"Remove filter Action: {said}")
    expect(page.locator("#action")).to_have_value(said)
    assert set(column(page, "action")) == {said}
    expect(page).to_have_url(re.compile(rf"\?sort=cost&action={said.replace(' ', '.*')}$"))


def test_an_end_is_told_beside_its_date(page: Page) -> None:
    page.goto(f"{SUBSCRIPTIONS}?period=next-90-days&sort=end")
    for end in column(page, "end"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\d (today|tomorrow|in \d+ days)", end)


def test_chips_and_reports_fit_a_phone(new_context: Callable[..., BrowserContext], base_url: str) -> None:
    page = new_context(has_touch=True).new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{base_url}{SUBSCRIPTIONS}")
    toolbar = page.locator("#filters").bounding_box()
    page.goto(f"{base_url}{SUBSCRIPTIONS}?q={'x' * 200}&period=this-year&status=Active")
    expect(page.locator(".chip")).to_have_count(3)
    assert page.locator("#filters").bounding_box() == toolbar
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for each in page.locator(".chip").all():
        box = each.bounding_box()
        assert box
        assert box["height"] >= 32
    page.locator("#chip-q").tap()
    expect(page.locator(".chip")).to_have_count(2)
