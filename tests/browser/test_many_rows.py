"""More rows than a page waits to have counted: their number comes after it."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, expect

from tests import provision
from tests.browser.conftest import ADMIN, PASSWORD
from tests.serving import TODAY, flask, htmx_server, server, token

TRANSACTIONS = "/reports/customer-transactions"


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    database = f"sqlite:///{tmp_path_factory.mktemp('many') / 'reports.db'}"
    flask("migrate", DATABASE_URL=database)
    flask("demo", "--customers", "50", "--transactions", "25500", "--today", TODAY, DATABASE_URL=database)
    flask("user", "add", ADMIN, "--role", "admin", "--password-stdin", says=PASSWORD, DATABASE_URL=database)
    with htmx_server(provision.htmx().read_bytes()) as htmx, server(HTMX_URL=htmx, DATABASE_URL=database) as address:
        yield address


def test_the_number_comes_on_every_page_and_disturbs_nothing(
    many: str, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(session=token(many, ADMIN, PASSWORD)).new_page()
    page.goto(many + TRANSACTIONS)
    expect(page.locator("#count")).to_have_text("1–50 of 25,500 rows")
    expect(page.locator("#export")).to_have_text("Export 25,500 rows")
    page.locator("#q").fill("c-")
    expect(page).to_have_url(re.compile(r"q=c-$"))
    expect(page.locator("#count")).to_have_text("1–50 of 25,500 rows")
    expect(page.locator("#export")).to_have_text("Export 25,500 rows")
    page.locator("#next").click()
    expect(page.locator("#count")).to_have_text("51–100 of 25,500 rows")
    page.locator("#sort-cost").click()
    expect(page.locator("#count")).to_have_text("1–50 of 25,500 rows")
    page.locator("#last").click()
    expect(page.locator("#count")).to_have_text("25,451–25,500 of 25,500 rows")
    page.go_back()
    expect(page.locator("#count")).to_have_text("1–50 of 25,500 rows")


def test_without_scripts_it_says_more_than(many: str, new_context: Callable[..., BrowserContext]) -> None:
    context = new_context(session=token(many, ADMIN, PASSWORD), java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{many}{TRANSACTIONS}?from=2001-02-03")
    expect(page.locator("#count")).to_have_text("1–50 of more than 25,000 rows")
    expect(page.locator("#export")).to_have_text("Export more than 25,000 rows")
    page.locator("#last").click()
    expect(page.locator("#count")).to_have_text("25,451–25,500 of 25,500 rows")
