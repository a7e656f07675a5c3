"""Setting up a second factor, signing in with it, and being asked again, in a browser without scripts."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from time import time

import pytest
from playwright.sync_api import Page, expect
from pyotp import TOTP

from app.auth import users
from tests.browser.conftest import PASSWORD, expect_sign_in, opened, submit_sign_in
from tests.browser.test_accessibility import check
from tests.support import BY

FAY = "fay@partner.example"
VIEW = "/reports/customer-usage?sort=-used"


class PlainTab:
    """A tab that loads pages without scripts. A context that forbids scripts would forbid axe too."""

    def __init__(self, page: Page) -> None:
        self._page, self._session = page, page.context.new_cdp_session(page)
        self._enable_scripts(False)

    def _enable_scripts(self, enable: bool) -> None:
        self._session.send("Emulation.setScriptExecutionDisabled", {"value": not enable})

    def check(self) -> None:
        """Find no violation with axe on the page as it is."""
        self._enable_scripts(True)
        check(self._page)
        self._enable_scripts(False)


@pytest.fixture
def fay(demo_folder: Path) -> None:
    """Add FAY, an admin without a second factor."""
    with opened(demo_folder):
        users.add_user(BY, FAY, "admin", None, PASSWORD)


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def enter_code(page: Page, code: str) -> None:
    page.get_by_label("Code", exact=True).fill(code)
    page.keyboard.press("Enter")


def forget_confirmation(demo_folder: Path) -> None:
    with closing(sqlite3.connect(demo_folder / "access.db")) as access, access:
        mine = "user_id = (SELECT id FROM user WHERE email = ?)"
        access.execute(f"UPDATE session SET confirmed_at = '2020-01-01 00:00:00' WHERE {mine}", [FAY])


def test_phones_can_read_the_code_in_dark_mode(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/account/factor")
    code = page.get_by_role("img", name="QR code")
    expect(code.locator("rect")).to_have_css("fill", "rgb(255, 255, 255)")
    expect(code.locator("path")).to_have_css("fill", "rgb(0, 0, 0)")


@pytest.mark.slow_trial
@pytest.mark.provokes("400", "401")
@pytest.mark.usefixtures("fay")
def test_second_factor_without_scripts(stranger: Page, demo_folder: Path) -> None:
    plain, tab = stranger, PlainTab(stranger)
    plain.goto("/account/factor")
    submit_sign_in(plain, FAY)
    expect(plain.get_by_role("img", name="QR code")).to_be_visible()
    tab.check()
    enter_code(plain, "000000")
    expect(plain.get_by_label("Code", exact=True)).to_have_accessible_description(re.compile("This code is wrong"))
    tab.check()
    app = TOTP(plain.locator(".secret").inner_text().replace(" ", ""))
    enter_code(plain, app.now())
    expect(plain.locator(".secret")).to_have_count(10)
    code = plain.locator(".secret").first.inner_text()
    tab.check()
    plain.get_by_role("link", name="I have kept them").click()
    expect(plain.locator("main")).to_contain_text("10 recovery codes are left")
    expect(plain.locator("main")).to_contain_text(re.compile("Chrome on .*, 127.0.0.1"))
    tab.check()

    plain.get_by_role("button", name=f"Account, {FAY}").click()
    press(plain, "Sign out")
    plain.goto(VIEW)
    submit_sign_in(plain, FAY)
    expect(plain).to_have_url(re.compile("/login/code"))
    tab.check()
    enter_code(plain, "000000")
    expect(plain.locator("#form-error")).to_be_visible()
    tab.check()
    plain.get_by_label("Remember this browser").check()
    enter_code(plain, app.at(int(time()) + 30))
    expect(plain).to_have_url(VIEW)

    forget_confirmation(demo_folder)
    plain.goto("/users")
    plain.get_by_role("link", name=FAY, exact=True).click()
    page = plain.url
    press(plain, "Sign out everywhere")
    expect(plain).to_have_url(re.compile("/account/confirm"))
    tab.check()
    plain.get_by_text("Lost your phone?").click()
    plain.get_by_label("Recovery code").fill(code)
    press(plain, "Go on")
    expect(plain).to_have_url(page)
    tab.check()
    press(plain, "Reset second factor")
    expect_sign_in(plain)
    submit_sign_in(plain, FAY)
    expect(plain.locator("main .facts")).to_contain_text("Off")
