"""Reports work as plain HTML: with scripts off, and when htmx can't be loaded."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.test_reports import TRANSACTIONS, USAGE, column, expect_range
from tests.support import csv_rows, in_trials

pytestmark = pytest.mark.provokes("404", "gone.js")


def apply(page: Page, popover: str) -> None:
    page.locator(popover).get_by_role("button", name="Apply").click()


def test_controls_appear_when_htmx_does_not_respond(page: Page, address_without_htmx: str) -> None:
    page.route("**/gone.js", lambda route: None)
    page.goto(address_without_htmx + USAGE, wait_until="commit")
    expect(page.get_by_role("button", name="Apply")).to_be_visible()
    assert page.evaluate("document.readyState") == "interactive", "the page waits for htmx"
    page.locator("#sort-used").click()
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", "ascending")


def test_headings_pager_sizes_and_chips_are_links(open_plain: Open) -> None:
    plain = open_plain(f"{TRANSACTIONS}?action=Inventory&q=-")
    plain.locator("#chip-q").click()
    expect(plain.locator("#chip-q")).to_have_count(0)
    plain.locator("#chip-action").click()
    expect(plain.locator("#chips")).to_have_text("No filters")
    plain.locator("#sort-cost").click()
    expect(plain.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")
    for link, there in (("next", "51–100"), ("last", "851–900"), ("previous", "801–850"), ("first", "1–50")):
        plain.locator(f"#{link}").click()
        expect_range(plain, f"{there} of 900")
    plain.locator("#choose-size").click()
    plain.locator("#size-25").click()
    expect_range(plain, "1–25 of 900")
    expect(plain.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")


def test_link_leads_to_totals_and_charts(open_plain: Open) -> None:
    page = open_plain(TRANSACTIONS)
    page.get_by_role("link", name="Show sums").click()
    expect(page.get_by_role("region", name="Sums").locator("tbody tr")).to_have_count(5)
    expect(page.locator("figure")).to_have_count(2)
    page.locator(".chart a").first.click()
    expect(page).to_have_url(re.compile(r"/customer-transactions\?from="))


@pytest.mark.parametrize("open_plain", ["scripts off", *in_trials("no htmx")], indirect=True)
def test_filters_are_a_form(open_plain: Open) -> None:
    plain = open_plain(f"{TRANSACTIONS}?sort=cost")
    plain.locator("#q").fill("c-")
    plain.locator("#choose-filters").click()
    plain.locator("#action").select_option("Cancel")
    apply(plain, "#more-filters")
    expect(plain).to_have_url(re.compile(r"\?sort=cost&q=c-&action=Cancel$"))
    assert set(column(plain, "action")) == {"Cancel"}
    plain.locator("#choose-period").click()
    plain.get_by_role("radio", name="This year").check()
    apply(plain, "#period-menu")
    expect(plain).to_have_url(re.compile(r"\?sort=cost&q=c-&period=this-year&action=Cancel$"))
    plain.locator("#choose-period").click()
    plain.locator("#from").fill("2026-01-15")
    apply(plain, "#period-menu")
    expect(plain).to_have_url(re.compile(r"\?sort=cost&q=c-&from=2026-01-15&action=Cancel$"))
    plain.locator("#choose-period").click()
    plain.get_by_role("radio", name="Last year", exact=True).check()
    apply(plain, "#period-menu")
    expect(plain).to_have_url(re.compile("period=last-year"))
    expect(plain.locator("#from")).to_have_value("")


@pytest.mark.parametrize("open_plain", ["no htmx", *in_trials("scripts off")], indirect=True)
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


def test_columns_are_shown_hidden_moved_and_reset(open_plain: Open) -> None:
    plain = open_plain("/reports/customer-subscriptions")
    plain.locator("#choose-columns").click()
    plain.get_by_role("checkbox", name="Status").check()
    plain.get_by_role("checkbox", name="Reseller").uncheck()
    apply(plain, "#column-chooser")
    expect(plain.locator("#th-status")).to_be_visible()
    expect(plain.locator("#th-reseller")).to_have_count(0)
    plain.wait_for_load_state()
    ids: list[str] = plain.locator("thead th").evaluate_all("all => all.map(heading => heading.id)")
    plain.locator("#choose-columns").click()
    plain.get_by_role("button", name="Move Status up").click()
    expect(plain.locator("thead th").nth(ids.index("th-status") - 1)).to_have_attribute("id", "th-status")
    expect(plain).not_to_have_url(re.compile("move="))
    plain.locator("#choose-columns").click()
    plain.get_by_role("button", name="Reset").click()
    expect(plain).to_have_url(re.compile("/customer-subscriptions$"))


def test_export_and_a_saved_view_have_what_the_boxes_say(open_plain: Open) -> None:
    plain, name = open_plain(f"{TRANSACTIONS}?action=Cancel"), f"View {uuid4()}"
    with plain.expect_download() as download:
        plain.locator("#export").click()
    rows = csv_rows(download.value.path().read_bytes())[1:]
    assert {row[6] for row in rows} == {"Cancel"}
    expect(plain.locator("#count")).to_have_text(f"{len(rows)} rows")
    plain.locator("#choose-save").click()
    plain.locator("#save-view #name").fill(name)
    plain.locator("#save-view").get_by_role("button", name="Save").click()
    saved = plain.get_by_role("navigation", name="Saved views").get_by_role("link", name=name)
    expect(saved).to_have_attribute("aria-current", "page")
    assert set(column(plain, "action")) == {"Cancel"}
