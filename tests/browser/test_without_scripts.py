"""Reports work as plain HTML: with scripts off, and when htmx can't be loaded."""

import re
import socket
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.browser.conftest import Open
from tests.serving import Serve

USAGE = "/reports/customer-usage"

pytestmark = pytest.mark.provokes("404", "gone.js")
both_modes = pytest.mark.parametrize("open_plain", ["scripts off", "no htmx"], indirect=True)


def address_of(server: socket.socket) -> str:
    return f"http://127.0.0.1:{server.getsockname()[1]}/htmx.min.js"


def test_controls_appear_when_htmx_does_not_respond(serve: Serve, new_context: Callable[..., BrowserContext]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, serve(HTMX_URL=address_of(silent)) as address:
        page = new_context().new_page()
        page.goto(address + USAGE, wait_until="commit")
        expect(page.get_by_role("button", name="Apply")).to_be_visible()
        page.locator("#sort-used").click()
        expect(page.locator("#th-used")).to_have_attribute("aria-sort", "ascending")
        page.context.close()


def test_sorting_and_paging_are_links(open_plain: Open) -> None:
    plain = open_plain("/reports/customer-transactions")
    plain.locator("#sort-cost").click()
    expect(plain.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")
    plain.locator("#next").click()
    expect(plain.locator("#count")).to_have_text("51–100 of 900 rows")
    plain.locator("#last").click()
    expect(plain.locator("#count")).to_have_text("851–900 of 900 rows")


def test_link_leads_to_totals_and_charts(open_plain: Open) -> None:
    page = open_plain("/reports/customer-transactions")
    page.get_by_role("link", name="Show sums").click()
    expect(page.get_by_role("region", name="Sums").locator("tbody tr")).to_have_count(5)
    expect(page.locator("figure")).to_have_count(3)
    page.locator(".chart a").first.click()
    expect(page).to_have_url(re.compile(r"/customer-transactions\?from="))


@both_modes
def test_filters_are_a_form(open_plain: Open) -> None:
    plain = open_plain("/reports/customer-transactions?sort=cost")
    plain.locator("#action").select_option("Cancel")
    plain.get_by_role("button", name="Apply").click()
    expect(plain).to_have_url(re.compile("action=Cancel"))
    expect(plain.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")
    assert set(plain.locator("tbody tr td:nth-child(7)").all_inner_texts()) == {"Cancel"}


@both_modes
def test_rows_open_and_close_two_levels_deep(open_plain: Open) -> None:
    plain = open_plain(USAGE)
    plain.locator(".expander").first.click()
    kind = plain.locator('tr[data-depth="1"]').first
    expect(kind).to_be_visible()
    kind.locator(".expander").click()
    expect(plain.locator('tr[data-depth="2"]').first).to_be_visible()
    plain.locator(".expander").first.click()
    expect(plain.locator('tr[data-depth="1"]')).to_have_count(0)
    expect(plain).to_have_url(re.compile(f"{USAGE}$"))


def test_columns_are_shown_hidden_and_moved(open_plain: Open) -> None:
    plain = open_plain("/reports/customer-subscriptions")
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
