"""Signing in and out as a person does it, and where one is led whose session is over."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import LEAVER, PASSWORD, SignIn, expect_sign_in, expect_whole, give

USAGE = "/reports/customer-usage"
VIEW = f"{USAGE}?sort=-used"


def expect_view(page: Page) -> None:
    expect(page).to_have_url(VIEW)
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", "descending")


@pytest.mark.provokes("401")
def test_the_keyboard_alone_leads_through_the_sign_in_to_the_very_view_that_was_asked_for(stranger: Page) -> None:
    email, password = stranger.get_by_label("Email"), stranger.get_by_label("Password", exact=True)

    def type_in(first: str, second: str) -> None:
        for _ in ("skip link", "brand", "email"):
            stranger.keyboard.press("Tab")
        expect(email).to_be_focused()
        stranger.keyboard.type(first)
        stranger.keyboard.press("Tab")
        expect(password).to_be_focused()
        stranger.keyboard.type(second)
        stranger.keyboard.press("Enter")

    stranger.goto(VIEW)
    expect_sign_in(stranger)
    type_in(LEAVER, "correct horse")
    expect(stranger.get_by_role("alert")).to_contain_text(["", "The email or the password is wrong."])
    expect(email).to_have_value(LEAVER)
    expect(password).to_have_value("")
    type_in("", PASSWORD)
    expect_view(stranger)


@pytest.mark.provokes("401")
def test_without_scripts_a_wrong_password_is_told_and_the_right_one_leads_to_the_view(
    new_context: Callable[..., BrowserContext],
) -> None:
    plain = new_context(session="", java_script_enabled=False).new_page()
    plain.goto(VIEW)
    expect(plain.get_by_role("button", name="Show password")).to_be_hidden()
    give(plain, LEAVER, "correct horse")
    expect(plain.locator("#form-error")).to_have_text("The email or the password is wrong.")
    expect(plain.get_by_label("Email")).to_have_value(LEAVER)
    expect(plain.get_by_label("Password", exact=True)).to_have_value("")
    give(plain, LEAVER)
    expect_view(plain)


@pytest.mark.provokes("400")
def test_what_is_left_empty_is_said_beside_its_field(stranger: Page) -> None:
    stranger.goto("/login")
    stranger.get_by_role("button", name="Sign in").click()
    expect(stranger.get_by_label("Email")).to_have_accessible_description("Enter your email.")
    expect(stranger.get_by_label("Password", exact=True)).to_have_accessible_description("Enter your password.")


def test_a_password_is_shown_and_hidden_by_mouse_and_keyboard(stranger: Page) -> None:
    stranger.goto("/login")
    password, button = stranger.get_by_label("Password", exact=True), stranger.get_by_role("button", name="Show")
    password.fill(PASSWORD)
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(password).to_have_attribute("type", "text")
    expect(button).to_have_attribute("aria-pressed", "true")
    for key, kind in (("Space", "password"), ("Enter", "text")):
        button.press(key)
        expect(password).to_have_attribute("type", kind)
    expect(password).to_have_value(PASSWORD)
    expect_sign_in(stranger)


def test_passwords_can_be_pasted(page: Page) -> None:
    page.goto("/account")
    present, new = page.get_by_label("Present password", exact=True), page.get_by_label("New password", exact=True)
    present.fill(PASSWORD)
    page.get_by_role("button", name="Show present password").click()
    present.press("ControlOrMeta+A")
    present.press("ControlOrMeta+C")
    new.press("ControlOrMeta+V")
    expect(new).to_have_value(PASSWORD)


STEPS: dict[str, Callable[[Page], Any]] = {
    "opening a row": lambda page: page.locator(".expander").first.click(),
    "sorting": lambda page: page.locator("#sort-customer").click(),
    "searching": lambda page: page.locator("#q").press_sequentially("c-1"),
    "filtering": lambda page: page.locator("#reseller").select_option("-"),
    "exporting": lambda page: page.locator("#export").click(),
    "reloading": lambda page: page.reload(),
}


def expire(folder: Path) -> None:
    """Let Lea's sessions be as old as if she had gone home."""
    with closing(sqlite3.connect(folder / "access.db")) as access, access:
        mine = "user_id = (SELECT id FROM user WHERE email = ?)"
        access.execute(f"UPDATE session SET seen_at = '2020-01-01 00:00:00' WHERE {mine}", [LEAVER])


