"""Names of 10,000 characters, and names from right to left. Imports drop signs that change the direction."""

import csv
import io
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from app.auth import users
from models import apply_migrations
from tests.browser.conftest import ADMIN, PASSWORD, expect_loaded, opened, url_of
from tests.browser.test_accessibility import PHONE
from tests.browser.test_print import check_paper
from tests.serving import Serve, token
from tests.support import BY, in_trials, load_stream

NARROW: ViewportSize = {"width": 1280, "height": 800}
LONG = "W" * 9_990
ARABIC = "شركة الأمان (2024) م.م!"
HEBREW = 'אבטחה 24/7 בע"מ.'
HALF = "Half כך"
NAMES = [f"{LONG} Ltd", f"{LONG} SE", ARABIC, HEBREW, HALF]
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
def address(tmp_path_factory: pytest.TempPathFactory, serve: Serve, htmx_url: str) -> Iterator[str]:
    """The address of a server whose customers have these names."""
    folder = tmp_path_factory.mktemp("names")
    with opened(folder):
        apply_migrations()
        for kind, text in (("usage", usage()), ("subscriptions", subscriptions())):
            load_stream(f"customer-{kind}", io.BytesIO(text.encode()), "-")
        users.add_user(BY, ADMIN, "admin", None, PASSWORD)
    with serve(HTMX_URL=htmx_url, DATABASE_URL=url_of(folder)) as address:
        yield address


@pytest.fixture
def tab(address: str, new_context: Callable[..., BrowserContext]) -> Page:
    return new_context(session=token(address, ADMIN, PASSWORD)).new_page()


TYPES = "/reports/customer-usage?columns=reseller&columns=certificate_type&columns=product&columns=used"
PATHS = [
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
    if (!name || text.parentElement.closest("option, template, title, .visually-hidden, [aria-hidden] svg")) continue;
    const isIsolated = element => ["isolate", "plaintext"].includes(getComputedStyle(element).unicodeBidi);
    let around = text.parentElement;
    while (around && !isIsolated(around)) around = around.parentElement;
    if (around?.textContent.trim() !== name) bad.push(text.parentElement.outerHTML.slice(0, 300));
  }
  return bad;
}"""


@pytest.mark.parametrize("path", [PATHS[0], PATHS[4]], ids=range(2))
def test_names_do_not_break_a_page(tab: Page, address: str, path: str) -> None:
    check_names(tab, address + path)


@pytest.mark.parametrize("path", [TYPES.replace("?", "/print?"), *in_trials("/reports/customer-subscriptions/print")])
def test_names_fit_on_paper(tab: Page, address: str, path: str) -> None:
    tab.goto(address + path)
    check_paper(tab)


def check_names(tab: Page, url: str) -> None:
    """No name widens the page or changes the direction of the text beside it."""
    tab.goto(url)
    if tab.locator("tfoot").count():
        expect_loaded(tab)
    for size in (NARROW, PHONE):
        tab.set_viewport_size(size)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
        assert tab.evaluate("[...document.querySelectorAll('.scroll')].every(region => region.scrollWidth < 1400)"), (
            size
        )
    assert any(name in tab.inner_text("body") for name in (*NAMES, TWINS))
    assert tab.evaluate(ISOLATED, [*NAMES, TWINS]) == []


def test_names_too_long_for_an_address_are_no_link(tab: Page, address: str) -> None:
    tab.goto(f"{address}{TYPES}&columns=customer&sort=-customer")
    expect_loaded(tab)
    assert tab.locator("option").evaluate_all("options => Math.max(...options.map(option => option.text.length))") < 100
    assert (
        tab.locator("a").evaluate_all(
            "links => Math.max(...links.map(link => (link.getAttribute('href') ?? '').length))"
        )
        < 8000
    )
    expect(tab.get_by_role("row").filter(has_text=f"{LONG} SE").get_by_role("link")).to_have_count(0)
    expect(tab.get_by_role("row").filter(has_text=f"{LONG} Ltd").get_by_role("link")).to_have_count(5)


def test_title_isolates_the_name(tab: Page, address: str) -> None:
    tab.goto(f"{address}/customers?customer=C-2")
    expect(tab).to_have_title(f"\u2068{ARABIC}\u2069 – Partner Reports")
