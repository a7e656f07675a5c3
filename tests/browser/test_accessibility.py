"""axe finds no violation on any page, in light and dark colors, on a laptop and a phone."""

from typing import Literal
from uuid import uuid4

import pytest
from axe_playwright_python.base import AXE_SCRIPT, AxeResults
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.conftest import RESELLER, expect_loaded, submit_sign_in
from tests.strategies import are_trials
from tests.support import in_trials

LAPTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
PAGES = [
    "/reports",
    "/reports/customer-transactions?customer=C-10019",
    *in_trials(
        "/reports/customer-usage?columns=product&columns=used&columns=over_inventory&sort=-over_inventory&q=c-1001",
        "/reports/customer-usage?q=nothing+like+it",
        "/reports/customer-usage?group=reseller&group=certificate_type",
        "/reports/customer-transactions?group=month&group=action&period=this-year&open=2026-01.Inventory",
        "/reports/customer-subscriptions?period=this-year&status=Active&reseller=-&sort=end&q=c-100",
    ),
    "/reports/customer-transactions/summary?q=c-1001",
    "/reports/customer-usage/print?open=all&q=c-1001",
    "/customers?customer=C-10019",
    "/account",
    "/audit",
    "/imports",
    "/deliveries",
]

# axe doesn't check target-size by default; Lighthouse does. A list of the rules that pass would take long to build.
ALL_RULES = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
CONTRAST_ONLY = {"runOnly": ["color-contrast"], "resultTypes": ["violations"]}
ALL_BUT_CONTRAST = {
    "rules": {"target-size": {"enabled": True}, "color-contrast": {"enabled": False}},
    "resultTypes": ["violations"],
}
# Dark mode changes colors alone, and a phone has the same colors: each is checked for what it changes.
Mode = tuple[ViewportSize, Literal["light", "dark"], object]
LIGHT: Mode = (LAPTOP, "light", ALL_RULES)
MODES: list[Mode] = [(LAPTOP, "dark", CONTRAST_ONLY), LIGHT, (PHONE, "light", ALL_BUT_CONTRAST)]


def check(page: Page, in_all_modes: bool = False) -> None:
    """Check the page as it is now, and leave it as wide as it was. Trials check each page in all modes."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    before = page.viewport_size
    for size, scheme, rules in MODES if in_all_modes or are_trials() else [LIGHT]:
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        found = AxeResults(page.evaluate("rules => axe.run(document, rules)", rules))
        assert found.violations_count == 0, f"{size} {scheme}: {found.generate_report()}"
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    if before:
        page.set_viewport_size(before)


@pytest.mark.parametrize("path", PAGES)
def test_page_has_no_violation(page: Page, path: str) -> None:
    page.goto(path)
    if page.locator("tfoot").count() and not page.locator(".empty").count():
        expect_loaded(page)
    check(page)


def test_open_rows_have_no_violation(page: Page) -> None:
    page.goto("/reports/customer-usage?sort=-over_inventory&columns=over_inventory&columns=used&q=c-1001&open=all")
    expect_loaded(page)
    check(page, in_all_modes=True)


@pytest.mark.provokes("400")
def test_error_page_has_no_violation(page: Page) -> None:
    page.goto("/reports/customer-usage?size=1&sort=x")
    check(page)


@pytest.mark.provokes("400", "401")
def test_sign_in_has_no_violation(stranger: Page) -> None:
    stranger.goto("/login")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.locator(".error")).to_have_count(2)
    check(stranger)
    submit_sign_in(stranger, "nobody@partner.example")
    expect(stranger.locator("#form-error")).to_be_visible()
    check(stranger)


@pytest.mark.provokes("400")
def test_adding_and_disabling_a_user_has_no_violation(page: Page) -> None:
    page.goto("/users")
    page.get_by_role("radio", name="One reseller").check()
    page.get_by_role("button", name="Add user").click()
    expect(page.locator(".error")).to_have_count(3)
    check(page)
    page.get_by_label("Email").fill(f"{uuid4()}@partner.example")
    page.get_by_role("radio", name="Viewer").check()
    page.get_by_label("Reseller", exact=True).fill(RESELLER)
    page.get_by_role("button", name="Add user").click()
    expect(page.locator(".secret")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Disable").click()
    expect(page.locator(".notice")).to_have_text("This person can't sign in any more.")
    check(page)
