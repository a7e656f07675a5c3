"""Totals and charts load after the page and follow its view."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.intents import settle, traverse
from tests.browser.test_accessibility import PHONE, check

TRANSACTIONS = "/reports/customer-transactions"


def row_count(page: Page) -> int:
    """Return the number of rows that the status bar shows."""
    return int(page.locator("#count b").inner_text().replace(",", ""))


def open_summary(page: Page) -> Locator:
    """Show the charts, and return their figures."""
    page.locator("label:has(#summary-on)").click()
    figures = page.locator(".summary figure")
    expect(figures.first).to_be_visible()
    return figures


def number(text: str) -> float:
    return float(text.replace(",", ""))


def requests_of(page: Page, ending: str) -> list[str]:
    """Return a list that grows with the addresses of requests whose path has this ending."""
    urls: list[str] = []
    page.on(
        "request", lambda request: urls.append(request.url) if urlsplit(request.url).path.endswith(ending) else None
    )
    return urls


# ------------------------------------------------------------------ totals


def test_totals_are_of_all_rows(page: Page) -> None:
    check_totals(page, "customer-usage")


def check_totals(page: Page, slug: str) -> None:
    page.goto(f"/reports/{slug}?size=25")
    foot = page.locator("tfoot tr").last
    expect(foot).to_contain_text(re.compile(r"All [\d,]+ rows"))
    assert f"All {row_count(page):,} rows" in foot.inner_text()


def test_table_does_not_wait_for_totals(page: Page) -> None:
    requests: list[Route] = []
    page.route("**/totals**", lambda route: requests.append(route))  # noqa: PLW0108 (Playwright marks its handlers)
    with page.expect_request("**/totals**"):
        page.goto(TRANSACTIONS)
    page.locator("#sort-total").click()
    expect(page.locator("#th-total")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator("tfoot tr")).to_have_count(1)
    requests[-1].continue_()
    expect(page.locator("tfoot tr")).to_have_count(5)


def test_totals_and_charts_load_again_only_for_other_rows(page: Page) -> None:
    totals, summaries = requests_of(page, "/totals"), requests_of(page, "/summary")
    page.goto(TRANSACTIONS)
    expect(page.locator("tfoot tr")).to_have_count(5)
    assert not summaries  # the charts are closed
    figures = open_summary(page)
    for name, change in (("#sort-total", "sort=total"), ("#sort-cost", "sort=cost"), ("#next", "after=")):
        page.locator(name).click()
        expect(page).to_have_url(re.compile(change))
        expect(page.locator("tfoot tr")).to_have_count(5)
        expect(figures).to_have_count(2)
    assert (len(totals), len(summaries)) == (1, 1)
    page.locator(".legend", has_text="Renew").first.click()
    expect(page.locator("tfoot tr")).to_have_count(2)
    expect(figures.first.locator(".legend")).to_have_text(["Renew"])
    assert parse_qs(urlsplit(page.url).query) == {"sort": ["cost"], "action": ["Renew"]}
    assert (len(totals), len(summaries)) == (2, 2)


# ------------------------------------------------------------------ charts


@pytest.mark.slow_trial
def test_charts_are_drawn_again_after_back_and_forward(page: Page) -> None:
    page.goto(TRANSACTIONS)
    figures = open_summary(page)
    pictures = {page.url: figures.first.inner_html()}
    for name in ("#sort-total", "#next"):
        page.locator(name).click()
        expect(page).not_to_have_url(list(pictures)[-1])
        settle(page, 50)
        pictures[page.url] = figures.first.inner_html()
    page.locator(".chart a").nth(3).click()
    expect(page.locator(".chart")).to_have_count(0)
    expect(figures).to_have_count(2)
    pictures[page.url] = figures.first.inner_html()
    urls = list(pictures)
    for direction, expected in (("back", urls[-2::-1]), ("forward", urls[1:])):
        for url in expected:
            traverse(page, direction)
            expect(page).to_have_url(url)
            expect(figures).to_have_count(2)
            assert figures.first.inner_html() == pictures[url]


def test_a_column_leads_to_its_rows_and_keeps_the_rest(page: Page) -> None:
    check_bar(page, "customer-transactions")


def check_bar(page: Page, slug: str) -> None:
    """Press a bar after another order was chosen, and expect its number among the totals."""
    page.goto(f"/reports/{slug}")
    figures = open_summary(page)
    page.locator("thead [id^=sort]").nth(1).click()
    expect(page).to_have_url(re.compile("sort="))
    bar = figures.first.locator(".chart a").last if slug != "customer-usage" else figures.first.locator("th a").first
    words = bar.get_attribute("aria-label") or bar.locator("xpath=..").get_attribute("title") or ""
    bar.focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("(from|certificate_type)="))
    query = parse_qs(urlsplit(page.url).query)
    assert query.keys() in ({"sort", "from", "to"}, {"sort", "certificate_type"})
    expect(page.locator("tfoot .no-script")).to_have_count(0)
    (expected,) = re.findall(r": (-?[\d,.]+)(?:;| of|$)", words)
    if slug == "customer-subscriptions":
        assert row_count(page) == number(expected)
    else:
        sums = page.locator("tfoot tr").last.locator("td").all_inner_texts()
        assert number(expected) in [number(text) for text in sums if re.fullmatch(r"-?[\d,.]+", text)]


def test_a_column_shows_its_number_on_focus_and_has_a_table(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?reseller=-")
    figure = open_summary(page).nth(1)
    value = figure.locator(".chart a").first.locator(".value")
    expect(value).to_have_css("opacity", "0")
    figure.locator(".legend").last.focus()
    page.keyboard.press("Tab")
    expect(value).to_have_css("opacity", "1")
    page.mouse.move(0, 0)
    figure.get_by_role("button", name="as a table").click()
    for cells in figure.get_by_role("table").locator("tbody tr").all():
        *parts, total = map(number, cells.locator("td").all_inner_texts())
        assert sum(parts) == total
    check(page)
    page.keyboard.press("Escape")
    expect(figure.get_by_role("table")).to_have_count(0)
    expect(figure.get_by_role("button")).to_be_focused()


@pytest.mark.slow_trial
@pytest.mark.parametrize("query", ["?q=nothing+like+it", "?period=this-month"])
def test_charts_of_little_have_no_violation(page: Page, query: str) -> None:
    page.goto(TRANSACTIONS + query)
    open_summary(page)
    expect(page.locator(".chart")).to_have_count(0)
    check(page)


def test_charts_stay_open_and_fit_a_phone(page: Page) -> None:
    page.set_viewport_size(PHONE)
    page.goto(TRANSACTIONS)
    expect(page.locator(".summary")).to_be_hidden()
    figures = open_summary(page)
    page.reload()
    expect(figures).to_have_count(2)
    for figure in figures.all():
        assert figure.evaluate("each => each.scrollWidth <= each.clientWidth")
