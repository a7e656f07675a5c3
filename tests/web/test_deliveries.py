"""The pages of deliveries, and the links in mails that stop them."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.deliveries.message import StopLinks
from app.web.services import services
from models import AuditEvent, Delivery, DeliveryRecipient, DeliveryRun, SavedView, User
from tests.databases import on_both
from tests.databases import sqlite_first as database_url
from tests.support import OURS, signed_in

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("edge_cases")

FORM = {
    "kind": "day",
    "weekday": "1",
    "month_day": "1",
    "hour": "6",
    "file": "link",
    "recipients": "admin@partner.example",
}
ZEBRA = "Zebra Resale"


def add_view(client: FlaskClient, name: str = "Mine", shared: bool = True) -> SavedView:
    form = {"name": name, "view": "sort=-used", **({"shared": "on"} if shared else {})}
    client.post("/reports/customer-usage/views", data=form, headers=OURS)
    view: SavedView = SavedView.select().order_by(SavedView.id.desc()).get()
    return view


def add(client: FlaskClient, view: SavedView, **form: str) -> TestResponse:
    return client.post("/deliveries", data={**FORM, "view": str(view.id), **form}, headers=OURS)


def added(client: FlaskClient, name: str = "Mine", **form: str) -> Delivery:
    answer = add(client, add_view(client, name), **form)
    assert answer.status_code == 303, answer.text
    delivery: Delivery = Delivery.select().order_by(Delivery.id.desc()).get()
    return delivery


def press(client: FlaskClient, delivery: Delivery, step: str) -> int:
    return client.post(f"/deliveries/{delivery.id}/{step}", headers=OURS).status_code


def stop_link(app: Flask, recipient: DeliveryRecipient) -> str:
    links: StopLinks = services(app).stop_links
    return links.url(recipient)


def events() -> list[str]:
    return [each.event for each in AuditEvent.select().order_by(AuditEvent.id) if "deliver" in each.event]


def test_add_change_and_delete_a_delivery(client: FlaskClient) -> None:
    delivery = added(client, "<i>Mine", kind="week", weekday="5", hour="17", only_new="yes")
    page = client.get("/deliveries").text
    assert "&lt;i&gt;Mine" in page
    assert "every Friday at 17:00 UTC" in page
    form = client.get(f"/deliveries/{delivery.id}").text
    assert '<option value="5" selected>Friday' in form
    assert 'name="only_new" value="yes" checked' in form
    changed = {**FORM, "kind": "month", "month_day": "31", "file": "csv"}
    assert client.post(f"/deliveries/{delivery.id}", data=changed, headers=OURS).status_code == 303
    assert (
        "on day 31 of every month, or the last day of a shorter month, at 06:00 UTC" in client.get("/deliveries").text
    )
    assert press(client, delivery, "delete") == 303
    assert not Delivery.select().exists()
    assert events() == ["delivery added", "delivery changed", "delivery deleted"]


def test_same_delivery_is_added_once(client: FlaskClient) -> None:
    view = add_view(client)
    for _ in range(2):
        assert add(client, view).status_code == 303
    assert Delivery.select().count() == 1
    assert add(client, view, hour="7").status_code == 303
    assert Delivery.select().count() == 2


def test_menu_of_a_saved_view_leads_to_the_form(client: FlaskClient) -> None:
    view = add_view(client)
    page = client.get("/reports/customer-usage?sort=-used").text
    [address] = re.findall(r'href="(/deliveries/new\?view=\d+)"', page)
    form = client.get(address).text
    assert f'<input type="hidden" name="view" value="{view.id}">' in form
    assert 'value="admin@partner.example"' in form


@pytest.mark.parametrize(
    ("field", "value", "error"),
    [
        ("kind", "hour", "Choose every day"), ("kind", "", "Choose every day"), ("hour", "24", "Choose every day"),
        ("hour", "6.5", "Choose every day"), ("file", "pdf", "Choose one of"), ("recipients", " , ", "at least one"),
        ("recipients", "nobody@partner.example", "“nobody@partner.example”"),
        ("recipients", "a@b " * 2000, "at most 6000"),
        ("recipients", " ".join(f"{i}@b" for i in range(21)), "at most 20"),
    ],
)  # fmt: skip
def test_invalid_delivery_says_why_and_keeps_the_form(client: FlaskClient, field: str, value: str, error: str) -> None:
    answer = add(client, add_view(client), **{field: value, "only_rows": "yes"})
    assert answer.status_code == 400
    assert error in unescape(answer.text)
    assert 'name="only_rows" value="yes" checked' in answer.text
    assert not Delivery.select().exists()


@pytest.mark.parametrize(("kind", "day"), [("week", "0"), ("week", "8"), ("month", "0"), ("month", "32")])
def test_day_must_be_one_of_the_week_or_month(client: FlaskClient, kind: str, day: str) -> None:
    assert add(client, add_view(client), kind=kind, weekday=day, month_day=day).status_code == 400


def test_recipients_are_accounts_that_see_the_view(app: Flask, client: FlaskClient) -> None:
    signed_in(app, "viewer")
    signed_in(app, "admin", ZEBRA)
    alone, shared = add_view(client, "Alone", shared=False), add_view(client, "Shared")
    colleague, outsider = "viewer@partner.example", f"admin@{ZEBRA}.example"
    assert add(client, alone, recipients=colleague).status_code == 400
    assert add(client, shared, recipients=outsider.replace(" ", "")).status_code == 400
    assert add(client, shared, recipients=f"ADMIN@partner.example, {colleague}").status_code == 303
    assert DeliveryRecipient.select().count() == 2


def test_others_see_and_change_no_delivery(app: Flask, client: FlaskClient) -> None:
    assert add(client, add_view(client, "Secret name", shared=False)).status_code == 303
    delivery = Delivery.get()
    for other in (signed_in(app, "viewer"), signed_in(app, "admin", ZEBRA)):
        assert "Secret name" not in other.get("/deliveries").text
        assert other.get(f"/deliveries/{delivery.id}").status_code == 404
        assert other.post(f"/deliveries/{delivery.id}", data=FORM, headers=OURS).status_code == 404
        for step in ("pause", "resume", "delete", "stop", "take"):
            assert press(other, delivery, step) == 404
    stranger_view = add_view(signed_in(app, "admin", ZEBRA))
    assert add(client, stranger_view).status_code == 404


def test_admins_see_and_pause_everybodys_deliveries(app: Flask, client: FlaskClient) -> None:
    viewer = signed_in(app, "viewer")
    delivery = added(viewer, "Of a viewer", recipients="viewer@partner.example")
    assert "Of a viewer" in client.get("/deliveries").text
    assert client.get(f"/deliveries/{delivery.id}").status_code == 404
    assert press(client, delivery, "pause") == 303
    assert press(client, delivery, "pause") == 303  # pressed twice
    assert "Paused" in viewer.get("/deliveries").text
    assert press(viewer, delivery, "resume") == 303
    assert events() == ["delivery added", "delivery paused", "delivery resumed"]
    User.update(disabled=True).where(User.role == "viewer").execute()
    assert "Its owner is disabled" in client.get("/deliveries").text


@on_both
def test_list_tells_the_last_mails_and_failing_ones_first(app: Flask, client: FlaskClient) -> None:
    viewer = signed_in(app, "viewer")
    both = "viewer@partner.example admin@partner.example"
    failing, fine = (added(viewer, name, recipients=both) for name in ("Failing", "Fine"))
    for delivery in (failing, fine):
        for number, user in enumerate(User.select().order_by(User.id)):
            state, message = ("failed", "<i>550 nobody") if number and delivery == failing else ("sent", "")
            for day in (1, 2):
                times = dict.fromkeys(("due_at", "created_at", "next_at", "seen_at"), f"2026-01-0{day} 06:00:00")
                fields = {"state": "skipped" if day == 1 else state, "message": message, "rows": 12}
                DeliveryRun.create(delivery=delivery, user=user, **times, **fields)
    page = client.get("/deliveries").text
    assert page.index("Failing</bdi></th>") < page.index("Fine</bdi></th>")
    assert "2 sent" in page
    assert "1 failed" in page
    assert "12 rows; &lt;i&gt;550 nobody" in page
    assert "skipped" not in page


def test_delivery_of_a_deleted_view_stands_still(client: FlaskClient) -> None:
    delivery = added(client)
    client.post(f"/reports/views/{delivery.view_id}/delete", headers=OURS)
    assert "Its view is gone" in client.get("/deliveries").text
    assert client.get(f"/deliveries/{delivery.id}").status_code == 404
    SavedView.delete().execute()
    assert "Its view is gone" in client.get("/deliveries").text


def test_recipient_stops_and_takes_again(app: Flask, client: FlaskClient) -> None:
    viewer = signed_in(app, "viewer")
    delivery = added(client, "Shared", recipients="viewer@partner.example admin@partner.example")
    assert "Sent to you" in viewer.get("/deliveries").text
    assert press(viewer, delivery, "stop") == 303
    assert "has stopped it" in client.get("/deliveries").text
    client.post(f"/deliveries/{delivery.id}", data={**FORM, "recipients": "admin@partner.example"}, headers=OURS)
    again = {**FORM, "recipients": "admin@partner.example viewer@partner.example"}
    client.post(f"/deliveries/{delivery.id}", data=again, headers=OURS)
    assert DeliveryRecipient.select().where(DeliveryRecipient.stopped_at.is_null(False)).count() == 1
    assert press(viewer, delivery, "take") == 303
    assert not DeliveryRecipient.select().where(DeliveryRecipient.stopped_at.is_null(False)).exists()


@pytest.mark.parametrize("headers", [{}, {"Origin": "https://mail.example", "Sec-Fetch-Site": "cross-site"}])
def test_stop_link_works_without_sign_in(
    app: Flask, client: FlaskClient, stranger: FlaskClient, headers: dict[str, str]
) -> None:
    added(client, "Secret name")
    recipient = DeliveryRecipient.get()
    link = stop_link(app, recipient)
    page = stranger.get(link)
    assert page.status_code == 200
    assert "Secret name" not in page.text
    assert DeliveryRecipient.get().stopped_at is None
    for _ in range(2):
        answer = stranger.post(link, data={"List-Unsubscribe": "One-Click"}, headers=headers)
        assert answer.status_code == 200
    assert DeliveryRecipient.get().stopped_at
    assert events() == ["delivery added", "delivery stopped"]


@pytest.mark.parametrize("link", ["1", "1-1-1-20260101000000.x", "%00", "é.é", "x" * 300])
def test_made_up_stop_link_is_a_404(stranger: FlaskClient, link: str) -> None:
    for method in ("GET", "POST"):
        assert stranger.open(f"/deliveries/stop/{link}", method=method).status_code == 404


def test_page_says_when_the_server_sends_no_mails(client: FlaskClient) -> None:
    assert "sends no mails yet" in client.get("/deliveries").text


def test_log_has_no_stop_link(app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    added(client)
    link = stop_link(app, DeliveryRecipient.get())
    with caplog.at_level("INFO"):
        app.test_client().get(link).close()
        app.test_client().get("/deliveries/stop/x").close()
    assert "/deliveries/stop/…" in caplog.text
    assert link not in caplog.text


def test_length_of_the_list_adds_no_queries(app: Flask, client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    numbers = []
    for name in ("First", "Second", "Third"):
        other = signed_in(app, reseller=name)
        added(other, name, recipients=f"admin@{name}.example")
        other.post(f"/reports/views/{SavedView.select().order_by(SavedView.id.desc()).get().id}/delete", headers=OURS)
        added(other, f"{name} of all", recipients=f"admin@{name}.example")
        added(client, name)
        colleague = signed_in(app, "viewer")
        added(colleague, f"{name} of a colleague", recipients="admin@partner.example")
        with caplog.at_level("DEBUG", "peewee"):
            caplog.clear()
            page = client.get("/deliveries").text
        numbers.append(len(caplog.records))
        assert all(f"{name}{end}" in page for end in ("", " of all", " of a colleague"))
    assert numbers[0] == numbers[1] == numbers[2]


def test_new_name_of_a_view_that_is_private_again_stays_private(app: Flask, client: FlaskClient) -> None:
    view, colleague = add_view(client), signed_in(app, "viewer")
    recipient = User.get(User.role == "viewer").email
    assert add(colleague, view, recipients=recipient).status_code == 303
    client.post(f"/reports/views/{view.id}/rename", data={"name": "Shared name"}, headers=OURS)
    assert "Shared name" in colleague.get("/deliveries").text
    client.post(f"/reports/views/{view.id}/unshare", headers=OURS)
    client.post(f"/reports/views/{view.id}/rename", data={"name": "Secret name"}, headers=OURS)
    page = colleague.get("/deliveries").text
    assert "Its view is gone, or its owner can&#39;t see it any more" in page
    assert "Mine" in page, "its name when the delivery was added"
    assert "Secret name" not in page
