"""Saved views: save, open, replace, share, delete, and the default of View Report."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import LEAVER, Open, SignIn, expect_loaded
from tests.browser.test_accessibility import check

USAGE = "/reports/customer-usage"


@pytest.fixture
def name() -> str:
    """A name that no other test uses: all share one server."""
    return f"View {uuid4()}"


def save_view(page: Page, name: str) -> None:
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()


def press(page: Page, button: str, name: str) -> None:
    page.get_by_role("button", name=f"{button} {name}").click()


def test_current_view_is_saved(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?reseller=-")
    page.locator("#sort-used").click()
    page.locator("#q").fill("a")
    expect(page.locator("#chip-q")).to_be_visible()
    page.locator(".expander").first.click()
    expect(page).to_have_url(re.compile("open="))
    save_view(page, name)
    expect(page.locator("#views .notice")).to_have_text("The view is saved.")
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(rf"{USAGE}\?sort=used&q=a&reseller=-$"))


def test_typing_a_name_sends_no_request(page: Page, base_url: str, name: str) -> None:
    requests: list[str] = []
    page.goto(f"{USAGE}?q=a")
    expect_loaded(page)
    page.on("request", lambda request: requests.append(request.url))
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view").fill(name)
    page.get_by_label("Name of the view").blur()
    page.get_by_text("Save view", exact=True).click()
    page.locator("#sort-used").click()
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", "ascending")
    assert [url for url in requests if "/static/" not in url] == [f"{base_url}{USAGE}?sort=used&q=a"]
    expect(page.get_by_label("Name of the view")).to_have_value(name)


def test_save_and_delete_by_keyboard(page: Page, name: str) -> None:
    page.goto(USAGE)
    page.locator(".save-view summary").press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type(name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=name)).to_be_visible()
    page.get_by_role("button", name=f"Delete {name}").press("Enter")
    expect(page.locator("#views .notice")).to_have_text("The view is deleted.")
    expect(page.get_by_role("link", name=name)).to_have_count(0)


@pytest.mark.provokes("400")
def test_replace_by_keyboard(page: Page, name: str) -> None:
    for sort in ("used", "-used"):
        page.goto(f"{USAGE}?sort={sort}")
        save_view(page, name)
    expect(page.get_by_label("Name of the view")).to_be_focused()
    for button in ("Save", "Replace"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=button, exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#views .notice")).to_have_text("The view is saved in place of what it was.")
    expect(page.get_by_role("link", name=name)).to_have_attribute("href", f"{USAGE}?sort=-used")


@pytest.mark.provokes("400", "404", "gone.js")
def test_saved_views_without_scripts(open_plain: Open, name: str) -> None:
    plain = open_plain(USAGE)
    save_view(plain, name)
    plain = open_plain(f"{USAGE}?sort=-used")
    save_view(plain, name)
    plain.get_by_role("button", name="Replace").click()
    expect(plain.get_by_role("link", name=name)).to_have_attribute("href", f"{USAGE}?sort=-used")
    press(plain, "Make default", name)
    expect(plain.locator("#views .notice")).to_have_text("View Report begins with this view from now on.")
    press(plain, "No default", name)
    press(plain, "Delete", name)
    expect(plain.get_by_role("link", name=name)).to_have_count(0)


def test_view_report_opens_the_default_view(sign_in: SignIn, name: str) -> None:
    tab = sign_in(LEAVER)
    tab.goto(f"{USAGE}?sort=-used")
    save_view(tab, name)
    press(tab, "Make default", name)
    expect(tab.get_by_role("listitem").filter(has_text=name)).to_contain_text("Default")
    tab.locator("label[for=customer-usage]").click()
    with tab.expect_popup() as popup:
        tab.get_by_role("button", name="View Report").click()
    expect(popup.value).to_have_url(re.compile(rf"{USAGE}\?sort=-used$"))
    tab.goto(USAGE)
    expect(tab).to_have_url(re.compile(f"{USAGE}$"))
    expect(tab.locator("#th-customer")).to_have_attribute("aria-sort", "ascending")


@pytest.mark.provokes("400")
def test_saving_and_listing_have_no_violation(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?sort=-used&q=c-1001")
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view").fill(name)
    page.keyboard.press("Enter")
    press(page, "Share", name)
    press(page, "Make default", name)
    check(page)
    page.goto(f"{USAGE}?q=c-1001")
    save_view(page, name)
    expect(page.locator(".error")).to_be_visible()
    check(page)