@pytest.mark.provokes("401")
@pytest.mark.parametrize("step", STEPS)
def test_after_the_session_a_step_leads_to_the_sign_in_and_that_back_to_the_view(
    sign_in: SignIn, folder: Path, step: str
) -> None:
    tab = sign_in(LEAVER)
    tab.goto(VIEW)
    expect_whole(tab)
    expire(folder)
    STEPS[step](tab)
    expect_sign_in(tab)
    give(tab, LEAVER)
    expect_view(tab)


@pytest.mark.provokes("401")
def test_after_the_session_back_leads_to_the_sign_in_and_that_to_the_view_before(sign_in: SignIn, folder: Path) -> None:
    tab = sign_in(LEAVER)
    tab.goto(VIEW)
    expect_whole(tab)
    tab.locator("#sort-customer").click()
    expect(tab).to_have_url(USAGE)
    expire(folder)
    tab.go_back()
    expect_sign_in(tab)
    give(tab, LEAVER)
    expect_view(tab)


@pytest.mark.provokes("401")
@pytest.mark.parametrize("link", ["#sort-used", "nav a"])
def test_after_a_sign_out_in_one_tab_the_next_click_in_another_leads_to_the_sign_in(sign_in: SignIn, link: str) -> None:
    tab = sign_in(LEAVER)
    tab.goto(USAGE)
    expect_whole(tab)
    other = tab.context.new_page()
    other.goto("/reports")
    other.get_by_role("button", name="Sign out").click()
    expect_sign_in(other)
    tab.locator(link).first.click()
    expect_sign_in(tab)


def sort_and_sign_out(tab: Page) -> Page:
    """Make a history of two pages and of two views that htmx pushed, and leave; give another tab that has gone on."""
    other = tab.context.new_page()
    other.goto("/reports/customer-subscriptions")
    other.goto("/account")
    tab.goto("/reports/customer-transactions")
    tab.goto(VIEW)
    tab.locator("#sort-available").click()
    expect(tab).to_have_url(re.compile("sort=available"))
    tab.locator("#sort-customer").click()
    expect(tab).to_have_url(USAGE)
    tab.get_by_role("button", name="Sign out").click()
    expect_sign_in(tab)
    return other


def step(tab: Page, way: str) -> None:
    """Go one page on in the history; Playwright's own would wait for it to load, which one that was kept doesn't."""
    tab.evaluate(f"setTimeout(() => history.{way}())")
    expect_sign_in(tab)


def test_after_the_sign_out_back_shows_nothing_of_any_report(sign_in: SignIn) -> None:
    tab = sign_in(LEAVER)
    other = sort_and_sign_out(tab)
    for way, times in (("back", 4), ("forward", 4)):
        for _ in range(times):
            step(tab, way)
    step(other, "back")


@pytest.fixture
def keeping(launch_browser: Callable[..., Browser], browser_context_args: dict[str, Any]) -> Iterator[BrowserContext]:
    """A browser that keeps whole pages for Back, as a person's does and Playwright's doesn't."""
    browser = launch_browser(ignore_default_args=["--disable-back-forward-cache"])
    yield browser.new_context(**browser_context_args)
    browser.close()


def test_after_the_sign_out_back_shows_no_page_that_the_browser_kept(keeping: BrowserContext) -> None:
    tab = keeping.new_page()
    tab.goto(USAGE)
    give(tab, LEAVER)
    expect(tab).to_have_url(USAGE)
    other = sort_and_sign_out(tab)
    for way, times in (("back", 4), ("forward", 4)):
        for _ in range(times):
            step(tab, way)
    step(other, "back")
