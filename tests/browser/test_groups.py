"""Grouping a report: the fields, a group that opens, and the way to its rows."""

import re

from playwright.sync_api import Page, expect

from tests.browser.conftest import expect_loaded


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
    page.locator("#results tbody a[target]").first.click()
    expect(page).to_have_url(re.compile(r"\?from=.*&to=.*&action="))
    page.go_back()
    page.locator("#choose-group").click()
    page.locator("#reset-group").click()
    expect(page).to_have_url(re.compile(r"customer-transactions\?period=this-year$"))
    expect(page.locator("#group-label")).to_have_text("Group by")
    expect(page.locator("#group-0")).to_have_value("")
    expect(page.locator("#th-customer")).to_be_visible()
