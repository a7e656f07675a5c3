"""What a person sees when a click meets no server, half an answer or one that isn't ours: their table, and why."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import LEAVER, SignIn, expect_sign_in, expect_whole, give
from tests.browser.front import Front, fronted
from tests.browser.test_sign_in import expire
from tests.serving import Serve

USAGE = "/reports/customer-usage"
FRAGMENT = re.compile(r"/reports/customer-(usage|transactions)(/rows)?\?")
OURS = {"X-Request-ID": "0"}
PAGE = "<!doctype html><html><head><title>Elsewhere</title></head><body><h1>Log in to the network</h1></body></html>"
SAID = '<p class="alert">Said <button form="filters">Try again</button></p>'

ANSWERS: dict[str, Callable[[Route], None]] = {
    "503 of ours": lambda route: route.fulfill(status=503, headers=OURS, body=SAID, content_type="text/html"),
    "404 of ours": lambda route: route.fulfill(status=404, headers=OURS, body=SAID, content_type="text/html"),
    "502 of a proxy": lambda route: route.fulfill(status=502, body=PAGE, content_type="text/html"),
    "200 of a hotel": lambda route: route.fulfill(status=200, body=PAGE, content_type="text/html"),
    "200 of nothing": lambda route: route.fulfill(status=200, body=""),
    "connection reset": lambda route: route.abort("connectionreset"),
    "no answer in time": lambda route: None,
}
PROVOKED = ("status of 40", "status of 50", "ERR_", "Failed to fetch", "htmx:error", "AbortError", "aborted", "timeout")
pytestmark = pytest.mark.provokes(*PROVOKED)


@pytest.fixture
def front(base_url: str) -> Iterator[Front]:
    with fronted(base_url) as front:
        yield front


def rows(page: Page) -> list[str]:
    return page.locator("#results tbody tr").all_inner_texts()


def expect_kept(page: Page, before: list[str], says: str | re.Pattern[str]) -> None:
    """The alert says so, nothing waits any more, and the rows are the same."""
    expect(page.get_by_role("alert")).to_contain_text(says)
    expect(
        page.locator(".htmx-request, [aria-busy=true], #main :disabled:not([type=checkbox], [name=open])")
    ).to_have_count(0)
    assert rows(page) == before
    expect(page).to_have_title(re.compile("^Customer "))


def expect_recovered(page: Page) -> None:
    expect(page.get_by_role("alert")).to_be_empty()
    expect(page.locator(".htmx-request")).to_have_count(0)


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_no_fragment_changes_nothing_and_the_next_click_works(page: Page, answer: str) -> None:
    page.goto(f"{USAGE}?q=a&open=1")
    expect_whole(page)
    page.evaluate("htmx.config.defaultTimeout = 300")
    before, address = rows(page), page.url
    page.route(FRAGMENT, ANSWERS[answer])
    says = "Said" if "ours" in answer else "The server doesn't answer"
    for control in ("#sort-used", ".expander >> nth=0"):
        page.locator(control).click()
        expect_kept(page, before, says)
    page.locator("#reseller").select_option("-")
    expect_kept(page, before, says)
    assert page.url == address
    page.unroute(FRAGMENT)
    page.evaluate("htmx.config.defaultTimeout = 30000")
    page.get_by_role("button", name="Try again").press("Enter")
    expect(page).to_have_url(re.compile("reseller=-"))
    expect_recovered(page)
    expect(page.locator("body")).not_to_be_focused()


def test_half_a_fragment_changes_nothing_and_try_again_brings_all_of_it(page: Page, front: Front) -> None:
    page.goto(f"{front.address}/reports/customer-transactions")
    expect_whole(page)
    before = rows(page)
    front.most = 8000
    page.locator("#action").select_option("Renew")
    expect_kept(page, before, "The server doesn't answer")
    front.most = -1
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#chip-action")).to_be_visible()
    expect_recovered(page)


def test_offline_is_said_and_nothing_waits_or_is_lost(page: Page) -> None:
    page.goto(f"{USAGE}?columns=customer&columns=used&columns=available")
    expect_whole(page)
    before = rows(page)
    page.context.set_offline(True)
    for control in ("#sort-used", "#next", ".expander >> nth=0"):
        page.locator(control).click()
        expect_kept(page, before, "The server doesn't answer")
        expect(page.get_by_role("button", name="Try again")).to_have_count(0)
    page.locator("#q").fill("gm")
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    expect_kept(page, before, "The server doesn't answer")
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("#chip-q")).to_be_visible()
    expect_recovered(page)
    page.locator("#sort-used").click()
    expect(page).to_have_url(re.compile("sort=used&q=gm"))


def test_a_restart_between_two_clicks_is_noticed_only_by_whom_it_signs_out(
    page: Page, front: Front, serve: Serve, htmx_url: str, folder: Path
) -> None:
    page.goto(f"{front.address}{USAGE}?sort=-used")
    expect_whole(page)
    before = rows(page)
    front.to = ""
    page.locator("#reseller").select_option("-")
    expect_kept(page, before, "The server doesn't answer")
    with serve(HTMX_URL=htmx_url) as front.to:
        page.get_by_role("button", name="Try again").click()
        expect(page).to_have_url(re.compile(r"\?sort=-used&reseller=-$"))
        expect_recovered(page)
    with serve(HTMX_URL=htmx_url, SECRET_KEY="another secret than before " * 2) as front.to:
        page.locator("#sort-available").click()
        expect_sign_in(page)
        give(page, LEAVER)
        expect(page).to_have_url(f"{front.address}{USAGE}?sort=-used&reseller=-")
        expect(page.locator("#th-used")).to_have_attribute("aria-sort", "descending")
        page.context.clear_cookies()


@pytest.mark.parametrize("fault", ["signed out", "502 of a proxy", "503 of ours", "connection reset"])
@pytest.mark.parametrize(
    ("path", "link"), [(USAGE, "Show sums and pictures"), ("/reports", "Show what needs attention")]
)
def test_what_loads_by_itself_leaves_a_person_where_they_are(
    sign_in: SignIn, folder: Path, path: str, link: str, fault: str
) -> None:
    def meanwhile(route: Route) -> None:
        if fault == "signed out":
            expire(folder)
            route.continue_()
        else:
            ANSWERS[fault](route)

    tab = sign_in(LEAVER)
    part = re.compile("/(summary|attention)")
    tab.route(part, meanwhile)
    tab.goto(path)
    expect(tab.get_by_role("link", name=link)).to_be_visible()
    expect(tab).to_have_url(re.compile(f"{path}$"))
    expect(tab.get_by_role("alert")).to_be_empty()
    tab.unroute(part)
    tab.get_by_role("link", name=link).click()
    if fault == "signed out":
        expect_sign_in(tab)
        give(tab, LEAVER)
    expect(tab.get_by_role("heading", level=1)).to_have_text(re.compile("^(Sums of|Needs attention)"))
