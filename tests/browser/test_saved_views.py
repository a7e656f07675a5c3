"""Saved views: save, open, replace, share, delete, and the default of View Report."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import LEAVER, Open, SignIn, expect_loaded, remove_views
from tests.browser.intents import type_text
from tests.browser.test_accessibility import check

USAGE = "/reports/customer-usage"


@pytest.fixture
def name(demo_folder: Path) -> Iterator[str]:
    """A name that no other test uses: all share one server."""
    name = f"View {uuid4()}"
    yield name
    remove_views(demo_folder, name)


def save_view(page: Page, name: str) -> None:
    page.locator("#choose-save").click()
    page.locator("#name").fill(name)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(tab(page, name)).to_have_attribute("aria-current", "page")


def tab(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Saved views").get_by_role("link", name=name)


def open_menu(page: Page, name: str) -> Locator:
    """Open the menu of the view that is shown, and return it."""
    page.get_by_role("button", name=f"Change {name}").click()
    return page.get_by_role("dialog", name=f"Change {name}")


def top_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box
    return box["y"]


def press(page: Page, button: str, name: str) -> None:
    page.get_by_role("button", name=f"{button} {name}").click()


def expect_notice(page: Page, text: str) -> None:
    expect(page.locator("#views .notice")).to_have_text(text)


def test_current_view_is_saved(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?reseller=-")
    page.locator("#sort-used").click()
    page.locator("#q").fill("a")
    expect(page.locator("#chip-q")).to_be_visible()
    page.locator("button.expander").first.click()
    expect(page).to_have_url(re.compile("open="))
    save_view(page, name)
    saved = re.compile(rf"{USAGE}\?sort=used&q=a&reseller=-$")
    expect(page).to_have_url(saved)
    page.goto("/reports")
    page.get_by_role("link", name=name).click()
    expect(page).to_have_url(saved)


def test_typing_a_name_sends_no_request(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?q=a")
    expect_loaded(page)
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.locator("#choose-save").click()
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Escape")
    page.locator("#sort-used").click()
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", "ascending")
    (sent,) = [url for url in requests if "/static/" not in url]
    assert "sort=used" in sent
    assert quote(name) not in sent
    expect(page.locator("#name")).to_have_value(name)


def test_enter_saves_a_view_beside_the_one_that_is_shown(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?sort=used")
    save_view(page, name)
    page.locator("#choose-save").press("Enter")
    page.keyboard.type(f"{name} again")
    with page.expect_event("load"):
        page.keyboard.press("Enter")
    expect(tab(page, name)).to_have_count(2)


def test_tabs_follow_what_is_shown(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?sort=used")
    save_view(page, name)
    saved = page.url
    expect(tab(page, "Standard")).not_to_have_attribute("aria-current", "page")
    type_text(page, "#q", "a")
    expect(page.locator("#chip-q")).to_be_visible()
    expect(tab(page, name)).to_contain_text("changed")
    expect(page.locator("#q")).to_be_focused()
    menu = open_menu(page, name)
    menu.get_by_role("button", name="Save changes").click()
    expect(tab(page, name)).not_to_contain_text("changed")
    expect(page).to_have_url(re.compile(r"\?sort=used&q=a"))
    tab(page, "Standard").click()
    expect(page).to_have_url(re.compile(f"{USAGE}$"))
    tab(page, name).click()
    expect(page).to_have_url(re.compile(r"\?sort=used&q=a"))
    assert page.url != saved
    delete = open_menu(page, name).get_by_role("button", name="Delete…")
    delete.click()
    expect(page.get_by_role("button", name="Keep")).to_be_focused()
    question = page.get_by_role("dialog", name=f"Delete the view “{name}”?")
    assert top_of(question) > top_of(delete), "the question isn't below its button"
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(tab(page, name)).to_have_count(0)
    page.get_by_role("button", name=f"Undo deleting {name}").click()
    expect(tab(page, name)).to_be_visible()


def test_save_and_delete_by_keyboard(page: Page, name: str) -> None:
    page.goto(USAGE)
    page.locator("#choose-save").press("Enter")
    page.keyboard.type(name)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.goto("/reports")
    question = page.get_by_role("dialog", name=f"Delete the view “{name}”?")
    delete = page.get_by_role("button", name=f"Delete… {name}")
    delete.press("Enter")
    expect(question.get_by_role("button", name="Keep")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question).to_be_hidden()
    expect(delete).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect_notice(page, f"The view “{name}” is deleted. Undo deleting {name}")
    expect(page.get_by_role("link", name=name)).to_have_count(0)
    page.get_by_role("button", name="Undo").press("Enter")
    expect_notice(page, "The view is back.")
    expect(page.get_by_role("link", name=name)).to_be_visible()


@pytest.mark.provokes("400")
def test_replace_by_keyboard(page: Page, name: str) -> None:
    page.goto(f"{USAGE}?sort=used")
    save_view(page, name)
    page.goto(f"{USAGE}?sort=-used")
    page.locator("#choose-save").click()
    page.locator("#name").fill(name)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Name of the view")).to_be_focused()
    for _ in ("Share", "Open this report with it", "Save", "Replace"):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=f"Replace “{name}”")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"{USAGE}\?sort=-used$"))
    page.goto("/reports")
    expect(page.get_by_role("link", name=name)).to_have_attribute("href", f"{USAGE}?sort=-used")


@pytest.mark.provokes("400", "404", "gone.js")
def test_saved_views_without_scripts(open_plain: Open, name: str) -> None:
    plain = open_plain(f"{USAGE}?sort=-used")
    save_view(plain, name)
    plain = open_plain("/reports")
    press(plain, "Make default", name)
    expect_notice(plain, "View Report begins with this view from now on.")
    press(plain, "No default", name)
    expect(plain.get_by_role("button", name=f"Make default {name}")).to_be_visible()
    press(plain, "Rename…", name)
    field = plain.get_by_role("dialog", name=f"Rename {name}").get_by_label("Name of the view")
    expect(field).to_be_focused()
    field.fill("")
    field.press("Enter")
    expect(field, "the browser asks for a name").to_be_focused()
    field.fill(f"New {name}")
    field.press("Enter")
    expect_notice(plain, "The view has its new name.")
    press(plain, "Delete…", f"New {name}")
    plain.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(plain.get_by_role("link", name=name)).to_have_count(0)
    plain.get_by_role("button", name=f"Undo deleting New {name}").click()
    expect(plain.get_by_role("link", name=f"New {name}")).to_be_visible()


def test_view_report_opens_the_default_view(sign_in: SignIn, name: str) -> None:
    tab = sign_in(LEAVER)
    tab.goto(f"{USAGE}?sort=-used")
    save_view(tab, name)
    tab.goto("/reports")
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
    save_view(page, name)
    page.goto("/reports")
    press(page, "Share", name)
    expect(page.get_by_role("button", name=f"Share {name}")).to_have_count(0)
    press(page, "Make default", name)
    expect(page.get_by_role("button", name=f"No default {name}")).to_be_visible()
    check(page)
    for button in ("Rename…", "Delete…"):
        press(page, button, name)
        check(page)
        page.keyboard.press("Escape")
    press(page, "Delete…", name)
    page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Undo").click()
    expect_notice(page, "The view is back.")
    page.goto(f"{USAGE}?q=c-1001")
    page.locator("#choose-save").click()
    page.locator("#name").fill(name)
    page.keyboard.press("Enter")
    expect(page.locator(".error")).to_be_visible()
    check(page)
