"""From a customer to everything, what needs attention, and data that change between two clicks, in Chromium."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import provision
from tests.browser.conftest import ADMIN, PASSWORD, RESELLER, VIEWER, SignIn
from tests.browser.test_accessibility import check
from tests.browser.test_without_scripts import Open, address, opened  # noqa: F401, fixtures
from tests.serving import TODAY, flask, htmx_server, server, token

USAGE = "/reports/customer-usage"
TRANSACTIONS = "/reports/customer-transactions"


def heading(page: Page) -> str:
    return page.get_by_role("heading", level=1).inner_text()


def test_a_customers_page_is_reached_and_left_by_keyboard(page: Page) -> None:
    page.goto(USAGE)
    row = page.locator("#results tbody tr:has(.expander)").first
    name = row.locator(".expander").inner_text()
    row.locator(".expander").focus()
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name=f"Page of {name}", exact=True)
    expect(link).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    for title in ("Subscriptions", "Latest transactions", "Usage"):
        expect(page.get_by_role("heading", level=2, name=title)).to_be_visible()
    page.get_by_role("link", name="Latest transactions").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"{TRANSACTIONS}\?customer=C-"))
    assert set(page.locator("#results tbody th").all_inner_texts()) == {name}


def test_the_expander_still_opens_and_the_link_beside_it_does_not(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.click()
    expect(page.locator('tr[data-depth="1"]').first).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?open=\d+$"))
    expect(page.locator('tr[data-depth="1"] .customer-link')).to_have_count(0)


def test_a_name_leads_from_transactions_to_the_customer(page: Page) -> None:
    page.goto(TRANSACTIONS)
    name = page.locator("#results tbody th a").first.inner_text()
    page.locator("#results tbody th a").first.click()
    assert heading(page) == name
    page.locator(".customer-section .scroll a").first.click()
    expect(page).to_have_url(re.compile(r"\?subscription="))


def test_a_viewer_of_a_reseller_sees_a_customer_of_theirs(sign_in: SignIn, base_url: str) -> None:
    tab = sign_in(VIEWER)
    tab.goto(f"{base_url}{USAGE}")
    tab.locator("#results tbody th a").first.click()
    expect(tab.locator(".facts")).to_contain_text(RESELLER)
    expect(tab.get_by_text("Certificate Type")).to_have_count(0)


@pytest.mark.provokes("404")
def test_somebody_elses_customer_is_not_there(sign_in: SignIn, base_url: str, page: Page) -> None:
    page.goto(f"{base_url}{USAGE}?reseller=-")
    foreign = page.locator("#results tbody td a").first.inner_text()
    tab = sign_in(VIEWER)
    tab.goto(f"{base_url}/customers?customer={foreign}")
    assert heading(tab) == "There is no such customer."


# ------------------------------------------------------------------ needs attention


def test_what_needs_attention_comes_after_the_page_and_leads_to_its_rows(page: Page) -> None:
    page.goto("/reports")
    expect(page.locator("#attention-counts .attention-list li")).to_have_count(3)
    expect(page.locator("#attention-counts")).to_contain_text("Data as of")
    for number, link in enumerate(page.locator(".attention-list a").all()):
        shown = link.inner_text().split()[0]
        page.locator(".attention-list a").nth(number).click()
        expect(page.locator("#count")).to_contain_text(f"of {shown} row")
        page.go_back()
        expect(page.locator("#attention-counts .attention-list li")).to_have_count(3)


@pytest.mark.provokes("404", "gone.js")
def test_without_scripts_a_link_shows_what_needs_attention(opened: Open) -> None:  # noqa: F811
    plain = opened("/reports")
    plain.get_by_role("link", name="Show what needs attention").click()
    expect(plain.locator(".attention-list li")).to_have_count(3)
    assert heading(plain) == "Needs attention"


# ------------------------------------------------------------------ as of


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server on data of its own, and where they are."""
    database = f"sqlite:///{tmp_path / 'reports.db'}"
    flask("migrate", DATABASE_URL=database)
    sizes = ["--customers", "5", "--transactions", "60", "--seed", "7", "--today", TODAY]
    flask("demo", *sizes, DATABASE_URL=database)
    flask("user", "add", ADMIN, "--role", "admin", "--password-stdin", says=PASSWORD, DATABASE_URL=database)
    with htmx_server(provision.htmx().read_bytes()) as url, server(HTMX_URL=url, DATABASE_URL=database) as place:
        yield place, database


@pytest.mark.provokes("409")
def test_data_that_change_between_two_clicks_are_told_with_a_reload(
    own: tuple[str, str], new_context: Callable[..., BrowserContext]
) -> None:
    place, database = own
    page = new_context(session=token(place, ADMIN, PASSWORD)).new_page()
    page.goto(f"{place}{USAGE}?sort=-used")
    page.locator(".expander").first.click()
    expect(page.locator('tr[data-depth="1"]').first).to_be_visible()
    seen = page.url
    assert "as_of" not in seen
    row = "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used\nNew,C-1,,SSL,DV,1,9999\n"
    flask("import", "customer-usage", "-", says=row, DATABASE_URL=database)
    closed = page.locator('tr[data-depth="0"] .expander[aria-expanded=false]').first
    closed.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("The data has changed since this page was read.")
    expect(closed).to_have_attribute("aria-expanded", "false")
    expect(page).to_have_url(seen)
    check(page)
    page.get_by_role("link", name="Reload the report").click()
    expect(page).to_have_url(seen)
    expect(page.locator("#results tbody th .expander").first).to_have_text("New")
    expect(page.locator('tr[data-depth="1"]').first).to_be_visible()
    page.locator(".expander").first.click()
    expect(page.locator("#results tbody tr").nth(1)).to_have_attribute("data-depth", "1")
    expect(page.get_by_role("alert")).to_be_empty()


def test_after_a_sort_rows_open_on_the_data_that_the_sort_read(
    own: tuple[str, str], new_context: Callable[..., BrowserContext]
) -> None:
    place, database = own
    page = new_context(session=token(place, ADMIN, PASSWORD)).new_page()
    page.goto(f"{place}{USAGE}")
    row = "Customer,Customer ID,Reseller,Certificate Type,Product,Current Inventory,Used\nNew,C-1,,SSL,DV,1,9999\n"
    flask("import", "customer-usage", "-", says=row, DATABASE_URL=database)
    page.locator("#sort-used").click()
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", "ascending")
    page.locator("#usage").select_option("over")  # sends the form, to which the import is no business
    expect(page.locator("#chip-usage")).to_be_visible()
    page.locator(".expander").first.click()
    expect(page.locator('tr[data-depth="1"]').first).to_be_visible()
    expect(page.get_by_role("alert")).to_be_empty()
