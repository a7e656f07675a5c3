"""The audit events of what users do in the browser, and the Audit trail page."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.table import csv, spool
from models import AuditEvent, access_db, audit
from tests.support import OURS, signed_in


def latest() -> AuditEvent:
    event: AuditEvent = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    return event


@pytest.mark.usefixtures("edge_cases")
def test_export_is_audited_with_user_view_and_rows(app: Flask) -> None:
    client = signed_in(app, "admin", "Zebra Resale")
    answer = client.get("/reports/customer-subscriptions.csv?sort=-cost&columns=cost&columns=customer")
    rows = answer.data.count(b"\r\n") - 1
    event = latest()
    assert (event.event, event.outcome, event.who) == ("export", "done", "admin@Zebra Resale.example")
    assert event.about == "/reports/customer-subscriptions.csv?columns=cost&columns=customer&sort=-cost"
    assert json.loads(event.details) == {"rows": rows}
    assert event.request == answer.headers["X-Request-ID"]


@pytest.mark.usefixtures("edge_cases")
def test_aborted_export_is_audited_as_failed(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    monkeypatch.setattr(spool, "PIECE_BYTES", 10)
    answer = client.get("/reports/customer-transactions.csv")
    next(answer.iter_encoded())
    answer.close()
    assert (latest().event, latest().outcome) == ("export", "failed")


@pytest.mark.usefixtures("edge_cases")
def test_export_is_audited_before_its_first_byte(client: FlaskClient) -> None:
    answer = client.get("/reports/customer-transactions.csv")
    assert (latest().event, latest().outcome) == ("export", "begun")
    answer.close()


@pytest.mark.usefixtures("edge_cases")
def test_no_export_without_audit_event(client: FlaskClient) -> None:
    access_db.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )
    answer = client.get("/reports/customer-transactions.csv")
    assert answer.status_code == 503
    assert "Transaction ID" not in answer.text


@pytest.mark.usefixtures("edge_cases")
def test_refusal_needs_no_audit_event(app: Flask) -> None:
    access_db.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )
    assert signed_in(app, "viewer").get("/reports/customer-usage.csv").status_code == 403


@pytest.mark.usefixtures("edge_cases")
def test_head_request_is_no_export(client: FlaskClient) -> None:
    assert client.head("/reports/customer-transactions.csv").status_code == 200
    assert not AuditEvent.select().exists()


def test_events_are_paged_latest_first(client: FlaskClient) -> None:
    for number in range(250):
        audit.record("import", who="root (command line)", about=f"file-{number:03}")
    first = client.get("/audit").text
    assert first.index("file-249") < first.index("file-150")
    assert "file-149" not in first
    older = first.partition('href="/audit?before=')[2].partition('"')[0]
    second = client.get(f"/audit?before={older}").text
    assert "file-149" in second
    assert "file-150" not in second
    assert "Older" not in client.get("/audit?before=50").text


def test_events_of_one_user(client: FlaskClient) -> None:
    audit.record("import", who="root (command line)", about="by root")
    audit.record("export", who="eve+x@partner.example", about="by eve")
    audit.record("user added", who="root (command line)", about="eve+x@partner.example", role="about eve")
    text = client.get("/audit?who=eve%2Bx@partner.example").text
    assert "about eve" in text
    assert "by eve" in text
    assert "by root" not in text
    assert "No events" in client.get("/audit?who=nobody").text


@pytest.mark.parametrize("before", ["x", "-1", "1.5", "9" * 19, "٣", "1 OR 1=1"])
def test_invalid_before_is_400(client: FlaskClient, before: str) -> None:
    answer = client.get("/audit", query_string={"before": before})
    assert answer.status_code == 400
    assert before in answer.text


def test_events_are_escaped(client: FlaskClient) -> None:
    audit.record("<b>import</b>", who="<i>who</i>", about="<script>alert(1)</script>", why="<u>details</u>")
    text = client.get("/audit?who=%3Ci%3Ewho%3C/i%3E").text
    for tag in ("<b>", "<i>", "<script>alert", "<u>"):
        assert tag not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_sign_out_everywhere_is_audited(client: FlaskClient) -> None:
    client.post("/logout", data={"everywhere": "1"}, headers=OURS)
    assert json.loads(latest().details) == {"everywhere": True}


def test_refused_addresses_are_one_short_event(app: Flask) -> None:
    viewer = signed_in(app, "viewer")
    for number in range(20):
        refused = viewer.get(f"/users/{number}?{'x' * 5000}") if number % 2 else viewer.get(f"/audit?{number}")
        assert refused.status_code == 403
    assert 1 <= AuditEvent.select().count() <= 2, "a minute may end in between"
    event = AuditEvent.select().order_by(AuditEvent.id).get()
    assert event.about == "GET /audit"
    assert "times" in signed_in(app).get("/audit").text
