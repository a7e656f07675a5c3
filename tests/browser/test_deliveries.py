"""Somebody lets a saved view be sent by mail, mends a fault in the form, changes, pauses and deletes the delivery."""

import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import ADMIN, VIEWER, remove_views
from tests.browser.intents import set_latency
from tests.browser.test_accessibility import check
from tests.support import OURS


@pytest.fixture
def view(page: Page, demo_folder: Path) -> Iterator[str]:
    """The name of a saved view of the visitor's own."""
    name = f"Renewals {uuid4()}"
    form: dict[str, str | float | bool] = {"name": name, "view": "period=this-year"}
    assert page.request.post("/reports/customer-subscriptions/views", form=form, headers=OURS).ok
    yield name
    remove_views(demo_folder, name)


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


@pytest.mark.provokes("status of 400")
def test_delivery_is_added_changed_paused_and_deleted(page: Page, view: str) -> None:
    page.goto("/deliveries")
    page.get_by_label("Saved view").select_option(label=view)
    press(page, "Deliver by mail")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"Deliver by mail: {view}")
    check(page)
    page.get_by_label("How often").select_option(label="Every week")
    page.get_by_label("Day of the week").select_option(label="Friday")
    page.get_by_label("Only when there are rows").check()
    recipients = page.get_by_role("textbox", name="To")
    recipients.fill(f"{ADMIN}, {VIEWER}")
    press(page, "Add delivery")
    expect(recipients).to_have_accessible_description(re.compile(f"“{VIEWER}”: no account with this address"))
    expect(recipients).to_have_value(f"{ADMIN},{VIEWER}")
    expect(page.get_by_label("How often")).to_have_value("week")
    expect(page.get_by_label("Day of the week")).to_have_value("5")
    expect(page.get_by_label("Only when there are rows")).to_be_checked()
    check(page)
    recipients.fill(ADMIN)
    recipients.press("Enter")
    row = page.get_by_role("row", name=view)
    expect(row).to_contain_text("every Friday at 06:00 UTC")
    check(page)
    row.get_by_role("link", name=view).click()
    page.get_by_label("How often").select_option(label="Every day")
    press(page, "Save")
    expect(row).to_contain_text("every day at 06:00 UTC")
    for button, message in (("Pause", "paused"), ("Resume", "goes on"), ("Delete", "deleted")):
        row.get_by_role("button", name=f"{button} {view}").click()
        expect(page.get_by_role("main").get_by_role("status")).to_contain_text(message)
    expect(row).to_have_count(0)


def test_double_clicks_add_one_delivery(page: Page, view: str) -> None:
    page.goto("/deliveries")
    set_latency(page, 150)
    page.get_by_label("Saved view").select_option(label=view)
    page.get_by_role("button", name="Deliver by mail").dblclick()
    page.get_by_role("button", name="Add delivery").dblclick()
    row = page.get_by_role("row", name=view)
    expect(row).to_have_count(1)
    row.get_by_role("button", name=f"Delete {view}").dblclick()
    expect(page.get_by_role("main").get_by_role("status")).to_contain_text("deleted")
    expect(row).to_have_count(0)
