"""Users as an admin makes and changes them, and what each of them then sees."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import ADMIN, LEAVER, PASSWORD, RESELLER, VIEWER, SignIn, expect_sign_in, give
from tests.serving import flask, server, token

USAGE = "/reports/customer-usage"
OWN_PASSWORD = "four quite unrelated words"


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button).click()


def add(page: Page, email: str, role: str = "Viewer") -> str:
    """Add somebody who sees all customers, and return the password that is shown."""
    page.goto("/users")
    page.get_by_label("Email").fill(email)
    page.get_by_role("radio", name=re.compile(f"^{role}")).check()
    page.get_by_role("radio", name="The whole partner").check()
    press(page, "Add user")
    expect(page.get_by_role("heading", level=1)).to_have_text(email)
    return page.locator(".secret").inner_text()


def choose_password(page: Page, present: str) -> None:
    page.goto("/account")
    page.get_by_label("Present password", exact=True).fill(present)
    page.get_by_label("New password", exact=True).fill(OWN_PASSWORD)
    press(page, "Change password")
    expect(page.locator("main")).to_contain_text("Your password is changed.")


def test_a_viewer_sees_rows_of_their_reseller_from_outside(sign_in: SignIn) -> None:
    tab = sign_in(VIEWER)
    tab.goto(USAGE)
    assert set(tab.locator("tbody td:nth-child(3)").all_inner_texts()) == {RESELLER}
    tab.get_by_text("Columns", exact=True).click()
    expect(tab.locator("#column-list")).to_contain_text("Over Inventory")
    expect(tab.locator("#filters")).not_to_contain_text(re.compile("Certificate Type|Product"))
    expect(tab.locator("#export, .expander")).to_have_count(0)
    expect(tab.get_by_role("navigation", name="Main").get_by_role("link")).to_have_text(["All reports"])


@pytest.mark.provokes("403")
def test_a_link_that_only_admins_can_use_tells_a_viewer_why_and_leads_on(sign_in: SignIn) -> None:
    tab = sign_in(VIEWER)
    tab.goto(f"{USAGE}?columns=certificate_type&columns=used")
    expect(tab.get_by_role("heading", level=1)).to_have_text("This is not for you.")
    expect(tab.locator("main")).to_contain_text("Certificate Type as a column: looking inside rows is for admins")
    tab.get_by_role("link", name="Open the report afresh").click()
    expect(tab.locator("#count")).to_have_text("1–8 of 8 rows")


@pytest.mark.provokes("400")
def test_what_is_wrong_with_a_new_user_is_said_beside_its_field_and_what_was_typed_stays(page: Page) -> None:
    email, reseller = page.get_by_label("Email"), page.get_by_label("Reseller", exact=True)
    page.goto("/users")
    email.fill("mia")
    page.get_by_role("radio", name="One reseller").check()
    reseller.fill(RESELLER.upper())
    press(page, "Add user")
    expect(email).to_have_accessible_description("“mia” is not an email address such as ann@partner.example")
    expect(page.get_by_role("group", name="Role")).to_have_accessible_description("Choose a role")
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
    expect(cells).to_have_text(["Viewer", RESELLER, "Temporary password", "0", ""])


def test_a_password_that_was_made_is_shown_once(page: Page) -> None:
    secret = add(page, "nia@partner.example")
    page.locator(".breadcrumb a").click()
    page.get_by_role("link", name="nia@partner.example").click()
    expect(page.get_by_text("Has a temporary password")).to_be_visible()
    expect(page.locator("main")).not_to_contain_text(secret)
    press(page, "New temporary password")
    expect(page.locator(".secret")).to_be_visible()
    expect(page.locator(".secret")).not_to_have_text(secret)


def test_whoever_got_a_password_chooses_their_own_before_they_see_a_report(page: Page, stranger: Page) -> None:
    secret = add(page, "oli@partner.example")
    stranger.goto(USAGE)
    give(stranger, "oli@partner.example", secret)
    expect(stranger.locator("main")).to_contain_text("Choose one of your own to go on.")
    for path in ("/reports", USAGE, "/"):
        stranger.goto(path)
        expect(stranger).to_have_url("/account")
    choose_password(stranger, secret)
    stranger.get_by_role("link", name="All reports").click()
    stranger.get_by_role("link", name="Customer Usage Report").click()
    expect(stranger.locator("#count")).to_have_text("1–50 of 60 rows")


@pytest.mark.provokes("403")
def test_another_role_holds_from_the_next_click(page: Page, sign_in: SignIn) -> None:
    secret = add(page, "pia@partner.example", "Admin")
    tab = sign_in("pia@partner.example", secret)
    choose_password(tab, secret)
    tab.goto(USAGE)
    expect(tab.locator("#export")).to_be_visible()
    page.get_by_role("radio", name="Viewer").check()
    press(page, "Save")
    expect(page.locator(".notice")).to_contain_text("It holds from their next click on.")
    tab.locator(".expander").first.click()
    expect(tab.locator("#alert")).to_contain_text(
        "looking inside rows are for admins, and you are signed in as a viewer"
    )
    tab.locator("#sort-used").click()
    expect(tab.locator("#th-used")).to_have_attribute("aria-sort", "ascending")
    expect(tab.locator("#export, .expander")).to_have_count(0)


@pytest.mark.provokes("401")
def test_whoever_is_disabled_is_led_to_the_sign_in_and_stays_out_until_enabled(page: Page, sign_in: SignIn) -> None:
    secret = add(page, "ray@partner.example")
    tab = sign_in("ray@partner.example", secret)
    choose_password(tab, secret)
    tab.goto(USAGE)
    press(page, "Disable")
    expect(page.locator(".facts")).to_contain_text("Disabled")
    tab.locator("#sort-used").click()
    expect_sign_in(tab)
    give(tab, "ray@partner.example", OWN_PASSWORD)
    expect(tab.locator("#form-error")).to_have_text("The email or the password is wrong.")
    press(page, "Enable")
    expect(page.locator(".facts")).not_to_contain_text("Disabled")
    give(tab, "ray@partner.example", OWN_PASSWORD)
    expect(tab).to_have_url(USAGE)


@pytest.mark.provokes("400")
def test_the_last_admin_of_the_whole_partner_stays_one(
    tmp_path: Path, new_context: Callable[..., BrowserContext]
) -> None:
    own = {"DATABASE_URL": f"sqlite:///{tmp_path}/reports.db"}
    flask("migrate", **own)
    flask("user", "add", ADMIN, "--role", "admin", "--password-stdin", says=PASSWORD, **own)
    with server(**own) as address:
        plain = new_context(session=token(address, ADMIN, PASSWORD), java_script_enabled=False).new_page()
        plain.goto(f"{address}/users")
        plain.locator("tbody").get_by_role("link", name=ADMIN).click()
        press(plain, "Disable")
        expect(plain.locator("#action-error")).to_contain_text("This is the last enabled admin of the whole partner")
        expect(plain.get_by_role("radio", name="Admin sees")).to_be_checked()
        plain.get_by_role("radio", name="Viewer").check()
        press(plain, "Save")
        expect(plain.get_by_role("group", name="Role")).to_have_accessible_description(re.compile("last enabled admin"))
        plain.goto(f"{address}/users")
        cells = plain.get_by_role("row", name=ADMIN).get_by_role("cell")
        expect(cells).to_contain_text(["Admin", "All customers", "Active"])


def test_the_trail_tells_what_was_done_to_whom_by_whom(page: Page) -> None:
    add(page, "sam@partner.example")
    page.get_by_role("radio", name="Admin sees").check()
    press(page, "Save")
    expect(page.locator(".notice")).to_contain_text("Saved.")
    press(page, "Disable")
    expect(page.locator(".facts")).to_contain_text("Disabled")
    page.get_by_role("link", name="Audit trail", exact=True).click()
    rows = page.locator("tbody tr").filter(has_text="sam@partner.example")
    expect(rows.locator("td:nth-child(3)")).to_have_text(["user disabled", "user changed", "user added"])
    expect(rows.locator("td:nth-child(2)")).to_have_text([ADMIN] * 3)
    page.get_by_label("Who").fill("Sam@Partner.Example")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("who="))
    expect(page.locator("tbody tr")).to_have_count(3)


def test_signing_out_everywhere_ends_the_session_in_another_browser(sign_in: SignIn) -> None:
    here, there = sign_in(LEAVER), sign_in(LEAVER)
    there.goto("/reports")
    here.goto("/account")
    press(here, "Sign out everywhere")
    expect_sign_in(here)
    there.get_by_role("link", name="Customer Usage Report").click()
    expect_sign_in(there)


def test_another_password_ends_the_session_in_another_browser_and_not_in_this_one(page: Page, sign_in: SignIn) -> None:
    secret = add(page, "tom@partner.example")
    here, there = sign_in("tom@partner.example", secret), sign_in("tom@partner.example", secret)
    there.goto("/account")
    choose_password(here, secret)
    there.get_by_role("link", name="All reports").click()
    expect_sign_in(there)
    here.get_by_role("link", name="All reports").click()
    expect(here.get_by_role("heading", level=1)).to_have_text("Reports")
