"""Signing in and out, and what happens after the session is over."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import LEAVER, PASSWORD, SignIn, expect_loaded, expect_sign_in, submit_sign_in

USAGE = "/reports/customer-usage"
VIEW = f"{USAGE}?sort=-used"


def expect_view(page: Page) -> None:
    expect(page).to_have_url(VIEW)
    expect(page.locator("#th-used")).to_have_attribute("aria-sort", "descending")


@pytest.mark.provokes("401")
def test_sign_in_by_keyboard_leads_to_the_requested_view(stranger: Page) -> None:
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
def test_sign_in_without_scripts(
    new_context: Callable[..., BrowserContext],
) -> None:
    plain = new_context(session="", java_script_enabled=False).new_page()
    plain.goto(VIEW)
    expect(plain.get_by_role("button", name="Show password")).to_be_hidden()
    submit_sign_in(plain, LEAVER, "correct horse")
    expect(plain.locator("#form-error")).to_have_text("The email or the password is wrong.")
    expect(plain.get_by_label("Email")).to_have_value(LEAVER)
    expect(plain.get_by_label("Password", exact=True)).to_have_value("")
    submit_sign_in(plain, LEAVER)
    expect_view(plain)


def test_show_and_hide_the_password(stranger: Page) -> None:
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


def filter_by_reseller(page: Page) -> None:
    page.get_by_role("button", name="Filters").click()
    page.locator("#reseller").select_option("-")


STEPS: dict[str, Callable[[Page], Any]] = {
    "opening a row": lambda page: page.locator(".expander").first.click(),
    "sorting": lambda page: page.locator("#sort-customer").click(),
    "searching": lambda page: page.locator("#q").press_sequentially("c-1"),
    "filtering": filter_by_reseller,
    "exporting": lambda page: page.locator("#export").click(),
    "reloading": lambda page: page.reload(),
}


def expire(demo_folder: Path) -> None:
    """Let the sessions of LEAVER be too old."""
    with closing(sqlite3.connect(demo_folder / "access.db")) as access, access:
        mine = "user_id = (SELECT id FROM user WHERE email = ?)"
        access.execute(f"UPDATE session SET seen_at = '2020-01-01 00:00:00' WHERE {mine}", [LEAVER])


@pytest.mark.provokes("401")
@pytest.mark.parametrize("step", ["opening a row", "exporting"])
def test_expired_session_leads_to_sign_in_and_back(sign_in: SignIn, demo_folder: Path, step: str) -> None:
    check_expired_session(sign_in(LEAVER), demo_folder, step)


def check_expired_session(tab: Page, demo_folder: Path, step: str) -> None:
    tab.goto(VIEW)
    expect_loaded(tab)
    expire(demo_folder)
    STEPS[step](tab)
    expect_sign_in(tab)
    submit_sign_in(tab, LEAVER)
    expect_view(tab)


@pytest.mark.provokes("401")
def test_back_after_the_session_leads_to_sign_in(sign_in: SignIn, demo_folder: Path) -> None:
    tab = sign_in(LEAVER)
    tab.goto(VIEW)
    expect_loaded(tab)
    tab.locator("#sort-customer").click()
    expect(tab).to_have_url(USAGE)
    expire(demo_folder)
    step(tab, "back")
    submit_sign_in(tab, LEAVER)
    expect_view(tab)


@pytest.mark.provokes("401")
def test_sign_out_in_another_tab(sign_in: SignIn) -> None:
    tab = sign_in(LEAVER)
    tab.goto(USAGE)
    expect_loaded(tab)
    other = tab.context.new_page()
    other.goto("/reports")
    sign_out(other)
    expect_sign_in(other)
    tab.locator("#sort-used").click()
    expect_sign_in(tab)


def sign_out(tab: Page) -> None:
    tab.get_by_role("button", name="Account").click()
    tab.get_by_role("button", name="Sign out").click()


def sort_and_sign_out(tab: Page) -> Page:
    """Build a history of two pages and two views that htmx pushed, and sign out. Return a second tab with a history."""
    other = tab.context.new_page()
    other.goto("/reports/customer-subscriptions")
    other.goto("/account")
    tab.goto("/reports/customer-transactions")
    tab.goto(VIEW)
    tab.locator("#sort-available").click()
    expect(tab).to_have_url(re.compile("sort=available"))
    tab.locator("#sort-customer").click()
    expect(tab).to_have_url(USAGE)
    sign_out(tab)
    expect_sign_in(tab)
    return other


def step(tab: Page, direction: str) -> None:
    """Go through the history. Playwright's own methods wait for a load event, which bfcache doesn't fire."""
    with tab.expect_event("framenavigated"):  # the page before it may be the sign-in page, too
        tab.evaluate(f"setTimeout(() => history.{direction}())")
    expect_sign_in(tab)


def test_back_after_sign_out_shows_no_report(sign_in: SignIn) -> None:
    tab = sign_in(LEAVER)
    other = sort_and_sign_out(tab)
    for direction, times in (("back", 3), ("forward", 1)):
        for _ in range(times):
            step(tab, direction)
    step(other, "back")


@pytest.fixture
def bfcache_context(
    launch_browser: Callable[..., Browser], browser_context_args: dict[str, Any]
) -> Iterator[BrowserContext]:
    """A context with the back/forward cache, which Playwright disables and real browsers have."""
    browser = launch_browser(ignore_default_args=["--disable-back-forward-cache"])
    yield browser.new_context(**browser_context_args)
    browser.close()


@pytest.mark.slow_trial
def test_back_after_sign_out_with_bfcache(bfcache_context: BrowserContext) -> None:
    tab = bfcache_context.new_page()
    tab.goto(USAGE)
    submit_sign_in(tab, LEAVER)
    expect(tab).to_have_url(USAGE)
    other = sort_and_sign_out(tab)
    for direction, times in (("back", 3), ("forward", 1)):
        for _ in range(times):
            step(tab, direction)
    step(other, "back")
