"""Signing in through an OpenID Connect provider, confirming there, and signing out, in a browser without scripts."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.auth import users
from app.auth.oidc.identities import allow_provider
from models import User
from tests.browser.conftest import PASSWORD, expect_sign_in, opened
from tests.browser.test_second_factor import PlainTab, press
from tests.openid import CLIENT_ID, CLIENT_SECRET, openid_provider
from tests.serving import Serve
from tests.support import BY

GUS, VIEW = "gus@partner.example", "/reports/customer-usage?sort=-used"


@pytest.mark.slow_trial
@pytest.mark.provokes("403")
def test_provider_without_scripts(stranger: Page, serve: Serve, htmx_url: str, demo_folder: Path) -> None:
    with opened(demo_folder):
        users.add_user(BY, GUS, "admin", None, PASSWORD)
    tab = PlainTab(stranger)
    with openid_provider() as provider:
        client = {"OIDC_CLIENT_ID": CLIENT_ID, "OIDC_CLIENT_SECRET": CLIENT_SECRET}
        with serve(HTMX_URL=htmx_url, OIDC_ISSUER=provider.issuer, **client) as address:
            provider.claims["email"] = GUS
            stranger.goto(f"{address}{VIEW}")
            tab.check()
            enter = stranger.get_by_role("link", name=f"Sign in through {provider.name}")
            enter.focus()
            stranger.keyboard.press("Enter")
            expect(stranger.locator("#form-error")).to_contain_text("An administrator can allow it")
            tab.check()
            with opened(demo_folder):
                allow_provider(BY, User.get(email=GUS))
            enter.click()
            expect(stranger).to_have_url(f"{address}{VIEW}")

            with closing(sqlite3.connect(demo_folder / "access.db")) as access, access:
                access.execute("UPDATE session SET confirmed_at = '2020-01-01 00:00:00' WHERE origin = 'provider'")
            stranger.goto(f"{address}/users")
            stranger.get_by_role("link", name=GUS, exact=True).click()
            expect(stranger.locator("main .facts")).to_contain_text("Allowed, in use since")
            tab.check()
            press(stranger, "Save")
            tab.check()
            stranger.get_by_role("link", name=f"Confirm through {provider.name}").click()
            expect(stranger).to_have_url(re.compile("/users/"))

            stranger.get_by_role("button", name=f"Account, {GUS}").click()
            press(stranger, "Sign out")
            expect_sign_in(stranger)
            tab.check()
            stranger.get_by_role("link", name="Sign out there too").click()
            expect(stranger).to_have_url(f"{address}/login")
            assert "/end" in provider.requests
