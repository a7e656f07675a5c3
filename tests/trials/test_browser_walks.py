"""Walks in Chromium over every report, fault, width and step. tests/browser takes one or two of each."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.reports import REPORTS
from tests.browser.conftest import (
    LEAVER,
    SignIn,
    address_without_htmx,
    admin_session,
    base_url,
    browser_context_args,
    browser_errors,
    browser_type_launch_args,
    demo_folder,
    expect_loaded,
    expect_sign_in,
    htmx_url,
    new_context,
    open_plain,
    page,
    serve,
    shared_context,
    sign_in,
    submit_sign_in,
)
from tests.browser.faulty_proxy import FaultyProxy, proxy_to
from tests.browser.intents import choose_option, open_popover
from tests.browser.test_accessibility import LAPTOP, check
from tests.browser.test_faults import (
    ANSWERS,
    ERRORS,
    SELF_LOADING,
    USAGE,
    check_self_loading_fault,
    check_unusable_response,
    expect_recovered,
    expect_unchanged,
    rows,
)
from tests.browser.test_odd_names import PATHS, address, check_names, tab
from tests.browser.test_reports import check_sorting
from tests.browser.test_sign_in import STEPS, check_expired_session
from tests.browser.test_totals import check_bar, check_totals, open_summary
from tests.serving import Serve

__all__ = [
    "address",
    "address_without_htmx",
    "admin_session",
    "base_url",
    "browser_context_args",
    "browser_errors",
    "browser_type_launch_args",
    "demo_folder",
    "htmx_url",
    "new_context",
    "open_plain",
    "page",
    "serve",
    "shared_context",
    "sign_in",
    "tab",
]

pytestmark = pytest.mark.slow_trial


@pytest.fixture
def proxy(base_url: str) -> Iterator[FaultyProxy]:
    with proxy_to(base_url) as proxy:
        yield proxy


@pytest.mark.parametrize("slug", REPORTS)
def test_headings_sort_on_every_report(page: Page, slug: str) -> None:
    check_sorting(page, slug, 3)


@pytest.mark.parametrize("slug", REPORTS)
def test_totals_and_bars(page: Page, slug: str) -> None:
    check_totals(page, slug)
    check_bar(page, slug)


@pytest.mark.parametrize("slug", REPORTS)
def test_default_columns_fit_a_laptop_and_charts_are_low(page: Page, slug: str) -> None:
    page.set_viewport_size(LAPTOP)
    page.goto(f"/reports/{slug}")
    expect_loaded(page)
    assert page.locator("#scroll").evaluate("region => region.scrollWidth <= region.clientWidth")
    open_summary(page)
    box = page.locator(".summary").bounding_box()
    assert box
    assert box["height"] <= 270


@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.parametrize("path", ["?size=200", "/summary", "/summary?q=nothing+like+it", "/print?q=c-1"])
def test_every_report_has_no_violation(page: Page, slug: str, path: str) -> None:
    page.goto(f"/reports/{slug}{path}")
    page.wait_for_load_state("networkidle")
    check(page)


@pytest.mark.parametrize("path", PATHS, ids=range(len(PATHS)))
def test_names_do_not_break_any_page(tab: Page, address: str, path: str) -> None:
    check_names(tab, address + path)


@pytest.mark.provokes(*ERRORS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_every_unusable_response_changes_nothing(page: Page, answer: str) -> None:
    check_unusable_response(page, answer)


@pytest.mark.provokes(*ERRORS)
@pytest.mark.parametrize("fault", ["signed out", "502 of a proxy", "503 of ours", "connection reset"])
@pytest.mark.parametrize(("path", "link"), SELF_LOADING)
def test_every_self_loading_fault_leaves_a_link(
    sign_in: SignIn, demo_folder: Path, path: str, link: str, fault: str
) -> None:
    check_self_loading_fault(sign_in(LEAVER), demo_folder, path, link, fault)


@pytest.mark.provokes("401")
@pytest.mark.parametrize("step", STEPS)
def test_every_step_after_the_session_leads_to_sign_in(sign_in: SignIn, demo_folder: Path, step: str) -> None:
    check_expired_session(sign_in(LEAVER), demo_folder, step)


@pytest.mark.provokes(*ERRORS)
def test_restart_between_two_clicks(page: Page, proxy: FaultyProxy, serve: Serve, htmx_url: str) -> None:
    page.goto(f"{proxy.address}{USAGE}?sort=-used")
    expect_loaded(page)
    before = rows(page)
    proxy.target = ""
    choose_option(page)
    expect_unchanged(page, before, "The server doesn't answer")
    with serve(HTMX_URL=htmx_url) as proxy.target:
        page.get_by_role("button", name="Try again").click()
        expect(page).to_have_url(re.compile(r"\?sort=-used&reseller=-$"))
        expect_recovered(page)
    with serve(HTMX_URL=htmx_url, SECRET_KEY="another secret than before " * 2) as proxy.target:
        page.locator("#sort-available").click()
        expect_sign_in(page)
        submit_sign_in(page, LEAVER)
        expect(page).to_have_url(f"{proxy.address}{USAGE}?sort=-used&reseller=-")
        expect(page.locator("#th-used")).to_have_attribute("aria-sort", "descending")
        page.context.clear_cookies()


def test_two_tabs_choose_columns(sign_in: SignIn) -> None:
    one = sign_in(LEAVER)
    tabs = {one: "Reseller", one.context.new_page(): "Cost"}
    for opened in tabs:
        opened.goto("/reports/customer-subscriptions")
        expect_loaded(opened)
        open_popover(opened, "#choose-columns", "#column-chooser")
    for opened, label in tabs.items():
        opened.get_by_role("checkbox", name=label, exact=True).uncheck()
    for opened, label in tabs.items():
        expect(opened.get_by_role("columnheader", name=label)).to_have_count(0)
        opened.reload()
        headings = opened.locator("#results thead").inner_text()
        assert [other in headings for other in ("Reseller", "Cost")] == [label != "Reseller", label != "Cost"]
    one.goto("/reports/customer-subscriptions")
    expect(one.locator("#th-reseller, #th-cost")).to_have_count(2)


def test_sign_out_everywhere_ends_another_browser(sign_in: SignIn) -> None:
    here, there = sign_in(LEAVER), sign_in(LEAVER)
    there.goto("/reports")
    here.goto("/account")
    here.get_by_role("button", name="Sign out everywhere").click()
    expect_sign_in(here)
    there.get_by_role("navigation", name="Main").get_by_role("link", name="Usage").click()
    expect_sign_in(there)
