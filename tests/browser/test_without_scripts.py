"""Everything also works as plain HTML: with scripts off, and when htmx can't be loaded."""

import re
import socket
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.serving import Serve

USAGE = "/reports/customer-usage"


Open = Callable[[str], Page]


@pytest.fixture(scope="module")
def address(serve: Serve) -> Iterator[str]:
    """A server whose htmx address answers nothing."""
    with serve(HTMX_URL="/static/gone.js") as address:
        yield address


@pytest.fixture(params=["scripts off", "no htmx"])
def opened(request: pytest.FixtureRequest, new_context: Callable[..., BrowserContext], address: str) -> Open:
    """Opens a path in a browser without scripts, and in one that can't load htmx."""
    page = new_context(java_script_enabled=request.param == "no htmx").new_page()

    def go(path: str) -> Page:
        page.goto(address + path)
        return page

    return go


pytestmark = pytest.mark.provokes("404", "gone.js")


def address_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/htmx.min.js"


def test_an_address_of_htmx_that_keeps_silent_is_waited_for_3_seconds(
    serve: Serve, new_context: Callable[..., BrowserContext]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, serve(HTMX_URL=address_of(silent)) as address:
        page = new_context().new_page()
        page.goto(address + USAGE, wait_until="commit")
        expect(page.get_by_role("button", name="Apply")).to_be_visible()
        page.locator("#sort-used").click()
        expect(page.locator("#th-used")).to_have_attribute("aria-sort", "ascending")
        page.context.close()


def test_sorting_and_paging_are_links(opened: Open) -> None:
    plain = opened("/reports/customer-transactions")
    plain.locator("#sort-cost").click()
    expect(plain.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")
    plain.locator("#next").click()
    expect(plain.locator("#count")).to_have_text("51–100 of 900 rows")
    plain.locator("#last").click()
    expect(plain.locator("#count")).to_have_text("851–900 of 900 rows")


def test_pictures_take_no_room_until_the_link_to_them_is_followed(opened: Open) -> None:
    page = opened("/reports/customer-transactions")
    expect(page.locator(".charts")).to_be_hidden()
    page.get_by_role("link", name="Show sums and pictures").click()
    expect(page.locator(".charts figure").first).to_be_visible()


def test_filters_are_a_form(opened: Open) -> None:
    plain = opened("/reports/customer-transactions?sort=cost")
    plain.locator("#action").select_option("Cancel")
    plain.get_by_role("button", name="Apply").click()
    expect(plain).to_have_url(re.compile("action=Cancel"))
    expect(plain.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")
    assert set(plain.locator("tbody tr td:nth-child(7)").all_inner_texts()) == {"Cancel"}


def test_enter_in_the_search_field_searches(opened: Open) -> None:
    plain = opened(USAGE)
    plain.locator("#q").fill("zzz-nothing")
    plain.locator("#q").press("Enter")
    expect(plain.locator("#count")).to_have_text("No rows")


def test_rows_open_and_close_two_levels_deep(opened: Open) -> None:
    plain = opened(USAGE)
    plain.locator(".expander").first.click()
    kind = plain.locator('tr[data-depth="1"]').first
    expect(kind).to_be_visible()
    kind.locator(".expander").click()
    expect(plain.locator('tr[data-depth="2"]').first).to_be_visible()
    plain.locator(".expander").first.click()
    expect(plain.locator('tr[data-depth="1"]')).to_have_count(0)
    expect(plain).to_have_url(re.compile(f"{USAGE}$"))


def test_columns_are_shown_hidden_and_moved(opened: Open) -> None:
    plain = opened("/reports/customer-subscriptions")
    plain.get_by_text("Columns", exact=True).click()
    plain.get_by_role("checkbox", name="Status").check()
    plain.get_by_role("checkbox", name="Reseller").uncheck()
    plain.get_by_role("button", name="Show these columns").click()
    expect(plain.locator("#th-status")).to_be_visible()
    expect(plain.locator("#th-reseller")).to_have_count(0)
    plain.get_by_text("Columns", exact=True).click()
    plain.get_by_role("button", name="Move Status towards the front").click()
    expect(plain.locator("thead th").nth(2)).to_have_text("Status")
    expect(plain).not_to_have_url(re.compile("move="))
