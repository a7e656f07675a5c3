"""Grouping a report: the fields, a group that opens, and the way to its rows; and what Clear and Reset leave."""

import re

from playwright.sync_api import Page, expect

from app.reports import REPORTS
from tests.browser.conftest import expect_loaded
from tests.browser.intents import expect_agreement, set_latency, settle, traverse, type_text


def test_report_is_grouped_and_ungrouped(page: Page) -> None:
    page.goto("/reports/customer-transactions?period=this-year")
    page.get_by_role("button", name="Group by").click()
    page.locator("#group-0").select_option("month")
    expect(page).to_have_url(re.compile(r"\?group=month&period=this-year$"))
    page.locator("#group-1").select_option("action")
    expect(page).to_have_url(re.compile(r"\?group=month&group=action&period=this-year$"))
    expect(page.locator("#group-label")).to_have_text("Group: Month, Action")
    page.keyboard.press("Escape")
    expect_loaded(page)
    page.locator(".expander[name=toggle]").nth(1).click()
    expect(page.get_by_role("table", name="Rows of the group")).to_be_visible()
    page.get_by_title("Show these rows").first.click()
    expect(page).to_have_url(re.compile(r"\?from=.*&to=.*&action="))
    page.go_back()
    page.locator("#choose-group").click()
    page.locator("#reset-group").click()
    expect(page).to_have_url(re.compile(r"customer-transactions\?period=this-year$"))
    expect(page.locator("#group-label")).to_have_text("Group by")
    expect(page.locator("#group-0")).to_have_value("")
    expect(page.locator("#th-customer")).to_be_visible()


def test_what_is_typed_holds_for_the_rows_of_a_group(page: Page) -> None:
    page.goto("/reports/customer-transactions?group=action&columns=action&columns=cost&columns=rows&sort=-rows")
    expect_loaded(page)
    entries = page.evaluate("history.length")
    set_latency(page, 150)
    type_text(page, "#q", "gmbh")
    page.get_by_title("Show these rows").last.click()
    settle(page)
    assert expect_agreement(page).keys() == {"q", "action"}
    assert page.evaluate("history.length") == entries + 1
    set_latency(page, 0)
    traverse(page, "back")
    expect(page.locator("#group-0")).to_have_value("action")


def test_choice_right_after_clear_is_kept(page: Page) -> None:
    page.goto("/reports/customer-transactions?group=month&group=action")
    expect_loaded(page)
    set_latency(page, 150)
    page.locator("#choose-group").click()
    page.locator("#reset-group").click()
    page.locator("#group-0").select_option("user")
    settle(page)
    assert expect_agreement(page) == {"group": ["user"]}


def test_tick_right_after_reset_is_kept(page: Page) -> None:
    page.goto("/reports/customer-usage?columns=customer&columns=used&columns=reseller")
    expect_loaded(page)
    set_latency(page, 150)
    page.locator("#choose-columns").click()
    page.locator("#down-used").click()
    page.locator("#reset-columns").click()
    page.locator("#column-list [value=used]").uncheck()
    settle(page)
    columns = expect_agreement(page)["columns"]
    assert columns == [column.key for column in REPORTS["customer-usage"].default_columns if column.key != "used"]


def test_numbers_of_groups_fit_their_columns(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("/reports/customer-usage?group=product")
    expect(page.locator("td .badge").first).to_contain_text("some over by")
    fits = "cells => cells.every(cell => cell.scrollWidth <= cell.clientWidth)"
    assert page.locator("#results td.number").evaluate_all(fits)
