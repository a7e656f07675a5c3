"""With more rows than are counted before the page, the total arrives after it."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import url_of
from tests.browser.intents import traverse
from tests.serving import Serve

TRANSACTIONS = "/reports/customer-transactions"
COPIES = 24_600  # so that 25,500 transactions are more than are counted


@pytest.fixture
def address(demo_copy: Path, serve: Serve, htmx_url: str) -> Iterator[str]:
    """The address of a server on demo data in which one transaction occurs COPIES times more."""
    with closing(sqlite3.connect(demo_copy / "reports.db")) as reports, reports:
        described = reports.execute('PRAGMA table_info("transaction")')
        columns = ", ".join(name for _, name, *_ in described if name not in ("id", "ref"))
        reports.execute(
            f"""INSERT INTO "transaction" (ref, {columns})
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {COPIES})
            SELECT 'X-' || i, {columns} FROM "transaction", n WHERE "transaction".id = 1"""
        )
    with serve(HTMX_URL=htmx_url, DATABASE_URL=url_of(demo_copy)) as address:
        yield address


def expect_total(page: Page, there: str, total: str = "25,500") -> None:
    expect(page.locator("#count")).to_have_text(f"{total} rows")
    expect(page.locator(".pager .range")).to_have_text(f"{there} of {total}")


def test_total_arrives_on_every_page(address: str, page: Page, new_context: Callable[..., BrowserContext]) -> None:
    page.goto(address + TRANSACTIONS)
    expect_total(page, "1–50")
    page.locator("#q").fill("c-")
    expect(page).to_have_url(re.compile(r"q=c-$"))
    expect_total(page, "1–50")
    for link, there in (("next", "51–100"), ("sort-cost", "1–50"), ("last", "25,451–25,500")):
        page.locator(f"#{link}").click()
        expect_total(page, there)
    traverse(page, "back")
    expect_total(page, "1–50")
    plain = new_context(java_script_enabled=False).new_page()
    plain.goto(f"{address}{TRANSACTIONS}?from=2001-02-03")
    expect_total(plain, "1–50", "more than 25,000")
    plain.locator("#last").click()
    expect_total(plain, "25,451–25,500")
