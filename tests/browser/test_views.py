"""Saved views in Chromium: kept, found, shared, deleted, and what View Report begins with."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ADMIN, LEAVER, VIEWER, SignIn, expect_whole
from tests.browser.test_accessibility import Dress, check, dress  # noqa: F401, fixtures
from tests.browser.test_without_scripts import Open, address, opened  # noqa: F401, fixtures

USAGE = "/reports/customer-usage"
GONE = "?columns=customer&columns=product&columns=used&sort=-used"


@pytest.fixture
def name() -> str:
    """A name that no other test takes: all share one server, and its people."""
    return f"View {uuid4()}"


def keep(page: Page, name: str) -> None:
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()


def press(page: Page, button: str, name: str) -> None:
    page.get_by_role("button", name=f"{button} {name}").click()


def test_what_the_region_shows_by_now_is_saved_and_found_again(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?reseller=-")
    page.locator("#sort-used").click()
    page.locator("#q").fill("a")
    expect(page.locator("#chip-q")).to_be_visible()
    page.locator(".expander").first.click()
    expect(page).to_have_url(re.compile("open="))
    keep(page, name)
    expect(page.locator("#views .notice")).to_have_text("The view is saved.")
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(re.compile(rf"{USAGE}\?sort=used&q=a&reseller=-$"))


def test_typing_a_name_leaves_the_table_alone(page: Page, base_url: str, name: str) -> None:
    asked: list[str] = []
    page.goto(f"{USAGE}?q=a")
    expect_whole(page)
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_text("Save view", exact=True).click()
    page.get_by_label("Name of the view").fill(name)
    page.get_by_label("Name of the view").blur()
    page.get_by_text("Save view", exact=True).click()
    page.locator("#sort-used").click()
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", "ascending")
    assert [url for url in asked if "/static/" not in url] == [f"{base_url}{USAGE}?sort=used&q=a"]
    expect(page.get_by_label("Name of the view")).to_have_value(name)


def test_a_view_is_saved_and_deleted_by_the_keyboard(page: Page, name: str) -> None:
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
def test_a_name_that_is_taken_is_said_so_and_another_is_enough(page: Page, name: str) -> None:
    for sort in ("used", "-used"):
        page.goto(f"{USAGE}?sort={sort}")
        keep(page, name)
    field = page.get_by_label("Name of the view")
    expect(field).to_have_accessible_description(
        f"You have a view “{name}” of this report already; replace it, or choose another name"
    )
    expect(field).to_have_value(name)
    expect(field).to_be_focused()
    field.fill(f"{name} again")
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name=f"{name} again")).to_have_attribute("href", f"{USAGE}?sort=-used")


@pytest.mark.provokes("400")
def test_by_the_keyboard_a_view_takes_the_place_of_another_that_has_its_name(page: Page, name: str) -> None:
    for sort in ("used", "-used"):
        page.goto(f"{USAGE}?sort={sort}")
        keep(page, name)
    expect(page.get_by_label("Name of the view")).to_be_focused()
    for button in ("Save", "Replace"):
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name=button, exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#views .notice")).to_have_text("The view is saved in place of what it was.")
    expect(page.get_by_role("link", name=name)).to_have_attribute("href", f"{USAGE}?sort=-used")


@pytest.mark.provokes("400", "404", "gone.js")
def test_without_scripts_all_of_it_works(opened: Open, name: str) -> None:  # noqa: F811
    plain = opened(USAGE)
    keep(plain, name)
    plain = opened(f"{USAGE}?sort=-used")
    keep(plain, name)
    plain.get_by_role("button", name="Replace").click()
    expect(plain.get_by_role("link", name=name)).to_have_attribute("href", f"{USAGE}?sort=-used")
    press(plain, "Make default", name)
    expect(plain.locator("#views .notice")).to_have_text("View Report begins with this view from now on.")
    press(plain, "No default", name)
    press(plain, "Delete", name)
    expect(plain.get_by_role("link", name=name)).to_have_count(0)


def test_view_report_begins_with_the_default_and_an_address_does_not(sign_in: SignIn, name: str) -> None:
    tab = sign_in(LEAVER)
    tab.goto(f"{USAGE}?sort=-used")
    keep(tab, name)
    press(tab, "Make default", name)
    expect(tab.get_by_role("listitem").filter(has_text=name)).to_contain_text("Default")
    tab.locator("label[for=customer-usage]").click()
    with tab.expect_popup() as popup:
        tab.get_by_role("button", name="View Report").click()
    expect(popup.value).to_have_url(re.compile(rf"{USAGE}\?sort=-used$"))
    tab.goto(USAGE)
    expect(tab).to_have_url(re.compile(f"{USAGE}$"))
    expect(tab.locator("#th-customer")).to_have_attribute("aria-sort", "ascending")


def test_colleagues_find_what_is_shared_and_nobody_else_does(page: Page, sign_in: SignIn, name: str) -> None:
    page.goto(f"{USAGE}?sort=-used")
    keep(page, name)
    colleague, other = sign_in(LEAVER), sign_in(VIEWER)
    for shared in (0, 1, 0):
        for tab, count in ((colleague, shared), (other, 0)):
            tab.goto("/reports")
            expect(tab.get_by_role("link", name=name)).to_have_count(count)
        if shared:
            row = colleague.get_by_role("listitem").filter(has_text=name)
            colleague.goto("/reports")
            expect(row).to_contain_text(f"Shared by {ADMIN}")
            expect(row.get_by_role("button")).to_have_count(0)
        press(page, "Stop sharing" if shared else "Share", name)
        expect(page.locator("#views .notice")).to_be_visible()


@pytest.mark.provokes("400")
def test_saving_and_listing_have_no_violation_at_any_step(page: Page, dress: Dress, name: str) -> None:  # noqa: F811
    seen = dress(page)
    seen.goto(f"{USAGE}{GONE}")
    seen.get_by_text("Save view", exact=True).click()
    check(seen)
    seen.get_by_label("Name of the view").fill(name)
    seen.keyboard.press("Enter")
    press(seen, "Share", name)
    press(seen, "Make default", name)
    check(seen)
    seen.goto(USAGE)
    keep(seen, name)
    expect(seen.locator(".error")).to_be_visible()
    check(seen)


@pytest.mark.usefixtures("page")
def test_what_is_left_of_a_view_has_no_violation(sign_in: SignIn, dress: Dress, name: str) -> None:  # noqa: F811
    """A viewer whose colleague looks inside rows, made by a change of their role."""
    tab, admin = sign_in(LEAVER), sign_in(ADMIN)
    tab.goto(f"{USAGE}{GONE}")
    keep(tab, name)
    rights(admin, "Viewer")
    dress(tab).goto("/reports")
    tab.get_by_role("link", name=name).click()
    expect(tab.locator("main li")).to_have_text([re.compile("^Product as a column")])
    check(tab)
    tab.get_by_role("link", name="Open what is left").click()
    expect(tab.locator("thead th")).to_have_text(["Customer", "Used"])
    rights(admin, "Admin")


def rights(admin: Page, role: str) -> None:
    admin.goto("/users")
    admin.get_by_role("link", name=LEAVER).click()
    admin.get_by_role("radio", name=re.compile(f"^{role}")).check()
    admin.get_by_role("button", name="Save").click()
    expect(admin.locator(".notice")).to_be_visible()
