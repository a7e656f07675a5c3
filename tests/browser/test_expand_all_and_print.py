"""Expand all, collapse all and print."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.intents import traverse

USAGE = "/reports/customer-usage?size=25&q=a"


def expect_all_open(page: Page) -> None:
    expect(page.locator('.expander[aria-expanded="true"]').first).to_be_visible()
    expect(page.locator('.expander[aria-expanded="false"]')).to_have_count(0)
    expect(page.locator('tr[data-depth="2"]').first).to_be_visible()


def test_expand_all_and_collapse_all(page: Page) -> None:
    page.goto(USAGE)
    page.locator("#expand-all").click()
    expect_all_open(page)
    expect(page).to_have_url(re.compile(r"open=all&q=a$"))
    page.reload()
    expect_all_open(page)
    page.locator("#collapse-all").press("Enter")
    expect(page.locator('tr[data-depth="1"]')).to_have_count(0)
    expect(page.locator("#collapse-all")).to_be_focused()
    expect(page).not_to_have_url(re.compile("open="))
    traverse(page, "back")
    expect_all_open(page)


def test_one_row_closes_while_all_are_open(page: Page) -> None:
    page.goto(f"{USAGE}&open=all")
    rows, first = page.locator("#results tbody tr"), page.locator(".expander").first
    before = rows.count()
    first.click()
    expect(first).to_have_attribute("aria-expanded", "false")
    expect(page).not_to_have_url(re.compile("all|toggle"))
    expect(page).to_have_url(re.compile("open="))
    assert rows.count() < before
    shut = page.url
    page.reload()
    expect(first).to_have_attribute("aria-expanded", "false")
    first.click()
    expect(first).to_have_attribute("aria-expanded", "true")
    expect(page).not_to_have_url(shut)
    page.locator("#collapse-all").click()
    expect(rows).to_have_count(25)


@pytest.mark.provokes("404", "gone.js")
def test_expand_all_without_scripts(open_plain: Open) -> None:
    plain = open_plain(USAGE)
    plain.locator("#expand-all").click()
    expect_all_open(plain)
    plain.locator(".expander").first.click()
    expect(plain.locator('.expander[aria-expanded="false"]')).to_have_count(1)
    plain.locator("#collapse-all").click()
    expect(plain.locator('tr[data-depth="1"]')).to_have_count(0)


def test_print_page_has_the_open_rows(page: Page) -> None:
    page.goto(USAGE)
    page.locator(".expander").first.click()
    expect(page.locator('tr[data-depth="1"]').first).to_be_visible()
    with page.expect_popup() as popup:
        page.locator("#print").click()
    paper = popup.value
    expect(paper).to_have_url(re.compile("/print.*open="))
    paper.wait_for_load_state()
    expect(paper.locator('tr[data-depth="1"]').first).to_be_visible()
    assert paper.locator("tbody tr:not([data-depth])").count() > 25
    paper.emulate_media(media="print")
    expect(paper.get_by_role("button", name="Print")).to_be_hidden()
    expect(paper.locator(".site-header")).to_be_hidden()
    paper.emulate_media(media="screen")
    paper.get_by_role("link", name="Back to the report").click()
    expect(paper.locator('tr[data-depth="1"]').first).to_be_visible()


def test_print_button(page: Page) -> None:
    page.add_init_script("window.print = () => document.body.dataset.printed = 'yes'")
    page.goto("/reports/customer-transactions/print?q=c-1")
    page.get_by_role("button", name="Print").press("Enter")
    expect(page.locator("body")).to_have_attribute("data-printed", "yes")
    expect(page.locator(".no-script")).to_be_hidden()


@pytest.mark.provokes("404", "gone.js")
def test_print_without_scripts(open_plain: Open) -> None:
    plain = open_plain("/reports/customer-subscriptions?sort=cost")
    plain.locator("#q").fill("c-1")
    with plain.expect_popup() as popup:
        plain.get_by_role("button", name="Print").click()
    expect(popup.value).to_have_url(re.compile("/print.*q=c-1"))
    expect(popup.value.get_by_text("Print this page from the menu of your browser.")).to_be_visible()
