"""A person takes a report with them: the menu of files, by mouse and keyboard, with scripts and without."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests import workbooks
from tests.browser.conftest import VIEWER, SignIn
from tests.support import csv_rows, view_of

TRANSACTIONS = "/reports/customer-transactions"
FORMS = [("CSV for Excel", "CSV"), ("CSV with semicolons", "CSV (;)"), ("Plain CSV", "Plain CSV"),
         ("Excel workbook (.xlsx)", "XLSX")]  # fmt: skip


def saved(page: Page, press: Callable[[], None]) -> tuple[str, bytes]:
    """What a press brings onto the disk: its name and content."""
    with page.expect_download() as download:
        press()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def menu(page: Page) -> Locator:
    return page.locator(".menu li a")


def test_the_menu_is_reached_opened_and_used_by_the_keyboard(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?action=Renew&columns=customer&columns=cost&sort=cost")
    expect(page.locator("#export")).to_have_text(re.compile(r"^Export \d+ rows$"))
    page.locator("#export").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#format")).to_be_focused()
    expect(menu(page).first).to_be_hidden()
    page.keyboard.press("Enter")
    expect(menu(page)).to_have_text([label for label, _ in FORMS])
    for place in range(len(FORMS)):
        page.keyboard.press("Tab")
        expect(menu(page).nth(place)).to_be_focused()
    name, data = saved(page, lambda: page.keyboard.press("Enter"))
    assert name == f"customer-transactions-{datetime.now(UTC).date()}.xlsx"
    query = [("action", "Renew"), ("columns", "customer"), ("columns", "cost"), ("sort", "cost")]
    rows = workbooks.rows(view_of("customer-transactions", query), data)
    expect(page.locator("#export")).to_have_text(f"Export {len(rows)} rows")
    page.locator("#format").press("Space")
    expect(menu(page).first).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_what_was_chosen_is_what_the_button_writes_from_then_on(
    new_context: Callable[..., BrowserContext], scripts: bool
) -> None:
    page = new_context(java_script_enabled=scripts).new_page()
    for label, short in reversed(FORMS):
        page.goto(TRANSACTIONS)
        page.locator("#format").click()
        chosen = saved(page, page.get_by_role("link", name=label).click)
        page.goto("/reports/customer-usage")
        expect(page.locator("#format")).to_have_text(f"File format: {short}")
        page.goto(TRANSACTIONS)
        page.locator("#format").click()
        expect(page.locator(".menu [aria-current]")).to_have_text(label)
        name, data = saved(page, page.locator("#export").click)
        assert name == chosen[0]
        assert data == chosen[1] or short == "XLSX"
        assert name.endswith(".xlsx" if short == "XLSX" else ".csv")


def test_a_change_of_the_view_closes_the_menu_and_changes_every_file(page: Page) -> None:
    page.goto(TRANSACTIONS)
    page.locator("#format").click()
    saved(page, menu(page).nth(1).click)
    page.locator("#action").select_option("Cancel")
    expect(page).to_have_url(re.compile("action=Cancel"))
    expect(menu(page).first).to_be_hidden()
    expect(page.locator("#format")).to_have_text("File format: CSV (;)")
    said = page.locator("#export").inner_text()
    _, data = saved(page, page.locator("#export").click)
    rows = data.decode("utf-8-sig").split("\r\n")[1:-1]
    assert said == f"Export {len(rows)} rows"
    page.locator("#format").click()
    _, data = saved(page, menu(page).first.click)
    assert {row[6] for row in csv_rows(data)[1:]} == {"Cancel"}


def test_a_viewer_is_offered_no_file(sign_in: SignIn) -> None:
    tab = sign_in(VIEWER)
    tab.goto(TRANSACTIONS)
    expect(tab.locator("#count")).to_contain_text("rows")
    expect(tab.locator(".export-control")).to_have_count(0)
