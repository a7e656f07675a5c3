"""Without a usable response of the server the table stays, and the alert says why."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import LEAVER, SignIn, expect_loaded, expect_sign_in, submit_sign_in
from tests.browser.faulty_proxy import FaultyProxy, proxy_to
from tests.browser.intents import choose_option, expect_agreement, settle
from tests.browser.test_sign_in import expire

USAGE = "/reports/customer-usage"
FRAGMENT = re.compile(r"/reports/customer-(usage|transactions)(/rows)?\?")
OURS = {"X-Request-ID": "0"}
PAGE = "<!doctype html><html><head><title>Elsewhere</title></head><body><h1>Log in to the network</h1></body></html>"
MESSAGE = '<p class="alert">Said <button form="filters">Try again</button></p>'

ANSWERS: dict[str, Callable[[Route], None]] = {
    "503 of ours": lambda route: route.fulfill(status=503, headers=OURS, body=MESSAGE, content_type="text/html"),
    "404 of ours": lambda route: route.fulfill(status=404, headers=OURS, body=MESSAGE, content_type="text/html"),
    "502 of a proxy": lambda route: route.fulfill(status=502, body=PAGE, content_type="text/html"),
    "200 of a hotel": lambda route: route.fulfill(status=200, body=PAGE, content_type="text/html"),
    "200 of nothing": lambda route: route.fulfill(status=200, body=""),
    "connection reset": lambda route: route.abort("connectionreset"),
    "no answer in time": lambda route: None,
}
ERRORS = ("status of 40", "status of 50", "ERR_", "Failed to fetch", "htmx:error", "AbortError", "aborted", "timeout")
pytestmark = pytest.mark.provokes(*ERRORS)


@pytest.fixture
def proxy(base_url: str) -> Iterator[FaultyProxy]:
    with proxy_to(base_url) as proxy:
        yield proxy


def rows(page: Page) -> list[str]:
    return page.locator("#results tbody tr").all_inner_texts()


def expect_unchanged(page: Page, before: list[str], says: str | re.Pattern[str]) -> None:
    """The alert has the message, no request is under way, and the rows are the same."""
    expect(page.get_by_role("alert")).to_contain_text(says)
    expect(page.locator(".htmx-request")).to_have_count(0)
    assert rows(page) == before
    expect(page).to_have_title(re.compile("^Customer "))


def expect_recovered(page: Page) -> None:
    expect(page.get_by_role("alert")).to_be_empty()
    expect(page.locator(".htmx-request")).to_have_count(0)


@pytest.mark.parametrize("answer", ["503 of ours", "200 of a hotel"])
def test_unusable_response_changes_nothing(page: Page, answer: str) -> None:
    check_unusable_response(page, answer)


def check_unusable_response(page: Page, answer: str) -> None:
    page.goto(f"{USAGE}?q=a&open=1")
    expect_loaded(page)
    if answer == "no answer in time":
        page.evaluate("htmx.config.defaultTimeout = 300")
    before, address = rows(page), page.url
    page.route(FRAGMENT, ANSWERS[answer])
    says = "Said" if "ours" in answer else "The server doesn't answer"
    for control in ("#sort-used", ".expander >> nth=0"):
        page.locator(control).click()
        expect_unchanged(page, before, says)
    choose_option(page)
    expect_unchanged(page, before, says)
    assert page.url == address
    page.unroute(FRAGMENT)
    page.evaluate("htmx.config.defaultTimeout = 30000")
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page).to_have_url(re.compile("reseller=-"))
    expect_recovered(page)
    expect(page.locator("body")).not_to_be_focused()


def test_try_again_after_half_a_fragment(page: Page, proxy: FaultyProxy) -> None:
    page.goto(f"{proxy.address}/reports/customer-transactions")
    expect_loaded(page)
    before = rows(page)
    proxy.limit = 8000
    choose_option(page, "action", "Renew")
    expect_unchanged(page, before, "The server doesn't answer")
    proxy.limit = -1
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#chip-action")).to_be_visible()
    expect_recovered(page)


def test_offline_keeps_the_table(page: Page) -> None:
    page.goto(f"{USAGE}?columns=customer&columns=used&columns=available")
    expect_loaded(page)
    before = rows(page)
    page.context.set_offline(True)
    for control in ("#next", "#sort-used", ".expander >> nth=0"):
        page.locator(control).click()
        expect_unchanged(page, before, "The server doesn't answer")
    page.locator("#q").fill("gm")
    settle(page)
    expect_unchanged(page, before, "The server doesn't answer")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#chip-q")).to_be_visible()
    expect_recovered(page)
    assert expect_agreement(page).keys() == {"sort", "q", "open", "columns"}


SELF_LOADING = [(USAGE, "Show sums"), ("/reports", "Show what needs attention")]


def test_failed_totals_leave_a_link(sign_in: SignIn, demo_folder: Path) -> None:
    check_self_loading_fault(sign_in(LEAVER), demo_folder, *SELF_LOADING[0], "signed out")


def test_failed_attention_leaves_a_link(sign_in: SignIn, demo_folder: Path) -> None:
    check_self_loading_fault(sign_in(LEAVER), demo_folder, *SELF_LOADING[1], "connection reset")


def check_self_loading_fault(tab: Page, demo_folder: Path, path: str, link: str, fault: str) -> None:
    """A part that loads by itself fails: the page stays, with a link to the part in its place."""

    def fail(route: Route) -> None:
        if fault == "signed out":
            expire(demo_folder)
            route.continue_()
        else:
            ANSWERS[fault](route)

    part = re.compile("/(totals|attention)")
    tab.route(part, fail)
    tab.goto(path)
    expect(tab.get_by_role("link", name=link)).to_be_visible()
    expect(tab).to_have_url(re.compile(f"{path}$"))
    expect(tab.get_by_role("alert")).to_be_empty()
    tab.unroute(part)
    tab.get_by_role("link", name=link).click()
    if fault == "signed out":
        expect_sign_in(tab)
        submit_sign_in(tab, LEAVER)
    expect(tab.get_by_role("heading", level=1)).to_have_text(re.compile("^(Summary of|Needs attention)"))
