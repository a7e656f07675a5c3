"""Reports on paper: all columns on A4 and Letter, with numbers, ids and dates in one piece."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Page

from app.reports import REPORTS
from tests.browser.conftest import expect_loaded
from tests.support import in_trials

PAPERS = {"A4": (595, 842), "Letter": (612, 792)}  # in points
MARGINS = 2 * 28.3  # 10 mm on each side
PIXELS = 96 / 72  # a point
# The texts that leave their cell or the paper, and the numbers, ids and dates that take two lines.
MISPLACED_TEXTS = """() => {
  const paper = document.documentElement.clientWidth, texts = [], range = document.createRange();
  for (const cell of document.querySelectorAll("th, td")) {
    const walker = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode, holder = text.parentElement;
      if (!text.data.trim() || holder.closest(".visually-hidden")) continue;
      range.selectNodeContents(text);
      const lines = [...range.getClientRects()], right = Math.min(cell.getBoundingClientRect().right, paper) + 0.5;
      const isWhole = holder.closest("td.number, .id, .nowrap, time, .badge");
      if (lines.some((line) => line.right > right) || (isWhole && new Set(lines.map((line) => line.top)).size > 1))
        texts.push(text.data.slice(0, 50));
    }
  }
  return texts;
}"""


def check_paper(page: Page) -> dict[str, tuple[int, int]]:
    """Check that all texts of the open page's table fit on each paper. Return its sides as they lie, by its name."""
    is_wide = page.locator("thead th").count() >= 7
    papers = {name: (max(sides), min(sides)) if is_wide else sides for name, sides in PAPERS.items()}
    page.emulate_media(media="print")
    for name, (width, height) in papers.items():
        page.set_viewport_size({"width": int((width - MARGINS) * PIXELS), "height": int((height - MARGINS) * PIXELS)})
        assert page.evaluate(MISPLACED_TEXTS) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
    return papers


def page_sizes(page: Page, paper: str) -> list[tuple[float, ...]]:
    """Print the open page, and return the width and the height of each of the pages on paper."""
    pdf = page.pdf(format=paper, prefer_css_page_size=True).decode("latin-1")
    return [tuple(map(float, size)) for size in re.findall(r"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)]


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.parametrize("are_all", [True, *in_trials(False)], ids=["all columns", "default columns"])
def test_every_column_is_on_the_paper(page: Page, slug: str, are_all: bool) -> None:
    columns = [("columns", column.key) for column in REPORTS[slug].columns if are_all]
    page.goto(f"/reports/{slug}/print?{urlencode([*columns, ('q', 'c-1001')])}")
    assert page.locator("tbody tr").count() > 5
    for name, sides in check_paper(page).items():
        sizes = page_sizes(page, name)
        assert sizes
        assert all(size == pytest.approx(sides, abs=2) for size in sizes)


def test_report_page_prints_its_rows(page: Page) -> None:
    page.goto("/reports/customer-transactions?size=25&period=this-year&columns=transaction_id&columns=cost")
    expect_loaded(page)
    check_paper(page)
    shown = page.locator("main").inner_text()
    assert page.locator("tbody tr").count() == 25
    assert "1–25 of" in shown, "tells that there are more"
    for text in ("Date: This year", "Data as of", "All "):
        assert text in shown
    for text in ("Export", "Filters", "Next", "Clear all"):
        assert text not in shown


def test_heads_are_on_each_page_and_totals_once(page: Page) -> None:
    page.goto("/reports/customer-usage/print?open=all")
    page.emulate_media(media="print")
    styles = "[...document.querySelectorAll('thead, tfoot, tbody tr')].map(element => getComputedStyle(element))"
    displays = page.evaluate(f"[...new Set({styles}.map(style => style.display))].sort()")
    assert displays == ["table-header-group", "table-row", "table-row-group"]
    assert page.evaluate(f"{styles}[1].breakInside") == "avoid"
    edges = [
        page.locator(f"tbody tr{depth} > th > [dir]").first.evaluate("name => name.getBoundingClientRect().left")
        for depth in (":not([data-depth])", "[data-depth='1']", "[data-depth='2']")
    ]
    assert edges[0] < edges[1] < edges[2], "rows inside a row are indented"
