"""A double click, Enter pressed twice, and two tabs at once: what one would have done, and nothing is refused."""

import re
from time import monotonic
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import LEAVER, PASSWORD, RESELLER, SignIn, expect_whole
from tests.support import csv_rows

USAGE = "/reports/customer-usage"


def rows(page: Page) -> list[list[str]]:
    return [text.split() for text in page.locator("#results tbody tr").all_inner_texts()]


SENT = re.compile("/views|/users")
TWICE = """async button => { button.click(); await new Promise(go => setTimeout(go, 100)); button.click(); }"""


def press_twice(button: Locator) -> None:
    """Click twice, a tenth of a second apart, on what the server does at once and answers only then."""
    page, done = button.page, []

    def do(route: Route) -> None:
        if route.request.method == "POST":
            done.append((route, route.fetch(max_redirects=0)))
        else:
            route.continue_()

    page.route(SENT, do)
    button.evaluate(TWICE)
    until = monotonic() + 10
    while not done and monotonic() < until:
        page.wait_for_timeout(20)
    with page.expect_event("framenavigated"):
        route, answer = done[-1]
        route.fulfill(response=answer)
    page.unroute(SENT)
    assert len(done) == 1


def test_links_of_the_table_leave_address_and_table_alike(page: Page) -> None:
    page.goto(f"{USAGE}?reseller=-&q=a")
    expect_whole(page)
    for link in ("#sort-used", "#size-25", "#expand-all", "#collapse-all", "#chip-q"):
        page.locator(link).dblclick()
        expect(page.locator(".htmx-request")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("q="))
    address, shown = page.url, rows(page)
    order = page.locator("#th-used").get_attribute("aria-sort")
    page.reload()
    assert (page.url, rows(page)) == (address, shown)
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", order or "")


def test_a_file_that_is_asked_for_twice_comes_whole_and_the_page_stays(page: Page) -> None:
    page.goto("/reports/customer-transactions")
    expect_whole(page)
    with page.expect_download() as download:
        page.locator("#export").dblclick()
    assert len(csv_rows(download.value.path().read_bytes())) == 901
    page.locator("#sort-cost").dispatch_event("click")  # click() waits for a navigation that became a download
    expect(page.locator("#th-cost")).to_have_attribute("aria-sort", "ascending")


def test_a_view_is_saved_shared_and_deleted_once(page: Page) -> None:
    name = f"View {uuid4()}"
    page.goto(f"{USAGE}?sort=-used")
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view").fill(name)
    press_twice(page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("link", name=name)).to_have_count(1)
    for button in ("Share", "Make default", "No default", "Delete"):
        press_twice(page.get_by_role("button", name=f"{button} {name}"))
        expect(page.locator("#views .notice")).to_be_visible()
        expect(page.get_by_role("button", name=f"{button} {name}")).to_have_count(0)
    expect(page.locator("#views .notice")).to_have_text("The view is deleted.")


@pytest.mark.provokes("loopback", "ERR_FAILED")  # a page that a test hands on is of no network
def test_a_user_is_added_once_and_the_password_is_seen(page: Page) -> None:
    page.goto("/users")
    page.get_by_label("Email").fill(f"{uuid4()}@partner.example")
    page.get_by_role("radio", name="Viewer").check()
    page.get_by_role("radio", name="One reseller").check()
    page.get_by_label("Reseller", exact=True).fill(RESELLER)
    press_twice(page.get_by_role("button", name="Add user"))
    expect(page.locator(".secret")).to_be_visible()


def test_enter_twice_signs_in_and_a_double_click_out(stranger: Page) -> None:
    stranger.goto("/login?next=/account")
    stranger.get_by_label("Email").fill(LEAVER)
    stranger.get_by_label("Password", exact=True).fill(PASSWORD)
    for _ in range(2):
        stranger.keyboard.press("Enter")
    expect(stranger).to_have_url(re.compile("/account$"))
    stranger.get_by_role("button", name="Sign out", exact=True).dblclick()
    expect(stranger).to_have_url(re.compile("/login"))


def test_view_report_opens_one_tab(page: Page) -> None:
    page.goto("/reports")
    with page.expect_popup() as popup:
        page.get_by_role("button", name="View Report").dblclick()
    expect(popup.value.get_by_role("heading", level=1)).to_be_visible()
    assert len(page.context.pages) == 2


def test_two_tabs_choose_columns_at_once_and_each_keeps_its_own(sign_in: SignIn) -> None:
    one = sign_in(LEAVER)
    tabs = {one: "Reseller", one.context.new_page(): "Cost"}
    for tab in tabs:
        tab.goto("/reports/customer-subscriptions")
        expect_whole(tab)
        tab.locator(".column-chooser summary").click()
    for tab, label in tabs.items():
        tab.get_by_role("checkbox", name=label, exact=True).uncheck()
    for tab, label in tabs.items():
        expect(tab.get_by_role("columnheader", name=label)).to_have_count(0)
        tab.reload()
        headings = tab.locator("#results thead").inner_text()
        assert [other in headings for other in ("Reseller", "Cost")] == [label != "Reseller", label != "Cost"]
    tab.goto("/reports/customer-subscriptions")
    expect(tab.locator("#th-reseller, #th-cost")).to_have_count(2)
