"""Downloads and the menu of file formats."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests import workbooks
from tests.support import csv_rows, view_of

TRANSACTIONS = "/reports/customer-transactions"
FORMATS = [("CSV for Excel", "CSV"), ("CSV with semicolons", "CSV (;)"), ("Plain CSV", "Plain CSV"),
         ("Excel workbook (.xlsx), no formulas", "XLSX")]  # fmt: skip


def download(page: Page, press: Callable[[], None]) -> tuple[str, bytes]:
    """Press, and return the name and content of the downloaded file."""
    with page.expect_download() as event:
        press()
    return event.value.suggested_filename, Path(event.value.path()).read_bytes()


def menu(page: Page) -> Locator:
    return page.locator(".menu li a")


def test_menu_by_keyboard(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?action=Renew&columns=customer&columns=cost&sort=cost")
    expect(page.locator("#export")).to_have_text(re.compile(r"^Export \d+ rows$"))
    page.locator("#export").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#format")).to_be_focused()
    expect(menu(page).first).to_be_hidden()
    page.keyboard.press("Enter")
    expect(menu(page)).to_have_text([label for label, _ in FORMATS])
    for place in range(len(FORMATS)):
        page.keyboard.press("Tab")
        expect(menu(page).nth(place)).to_be_focused()
    name, data = download(page, lambda: page.keyboard.press("Enter"))
    assert name == f"customer-transactions-{datetime.now(UTC).date()}.xlsx"
    query = [("action", "Renew"), ("columns", "customer"), ("columns", "cost"), ("sort", "cost")]
    rows = workbooks.rows(view_of("customer-transactions", query), data)
    expect(page.locator("#export")).to_have_text(f"Export {len(rows)} rows")
    page.locator("#format").press("Space")
    expect(menu(page).first).to_be_hidden()


def test_button_writes_the_last_format(page: Page) -> None:
    for label, short in (FORMATS[3], FORMATS[1]):
        page.goto(TRANSACTIONS)
        page.locator("#format").click()
        chosen = download(page, page.get_by_role("link", name=label).click)
        page.goto("/reports/customer-usage")
        expect(page.locator("#format")).to_have_text(f"File format: {short}")
        page.goto(TRANSACTIONS)
        page.locator("#format").click()
        expect(page.locator(".menu [aria-current]")).to_have_text(label)
        name, data = download(page, page.locator("#export").click)
        assert name == chosen[0]
        assert data == chosen[1] or short == "XLSX"
        assert name.endswith(".xlsx" if short == "XLSX" else ".csv")


def test_filter_closes_the_menu_and_changes_the_files(page: Page) -> None:
    page.goto(TRANSACTIONS)
    page.locator("#format").click()
    download(page, menu(page).nth(1).click)
    page.locator("#action").select_option("Cancel")
    expect(page).to_have_url(re.compile("action=Cancel"))
    expect(menu(page).first).to_be_hidden()
    expect(page.locator("#format")).to_have_text("File format: CSV (;)")
    label = page.locator("#export").inner_text()
    _, data = download(page, page.locator("#export").click)
    rows = data.decode("utf-8-sig").split("\r\n")[1:-1]
    assert label == f"Export {len(rows)} rows"
    page.locator("#format").click()
    _, data = download(page, menu(page).first.click)
    assert {row[6] for row in csv_rows(data)[1:]} == {"Cancel"}
