"""An admin adds and changes users; what those users see then."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import RESELLER, VIEWER, SignIn, expect_sign_in, submit_sign_in

USAGE = "/reports/customer-usage"
OWN_PASSWORD = "four quite unrelated words"


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()


def add(page: Page, email: str, role: str = "Viewer") -> str:
    """Add a user who sees all customers, and return the temporary password."""
    page.goto("/users")
    page.get_by_label("Email").fill(email)
    page.get_by_role("radio", name=re.compile(f"^{role}")).check()
    page.get_by_role("radio", name="The whole partner").check()
    press(page, "Add user")
    expect(page.get_by_role("heading", level=1)).to_have_text(email)
    return page.locator(".secret").inner_text()


def test_temporary_password_is_copied(page: Page) -> None:
    password = add(page, "copy@partner.example")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    press(page, "Copy")
    expect(page.get_by_role("button", name="Copied")).to_be_focused()
    expect(page.locator("#live")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == password


def choose_password(page: Page, present: str) -> None:
    page.goto("/account")
    page.get_by_label("Current password", exact=True).fill(present)
    page.get_by_label("New password", exact=True).fill(OWN_PASSWORD)
    press(page, "Change password")
    expect(page.locator("main")).to_contain_text("Your password is changed.")


def test_viewer_sees_rows_of_the_reseller(sign_in: SignIn) -> None:
    tab = sign_in(VIEWER)
    tab.goto(USAGE)
    assert set(tab.locator("tbody td:nth-child(3)").all_inner_texts()) == {RESELLER}
    tab.get_by_role("button", name="Columns", exact=True).click()
    expect(tab.locator("#column-list")).to_contain_text("Over Inventory")
    expect(tab.locator("#filters")).not_to_contain_text(re.compile("Certificate Type|Product"))
    expect(tab.locator("#export, .expander")).to_have_count(0)
    expect(
        tab.get_by_role("navigation", name="Main").get_by_role("link", name=re.compile("Users|Audit"))
    ).to_have_count(0)


@pytest.mark.provokes("400")
def test_errors_of_a_new_user_stand_beside_the_fields(page: Page) -> None:
    email, reseller = page.get_by_label("Email"), page.get_by_label("Reseller", exact=True)
    page.goto("/users")
    email.fill("mia")
    page.get_by_role("radio", name="One reseller").check()
    reseller.fill(RESELLER.upper())
    press(page, "Add user")
    expect(email).to_have_accessible_description("“mia” is not an email address such as ann@partner.example.")
    expect(page.get_by_role("group", name="Role")).to_have_accessible_description("Choose a role.")
    expect(reseller).to_have_accessible_description(
        re.compile(f"not the name of a reseller; did you mean “{RESELLER}”")
    )
    expect(email).to_have_value("mia")
    expect(page.get_by_role("radio", name="One reseller")).to_be_checked()
    expect(reseller).to_have_value(RESELLER.upper())
    email.fill("mia@reseller.example")
    page.get_by_role("radio", name="Viewer").check()
    reseller.fill(RESELLER)
    press(page, "Add user")
    expect(page.get_by_role("heading", level=1)).to_have_text("mia@reseller.example")
    page.goto("/users")
    cells = page.get_by_role("row", name="mia@").get_by_role("cell")
    expect(cells).to_have_text(["Viewer", RESELLER, "Yes", "Temporary password", "Off", "0", "0", ""])


def test_temporary_password_must_be_changed(page: Page, stranger: Page) -> None:
    secret = add(page, "oli@partner.example")
    stranger.goto(USAGE)
    submit_sign_in(stranger, "oli@partner.example", secret)
    expect(stranger.locator("main")).to_contain_text("Choose one of your own to go on.")
    for path in ("/reports", USAGE, "/"):
        stranger.goto(path)
        expect(stranger).to_have_url("/account")
    choose_password(stranger, secret)
    stranger.get_by_role("navigation", name="Main").get_by_role("link", name="Usage").click()
    expect(stranger.locator("#count")).to_have_text("60 rows")


@pytest.mark.provokes("401")
def test_disabled_user_is_signed_out(page: Page, sign_in: SignIn) -> None:
    secret = add(page, "ray@partner.example")
    tab = sign_in("ray@partner.example", secret)
    choose_password(tab, secret)
    tab.goto(USAGE)
    press(page, "Disable")
    expect(page.locator("main .facts")).to_contain_text("Disabled")
    tab.locator("#sort-used").click()
    expect_sign_in(tab)
    submit_sign_in(tab, "ray@partner.example", OWN_PASSWORD)
    expect(tab.locator("#form-error")).to_have_text("The email or the password is wrong.")
    press(page, "Enable")
    expect(page.locator("main .facts")).not_to_contain_text("Disabled")
    submit_sign_in(tab, "ray@partner.example", OWN_PASSWORD)
    expect(tab).to_have_url(USAGE)
