"""Downloads and the menu of file formats."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from tests import workbooks
from tests.browser.intents import choose_option
from tests.serving import TODAY
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
    return page.locator("#formats button:visible")


def choose_format(page: Page, label: str) -> tuple[str, bytes]:
    page.locator("#choose-format").click()
    return download(page, page.get_by_role("button", name=label, exact=True).click)


def test_menu_by_keyboard(page: Page) -> None:
    page.goto(f"{TRANSACTIONS}?action=Renew&columns=customer&columns=cost&sort=cost")
    page.locator("#export").focus()
    page.keyboard.press("Tab")
    expect(page.locator("#choose-format")).to_be_focused()
    expect(menu(page)).to_have_count(0)
    page.keyboard.press("Enter")
    expect(menu(page)).to_have_text([label for label, _ in FORMATS])
    for place in range(len(FORMATS)):
        page.keyboard.press("Tab")
        expect(menu(page).nth(place)).to_be_focused()
    name, data = download(page, lambda: page.keyboard.press("Enter"))
    assert name == f"customer-transactions-{TODAY}.xlsx"
    query = [("action", "Renew"), ("columns", "customer"), ("columns", "cost"), ("sort", "cost")]
    rows = workbooks.rows(view_of("customer-transactions", query), data)
    expect(page.locator("#count")).to_have_text(f"{len(rows)} rows")
    page.keyboard.press("Escape")
    expect(menu(page)).to_have_count(0)
    expect(page.locator("#choose-format")).to_be_focused()


def test_button_writes_the_last_format(page: Page) -> None:
    for label, short in (FORMATS[3], FORMATS[1]):
        page.goto(TRANSACTIONS)
        chosen = choose_format(page, label)
        page.goto("/reports/customer-usage")
        expect(page.locator("#export")).to_have_text(f"Export {short}")
        page.goto(TRANSACTIONS)
        expect(page.locator("#formats [aria-current]")).to_have_text(label)
        name, data = download(page, page.locator("#export").click)
        assert name == chosen[0]
        assert data == chosen[1] or short == "XLSX"
        assert name.endswith(".xlsx" if short == "XLSX" else ".csv")


def test_a_filter_changes_the_files_of_every_format(page: Page) -> None:
    page.goto(TRANSACTIONS)
    choose_option(page, "action", "Cancel")
    expect(page.locator("#chip-action")).to_be_visible()
    page.keyboard.press("Escape")
    _, data = choose_format(page, FORMATS[0][0])
    rows = csv_rows(data)[1:]
    assert {row[6] for row in rows} == {"Cancel"}
    expect(page.locator("#count")).to_have_text(f"{len(rows)} rows")
    _, data = download(page, page.locator("#export").click)
    assert csv_rows(data)[1:] == rows
