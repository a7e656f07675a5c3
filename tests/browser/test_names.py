"""Names as they come: of 10,000 characters, from right to left, with signs that turn what follows."""

import csv
import io
import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from tests.browser.conftest import ADMIN, PASSWORD, expect_whole
from tests.browser.test_accessibility import PHONE, check
from tests.serving import flask, server, token

NARROW: ViewportSize = {"width": 1280, "height": 800}
LONG = "W" * 9_990
ARABIC = "شركة الأمان (2024) م.م!"
HEBREW = 'אבטחה 24/7 בע"מ.'
TURNED = "Cards \u202egnp.exe"
HALF = "Half \u2067כך"
NAMES = [f"{LONG} Ltd", f"{LONG} SE", ARABIC, HEBREW, TURNED, HALF]
TWINS = "صنو، 7"


def table(*rows: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def usage() -> str:
    """A customer of each name, whose reseller, certificate type and product bear it too; the second has no id."""
    number = {"Current Inventory": "9", "Used": "8"}
    named = [
        {
            "Customer": name,
            "Customer ID": "" if at == 1 else f"C-{at}",
            "Reseller": name,
            "Certificate Type": name,
            "Product": name,
        }
        for at, name in enumerate(NAMES)
    ]
    twins = [named[0] | {"Customer": TWINS, "Customer ID": "", "Reseller": reseller} for reseller in (ARABIC, HEBREW)]
    return table(*(row | number for row in (*named, *twins)))


def subscriptions() -> str:
    fixed = {"Cost": "1.00", "End": "2026-12-01", "Order Date": "2026-01-01", "Items Quantity": "3"}
    fixed |= {"Last modified by": ADMIN, "Last modified date": "2026-01-01 00:00:00"}
    return table(
        *(
            {
                "Customer": name,
                "Customer ID": f"C-{at}",
                "Subscription ID": f"S-{at}",
                "Reseller": name,
                "Subscription": name,
            }
            | fixed
            for at, name in enumerate(NAMES)
            if at != 1
        )
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, htmx_url: str) -> Iterator[str]:
    """A server whose customers are called like that."""
    database = f"sqlite:///{tmp_path_factory.mktemp('names') / 'reports.db'}"
    flask("migrate", DATABASE_URL=database)
    for kind, text in (("usage", usage()), ("subscriptions", subscriptions())):
        flask("import", f"customer-{kind}", "-", says=text, DATABASE_URL=database)
    flask("user", "add", ADMIN, "--role", "admin", "--password-stdin", says=PASSWORD, DATABASE_URL=database)
    with server(HTMX_URL=htmx_url, DATABASE_URL=database) as address:
        yield address


@pytest.fixture
def seen(place: str, new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(session=token(place, ADMIN, PASSWORD)).new_page()


TYPES = "/reports/customer-usage?columns=reseller&columns=certificate_type&columns=product&columns=used"
PLACES = [
    "/reports/customer-subscriptions",
    "/reports/customer-usage",
    TYPES,
    f"{TYPES}&reseller={ARABIC}",
    "/reports/customer-usage?open=all",
    "/reports/customer-usage/print?open=all&reseller=" + HEBREW,
    "/reports/customer-usage/summary",
    "/customers?customer=C-0",
    "/customers?customer=C-2",
    f"/customers?name={TWINS}",
    f"/customers?name={TWINS}&reseller={HEBREW}",
]
ISOLATED = """names => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), bad = [];
  while (walker.nextNode()) {
    const text = walker.currentNode, name = names.find(name => text.data.includes(name));
    if (!name || text.parentElement.closest("option, template, title, .visually-hidden")) continue;
    const around = text.parentElement.closest("bdi, .text, td a, tbody th span, tbody th a, .chart text, .chip b");
    const kept = around && (around.matches("bdi") || getComputedStyle(around).unicodeBidi === "plaintext");
    if (!kept || around.textContent.trim() !== name) bad.push(text.parentElement.outerHTML.slice(0, 300));
  }
  return bad;
}"""


@pytest.mark.parametrize("path", PLACES, ids=range(len(PLACES)))
def test_no_name_breaks_a_page_or_turns_what_stands_beside_it(seen: Page, place: str, path: str) -> None:
    seen.goto(place + path)
    if seen.locator("tfoot").count():
        expect_whole(seen)
    for size in (NARROW, PHONE):
        seen.set_viewport_size(size)
        assert seen.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        assert seen.evaluate("[...document.querySelectorAll('.scroll')].every(each => each.scrollWidth < 1400)"), size
    assert any(name in seen.inner_text("body") for name in (*NAMES, TWINS))
    assert seen.evaluate(ISOLATED, [*NAMES, TWINS]) == []


def test_names_that_no_address_holds_lead_nowhere_and_are_no_choice(seen: Page, place: str) -> None:
    seen.goto(f"{place}{TYPES}&columns=customer&sort=-customer")
    expect_whole(seen)
    assert seen.locator("option").evaluate_all("options => Math.max(...options.map(each => each.text.length))") < 100
    assert (
        seen.locator("a").evaluate_all(
            "links => Math.max(...links.map(each => (each.getAttribute('href') ?? '').length))"
        )
        < 8000
    )
    expect(seen.get_by_role("row").filter(has_text=f"{LONG} SE").get_by_role("link")).to_have_count(0)
    expect(seen.get_by_role("row").filter(has_text=f"{LONG} Ltd").get_by_role("link")).to_have_count(3)


def test_a_file_of_long_names_is_called_like_any_other(seen: Page, place: str) -> None:
    seen.goto(f"{place}/reports/customer-usage?customer=C-0&columns=customer&columns=reseller")
    with seen.expect_download() as download:
        seen.locator("#export").click()
    assert re.fullmatch(r"customer-usage-[\d-]+\.csv", download.value.suggested_filename)
    assert LONG in download.value.path().read_text("utf-8-sig")


def test_namesakes_have_no_violation(seen: Page, place: str) -> None:
    seen.goto(f"{place}/customers?name={TWINS}")
    expect(seen.get_by_text("Which one do you mean?")).to_be_visible()
    check(seen)


def test_the_title_of_a_page_turns_nothing_behind_the_name(seen: Page, place: str) -> None:
    seen.goto(f"{place}/customers?customer=C-4")
    expect(seen).to_have_title(f"\u2068{TURNED}\u2069 – Partner Reports")
