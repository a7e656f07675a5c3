"""A double click, Enter pressed twice and two tabs do what one click does."""

import re
from time import monotonic
from uuid import uuid4

from playwright.sync_api import Download, Locator, Page, Route, expect

from tests.browser.conftest import LEAVER, PASSWORD, expect_loaded
from tests.browser.intents import settle
from tests.support import csv_rows

USAGE = "/reports/customer-usage"


def rows(page: Page) -> list[list[str]]:
    return [text.split() for text in page.locator("#results tbody tr").all_inner_texts()]


FORM_PATHS = re.compile("/views|/users")
CLICK_TWICE = """(button, pause) => new Promise(resolve => {
    button.click();
    setTimeout(() => resolve(button.click()), pause);
})"""


def press_twice(button: Locator, milliseconds: int = 100) -> None:
    """Click twice, as far apart, on a button whose request the server handles before the response reaches the page."""
    page, handled = button.page, []

    def handle(route: Route) -> None:
        if route.request.method == "POST":
            handled.append((route, route.fetch(max_redirects=0)))
        else:
            route.continue_()

    page.route(FORM_PATHS, handle)
    button.evaluate(CLICK_TWICE, milliseconds)
    until = monotonic() + 30
    while not handled and monotonic() < until:
        page.wait_for_timeout(20)
    with page.expect_event("framenavigated"):
        route, answer = handled[-1]
        route.fulfill(response=answer)
    page.unroute(FORM_PATHS)
    assert len(handled) == 1


def test_double_clicks_keep_address_and_table_in_step(page: Page) -> None:
    page.goto(f"{USAGE}?reseller=-&q=a")
    expect_loaded(page)
    for link in ("#sort-used", "#expand-all", "#collapse-all", "#chip-q"):
        page.locator(link).dblclick()
        settle(page, 100)
    expect(page).not_to_have_url(re.compile("q="))
    address, shown = page.url, rows(page)
    order = page.locator("#th-used").get_attribute("aria-sort")
    page.reload()
    assert (page.url, rows(page)) == (address, shown)
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", order or "")


def test_double_click_on_export(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    expect_loaded(page)
    downloads: list[Download] = []
    page.on("download", lambda each: downloads.append(each))  # noqa: PLW0108 (Playwright marks its handlers)
    with page.expect_download() as download:
        page.locator("#export").dblclick()
    assert len(csv_rows(download.value.path().read_bytes())) == 901
    page.locator("#sort-cost").dispatch_event("click")  # click() waits for a navigation that became a download
    expect(page.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")
    assert len(downloads) == 1


def test_double_click_on_print_opens_one_tab(page: Page) -> None:
    page.goto(USAGE)
    before = len(page.context.pages)
    with page.expect_popup() as popup:
        page.locator("#print").dblclick()
    expect(popup.value.get_by_role("heading", level=1)).to_be_visible()
    assert len(page.context.pages) == before + 1


def test_view_is_saved_and_deleted_once(page: Page) -> None:
    name = f"View {uuid4()}"
    page.goto(f"{USAGE}?sort=-used")
    page.locator("#choose-save").click()
    page.locator("#name").fill(name)
    press_twice(page.get_by_role("button", name="Save", exact=True), 1500)
    expect(page.get_by_role("navigation", name="Saved views").get_by_role("link", name=name)).to_have_count(1)
    page.goto("/reports")
    expect(page.get_by_role("link", name=name)).to_have_count(1)
    press_twice(page.get_by_role("button", name=f"Share {name}"))
    expect(page.locator("#views .notice")).to_be_visible()
    expect(page.get_by_role("button", name=f"Share {name}")).to_have_count(0)
    page.get_by_role("button", name=f"Delete… {name}").click()
    press_twice(page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True))
    expect(page.locator("#views .notice")).to_contain_text("is deleted.")
    press_twice(page.get_by_role("button", name="Undo"))
    expect(page.locator("#views .notice")).to_have_text("The view is back.")
    expect(page.get_by_role("link", name=name)).to_have_count(1)


def test_enter_twice_signs_in(stranger: Page) -> None:
    stranger.goto("/login?next=/account")
    stranger.get_by_label("Email").fill(LEAVER)
    stranger.get_by_label("Password", exact=True).fill(PASSWORD)
    for _ in range(2):
        stranger.keyboard.press("Enter")
    expect(stranger).to_have_url(re.compile("/account$"))
    stranger.get_by_role("button", name="Account").click()
    stranger.get_by_role("button", name="Sign out", exact=True).dblclick()
    expect(stranger).to_have_url(re.compile("/login"))


def test_double_click_opens_one_tab(page: Page) -> None:
    page.goto("/reports")
    before = len(page.context.pages)
    with page.expect_popup() as popup:
        page.get_by_role("button", name="View Report").dblclick()
    expect(popup.value.get_by_role("heading", level=1)).to_be_visible()
    assert len(page.context.pages) == before + 1
