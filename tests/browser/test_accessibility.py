"""axe finds nothing to complain of: every page, light, dark and small, with rows open and the chooser open."""

from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize

LAPTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PAGES = [
    "/reports",
    "/reports/customer-subscriptions?columns=customer&columns=status&columns=cost",
    "/reports/customer-transactions",
    "/reports/customer-usage",
    "/reports/customer-usage?columns=product&columns=used&columns=over_inventory&sort=-over_inventory",
    "/reports/customer-usage?q=nothing+like+it",
]


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> Literal["light", "dark"]:
    return "dark" if request.param == "dark" else "light"


@pytest.fixture(params=[LAPTOP, PHONE], ids=["laptop", "phone"])
def seen(request: pytest.FixtureRequest, page: Page, scheme: Literal["light", "dark"]) -> Page:
    page.set_viewport_size(request.param)
    page.emulate_media(color_scheme=scheme)
    return page


def check(page: Page) -> None:
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_violation(seen: Page, path: str) -> None:
    seen.goto(path)
    check(seen)


def test_open_rows_and_the_open_chooser_have_no_violation(seen: Page) -> None:
    seen.goto("/reports/customer-usage?sort=-over_inventory&columns=over_inventory&columns=used")
    seen.locator(".expander").first.click()
    seen.locator('tr[data-depth="1"] .expander').first.click()
    seen.locator('tr[data-depth="2"]').first.wait_for()
    seen.locator(".chooser summary").click()
    check(seen)


@pytest.mark.provokes("400", "404")
@pytest.mark.parametrize("path", ["/reports/customer-usage?size=1&sort=x", "/reports/none"])
def test_a_refusal_has_no_violation(seen: Page, path: str) -> None:
    seen.goto(path)
    check(seen)
