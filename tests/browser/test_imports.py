"""Somebody imports files: with the mouse, by keyboard alone, without scripts; and leaves the page meanwhile."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import copy

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import url_of
from tests.browser.test_accessibility import check
from tests.serving import Serve, command

GOOD = "Kunde;Subscription ID;End;Cost\nMüller GmbH;S-9001;27.11.2026;1234,50\nMüller GmbH;S-9002;28.11.2026;2,00\n"
FAULTY = GOOD.replace("28.11.2026", "soon").replace("GmbH", "GmbH " * 40)  # its first row leaves room for the menus


@pytest.fixture(scope="module")
def address(serve: Serve, demo_folder: Path, htmx_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with data and jobs of its own."""
    folder = tmp_path_factory.mktemp("imports")
    for file in demo_folder.glob("*.db*"):
        copy(file, folder)
    database = url_of(folder)
    with serve(DATABASE_URL=database, HTMX_URL=htmx_url) as address, command("jobs", DATABASE_URL=database) as jobs:
        assert jobs.stdout
        assert jobs.stdout.readline() == "Working on imports.\n"
        yield address
        jobs.kill()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    paths = {"good": tmp_path / "good.csv", "faulty": tmp_path / f"faulty{'-x' * 90}.csv"}
    paths["good"].write_text(GOOD, "utf-8")
    paths["faulty"].write_text(FAULTY, "utf-8")
    return paths


def choose(page: Page, address: str, *files: Path) -> None:
    page.goto(f"{address}/imports")
    page.get_by_label("CSV files or Excel workbooks").set_input_files(files)
    page.get_by_role("button", name="Check").click()
    expect(page).to_have_url(re.compile(r"/imports/\d+$"))


def map_customer(page: Page) -> None:
    """Say what the heading “Kunde” means, and check again."""
    expect(page.get_by_text("Nothing is applied while there are faults.")).to_be_visible()
    page.get_by_label("Column for Kunde").select_option(label="Customer")
    page.get_by_role("button", name="Check again").click()


def test_file_with_a_fault_is_mended_applied_and_undone(
    new_context: Callable[..., BrowserContext], address: str, files: dict[str, Path]
) -> None:
    page = new_context().new_page()
    choose(page, address, files["faulty"])
    page.get_by_label("Report").select_option(label="Subscriptions")
    page.get_by_role("button", name="Check again").click()
    menu = page.get_by_label("Column for Kunde").bounding_box()
    assert menu
    assert menu["width"] >= 9 * 16  # room for “Subscription ID”
    map_customer(page)
    expect(page.locator("#job")).to_contain_text("End: “soon” is not a date such as 2026-11-22")
    check(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="File with its faults").click()
    assert "soon" in Path(download.value.path()).read_text("utf-8")
    page.get_by_role("button", name="Drop the file").click()
    expect(page.get_by_role("row", name="faulty-x").get_by_text("Dropped")).to_be_in_viewport()
    choose(page, address, files["good"])
    page.get_by_label("Report").select_option(label="Subscriptions")
    page.get_by_role("button", name="Check again").click()
    map_customer(page)
    expect(page.get_by_role("row", name="Müller GmbH S-9001 2026-11-27")).to_be_visible()
    page.get_by_label("Column for Cost").select_option(label="Leave out")
    page.get_by_role("button", name="Apply 2 rows").click()
    expect(page.get_by_text("Nothing is applied yet")).to_be_visible()
    page.get_by_role("button", name="Apply 2 rows").click()
    expect(page.locator("#job")).to_contain_text("Applied")
    page.goto(page.url)
    check(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="Changed rows as CSV").click()
    assert "S-9001" in Path(download.value.path()).read_text("utf-8")
    page.get_by_role("link", name="Undo…").click()
    page.get_by_role("button", name="Undo this import").click()
    expect(page.locator("#job")).to_contain_text("Undone")
    page.context.close()


def test_keyboard_alone_imports_a_file(
    new_context: Callable[..., BrowserContext], address: str, files: dict[str, Path]
) -> None:
    page = new_context().new_page()
    page.goto(f"{address}/imports")
    field = page.get_by_label("CSV files or Excel workbooks")
    for _ in range(30):
        if field.evaluate("(e) => e === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(field).to_be_focused()
    files["good"].write_text(GOOD.replace("Kunde", "Customer").replace("S-9", "S-8"), "utf-8")
    field.set_input_files(files["good"])  # the dialog that Space opens is the browser's own
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#live")).to_have_text("Checked")
    for _ in range(60):
        if page.evaluate("document.activeElement.id") == "apply":
            break
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#job")).to_contain_text("Applied")
    page.context.close()


def test_steps_work_without_scripts(
    new_context: Callable[..., BrowserContext], address: str, files: dict[str, Path]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    files["good"].write_text(GOOD.replace("Kunde", "Customer").replace("S-9", "S-7"), "utf-8")
    choose(page, address, files["good"])
    for button in ("Apply 2 rows", "Undo…"):
        found = page.get_by_text(button)
        while not found.count():
            page.get_by_role("link", name="Reload").click() if page.get_by_role("link", name="Reload").count() else (
                page.reload()
            )
        found.click()
    page.get_by_role("button", name="Undo this import").click()
    while not page.get_by_text("Undone", exact=True).count():
        page.reload()
    page.context.close()
