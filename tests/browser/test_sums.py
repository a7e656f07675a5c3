"""Sums and pictures in Chromium: after the page, of its view, by keyboard, and without scripts."""

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from app.reports import REPORTS
from tests.browser.conftest import VIEWER, SignIn
from tests.browser.test_accessibility import LAPTOP, PHONE, check, dress, seen

__all__ = ["dress", "seen"]

TRANSACTIONS = "/reports/customer-transactions"


def counted(page: Page) -> int:
    """The number of rows as the bar above the table has it."""
    return int(page.locator("#count strong").last.inner_text().replace(",", ""))


def told(words: str) -> list[str]:
    """A bar's name and numbers in words, without those that are nothing."""
    return [each for each in re.split("[:,] ", words) if not re.search(r" 0(\.00)?$", each)]


@pytest.mark.parametrize("slug", REPORTS)
def test_sums_come_after_the_page_and_are_of_all_its_rows(page: Page, slug: str) -> None:
    page.goto(f"/reports/{slug}?size=25")
    foot = page.locator("tfoot tr").last
    expect(foot).to_contain_text(re.compile(r"All [\d,]+ rows"))
    assert f"All {counted(page):,} rows" in foot.inner_text()
    expect(page.locator("#charts svg").first).to_be_visible()


def test_the_table_does_not_wait_for_its_sums(page: Page) -> None:
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/summary**", hold)
    page.goto(TRANSACTIONS)
    page.locator("#sort-total").click()
    expect(page.locator("#th-total")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("tfoot th")).to_have_count(0)
    asked[-1].continue_()
    expect(page.locator("tfoot th")).not_to_have_count(0)


def test_sums_are_asked_for_again_only_when_the_rows_are_others(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/summary" in request.url else None)
    page.goto(TRANSACTIONS)
    expect(page.locator("tfoot tr")).to_have_count(5)
    for name in ("#sort-total", "#sort-cost", "#next", "#size-100"):
        page.locator(name).click()
        expect(page.locator("#results")).not_to_have_class(re.compile("htmx-request"))
        expect(page.locator("tfoot tr")).to_have_count(5)
    expect(page).to_have_url(re.compile("size=100"))
    assert len(asked) == 1
    page.locator("#action").select_option("Renew")
    expect(page.locator("tfoot tr")).to_have_count(2)
    expect(page.locator("#charts .legend-item").first).to_have_text("Renew")
    assert len(asked) == 2
    page.locator(".column-chooser summary").click()
    page.get_by_role("checkbox", name="Cost", exact=True).uncheck()
    expect(page.locator("tfoot tr").last).to_contain_text("Cost")
    expect(page.locator("tfoot tr").last.locator(".total-text")).to_be_visible()


@pytest.mark.parametrize("slug", REPORTS)
def test_a_bar_leads_by_keyboard_to_the_rows_that_it_counted(page: Page, slug: str) -> None:
    page.goto(f"/reports/{slug}")
    bar = page.locator("#charts svg").first.locator("a").last
    words = bar.get_attribute("aria-label") or ""
    href = bar.get_attribute("href") or ""
    bar.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(href)))
    assert {key for key, _ in parse_qsl(urlsplit(page.url).query)} in ({"from", "to"}, {"certificate_type"})
    expect(page.locator("#charts svg a")).to_have_count(1 if slug != "customer-transactions" else 2)
    assert told(page.locator("#charts svg a").first.get_attribute("aria-label") or "") == told(words)
    if slug == "customer-subscriptions":
        assert sum(int(number) for number in re.findall(r"(\d+)(?:,|$)", words)) == counted(page)


def test_a_slim_bar_shows_how_much_of_an_inventory_is_used(page: Page) -> None:
    page.goto("/reports/customer-usage?sort=-used")
    row = page.locator("#results tbody tr", has=page.locator("meter")).first
    inventory, _, used = (cell.split()[-1].replace(",", "") for cell in row.locator("td.num").all_inner_texts())
    meter = row.locator("meter")
    assert (meter.get_attribute("value"), meter.get_attribute("max")) == (used, inventory)
    expect(meter).to_be_visible()
    page.goto("/reports/customer-usage?columns=used")
    expect(page.locator("meter")).to_have_count(0)


def test_a_bar_s_numbers_stand_in_a_table_too(page: Page) -> None:
    page.goto(TRANSACTIONS)
    page.locator(".as-table summary").first.click()
    table = page.locator(".as-table table").first
    expect(table).to_be_visible()
    cells = table.locator("tbody tr").first.locator("td").all_inner_texts()
    words = page.locator("#charts svg :is(a, g)").first.get_attribute("aria-label") or ""
    assert all(cell in words for cell in cells)


def test_on_a_phone_sums_are_read_without_scrolling_and_the_picture_is_closed(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(TRANSACTIONS)
    said = page.locator("tfoot tr").last.locator(".total-text")
    expect(said).to_be_visible()
    box = said.bounding_box()
    assert box
    assert box["x"] + box["width"] <= PHONE["width"]
    expect(page.locator("#charts")).to_be_hidden()
    page.locator(".charts > summary").click()
    expect(page.locator("#charts svg").first).to_be_visible()


def test_a_picture_is_slim(page: Page) -> None:
    page.set_viewport_size(LAPTOP)
    for slug in REPORTS:
        page.goto(f"/reports/{slug}")
        expect(page.locator("#charts svg").first).to_be_visible()
        box = page.locator(".charts").bounding_box()
        assert box
        assert box["height"] <= 160


def test_a_viewer_of_usage_has_sums_and_no_picture(sign_in: SignIn) -> None:
    tab = sign_in(VIEWER)
    tab.goto("/reports/customer-usage")
    expect(tab.locator("tfoot tr")).to_have_count(1)
    expect(tab.locator(".charts")).to_be_hidden()


def test_without_scripts_a_link_leads_to_them(new_context: Callable[..., BrowserContext]) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{TRANSACTIONS}?action=Renew")
    page.get_by_role("link", name="Show sums and pictures").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sums of the Customer Transactions Report")
    expect(page.locator(".panel tbody tr")).to_have_count(2)
    expect(page.locator(".charts svg")).to_have_count(2)
    page.get_by_role("link", name="Customer Transactions Report").click()
    expect(page).to_have_url(re.compile(r"customer-transactions\?action=Renew$"))


@pytest.mark.parametrize("path", ["", "?q=nothing+like+it", "/summary", "/summary?q=nothing+like+it"])
@pytest.mark.parametrize("slug", REPORTS)
def test_sums_and_pictures_have_no_violation(seen: Page, slug: str, path: str) -> None:
    seen.goto(f"/reports/{slug}{path}")
    seen.wait_for_load_state("networkidle")
    if seen.locator(".charts:not([open]) > summary").count():
        seen.locator(".charts > summary").click()
    for each in seen.locator(".as-table summary").all():
        each.click()
    check(seen)
