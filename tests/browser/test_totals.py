"""Totals and charts load after the page and follow its view."""

import re
from urllib.parse import parse_qsl, urlsplit

from playwright.sync_api import Page, Route, expect

from tests.browser.test_accessibility import PHONE

TRANSACTIONS = "/reports/customer-transactions"


def row_count(page: Page) -> int:
    """Return the number of rows that the toolbar shows."""
    return int(page.locator("#count strong").last.inner_text().replace(",", ""))


def nonzero_parts(words: str) -> list[str]:
    """Return the name and the numbers of a bar's description, without zeros."""
    return [part for part in re.split("[:,] ", words) if not re.search(r" 0(\.00)?$", part)]


def test_totals_are_of_all_rows(page: Page) -> None:
    check_totals(page, "customer-usage")


def check_totals(page: Page, slug: str) -> None:
    page.goto(f"/reports/{slug}?size=25")
    foot = page.locator("tfoot tr").last
    expect(foot).to_contain_text(re.compile(r"All [\d,]+ rows"))
    assert f"All {row_count(page):,} rows" in foot.inner_text()
    expect(page.locator("#charts svg").first).to_be_visible()


def test_table_does_not_wait_for_totals(page: Page) -> None:
    requests: list[Route] = []

    def hold(route: Route) -> None:
        requests.append(route)

    page.route("**/summary**", hold)
    page.goto(TRANSACTIONS)
    page.locator("#sort-total").click()
    expect(page.locator("#th-total")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("tfoot th")).to_have_count(0)
    requests[-1].continue_()
    expect(page.locator("tfoot th")).not_to_have_count(0)


def test_totals_load_again_only_for_other_rows(page: Page) -> None:
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url) if "/summary" in request.url else None)
    page.goto(TRANSACTIONS)
    expect(page.locator("tfoot tr")).to_have_count(5)
    for name in ("#sort-total", "#sort-cost", "#next", "#size-100"):
        page.locator(name).click()
        expect(page.locator("#results")).not_to_have_class(re.compile("htmx-request"))
        expect(page.locator("tfoot tr")).to_have_count(5)
    expect(page).to_have_url(re.compile("size=100"))
    assert len(requests) == 1
    page.locator("#action").select_option("Renew")
    expect(page.locator("tfoot tr")).to_have_count(2)
    expect(page.locator("#charts .legend-item").first).to_have_text("Renew")
    assert len(requests) == 2
    page.locator(".column-chooser summary").click()
    page.get_by_role("checkbox", name="Cost", exact=True).uncheck()
    expect(page.locator("tfoot tr").last).to_contain_text("Cost")
    expect(page.locator("tfoot tr").last.locator(".total-text")).to_be_visible()


def test_bar_links_to_the_rows_that_it_counts(page: Page) -> None:
    check_bar(page, "customer-transactions")


def check_bar(page: Page, slug: str) -> None:
    page.goto(f"/reports/{slug}")
    bar = page.locator("#charts svg").first.locator("a").last
    words = bar.get_attribute("aria-label") or ""
    href = bar.get_attribute("href") or ""
    bar.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(href)))
    assert {key for key, _ in parse_qsl(urlsplit(page.url).query)} in ({"from", "to"}, {"certificate_type"})
    expect(page.locator("#charts svg a")).to_have_count(1 if slug != "customer-transactions" else 2)
    assert nonzero_parts(page.locator("#charts svg a").first.get_attribute("aria-label") or "") == nonzero_parts(words)
    if slug == "customer-subscriptions":
        assert sum(int(number) for number in re.findall(r"(\d+)(?:,|$)", words)) == row_count(page)


def test_totals_fit_a_phone_and_charts_are_closed(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(TRANSACTIONS)
    label = page.locator("tfoot tr").last.locator(".total-text")
    expect(label).to_be_visible()
    box = label.bounding_box()
    assert box
    assert box["x"] + box["width"] <= PHONE["width"]
    expect(page.locator("#charts")).to_be_hidden()
    page.locator(".charts > summary").click()
    expect(page.locator("#charts svg").first).to_be_visible()
