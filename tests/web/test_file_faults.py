"""A SQLite file that is lost, damaged, locked or read-only: pages are a 503 that betrays nothing, the log says what is
wrong, what can be read is shown, and afterwards everything works."""

import re
from itertools import cycle
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient

import models
from tests.databases import refuse_rows
from tests.file_faults import FAULTS, LOST, UNWRITABLE, Fault, header_overwritten
from tests.support import OURS, signed_in
from tests.web.routes import Route, routes

HTML = {"Accept": "text/html"}
FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
BETRAYS = re.compile(r"\.db|select |insert |sqlite|traceback|code=|malformed|/tmp", re.IGNORECASE)
ADVICE = re.compile("flask migrate|restore a backup|try again later|look at the rights|the disk fails")
OF_ROWS = {"reports.show", "reports.count", "home.health", "summary.show", "print.show", "export.csv", "export.xlsx"}
OF_NOTHING = {"static", "sign_in.password_form"}
AFTERWARDS = ("/reports/customer-usage", "/reports/customer-transactions/summary", "/users", "/audit")
ENDS_SESSION = {"sign_in.sign_out", "account.end_session_of_mine"}


@pytest.fixture
def client(app: Flask, edge_cases: None) -> FlaskClient:
    """An admin, whose requests don't wait for locks."""
    for each in (models.reports_db, models.access_db):
        each.pragma("busy_timeout", 0, permanent=True)
    return signed_in(app)


def all_routes(app: Flask) -> list[Route]:
    """One address of each route and method, except those that would end the session."""
    found = {(each.endpoint, each.method): each for each in routes(app)}.values()
    return [each for each in found if each.method != "OPTIONS" and each.endpoint not in ENDS_SESSION]


def ask(client: FlaskClient, route: Route, headers: dict[str, str]) -> int:
    """Return a response's status, 0 when it broke off. A 503 is a page, a fragment or text, as requested."""
    answer = client.open(route.path, method=route.method, headers=headers | OURS)
    try:
        text = answer.get_data().decode(errors="replace")
    except models.DATABASE_ERRORS:
        return 0
    finally:
        answer.close()
    if answer.status_code == 503:
        assert not BETRAYS.search(text), route
        plain = "application/problem+json" if route.path.endswith(".json") or route.method == "PUT" else "text/plain"
        assert answer.mimetype == ("text/html" if headers else plain), route
        assert ("<html" in text) is (headers is HTML and route.method != "HEAD"), route
    return answer.status_code


def sign_in_status(app: Flask) -> int:
    """Return the status of a sign-in with a wrong password."""
    form = {"email": "nobody@partner.example", "password": "four other unrelated words"}
    return app.test_client().post("/login", data=form, headers=OURS).status_code


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["reports.db", "access.db"])
def test_every_route_survives_a_file_fault(
    app: Flask, client: FlaskClient, tmp_path: Path, name: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    tried = all_routes(app)
    of_users = name == "access.db"
    with fault(tmp_path / name):
        if fault in LOST:
            models.close_connections()  # open ones go on in a file that was moved away
        kinds = cycle((HTML, FRAGMENT, {}))
        answers = {route: ask(client, route, next(kinds)) for route in tried}
        sign_in = sign_in_status(app)
    for route, status in answers.items():
        assert status < 500 or status in (503, 507), route
        if route.method == "GET" and route.endpoint not in OF_NOTHING:
            if fault in LOST and (of_users or route.endpoint in OF_ROWS):
                assert status in (0, 503), route
            if fault in UNWRITABLE and not (of_users and "export" in route.endpoint):
                assert 0 < status < 500, route
    assert sign_in == 503 or not of_users or fault not in (*LOST, *UNWRITABLE)
    logged = [message for message in caplog.messages if message.startswith("Database error at")]
    assert len(logged) >= list(answers.values()).count(503)
    assert all(ADVICE.search(message) and "SELECT" not in message for message in logged)
    models.close_connections()
    person = signed_in(app, costs=False)  # whom none of the requests has disabled
    assert all(person.get(path, headers=HTML).status_code == 200 for path in AFTERWARDS)
    assert sign_in_status(app) == 401


def test_unreadable_row_is_a_503(client: FlaskClient) -> None:
    for _ in range(3):
        models.audit.record("sign-in")
    broken = "CASE id WHEN 2 THEN abs(-9223372036854775807 - 1) ELSE about END AS about"
    models.access_db.execute_sql("ALTER TABLE audit_event RENAME TO events")
    columns = f"id, at, who, event, outcome, {broken}, details, address, request"
    models.access_db.execute_sql(f"CREATE VIEW audit_event AS SELECT {columns} FROM events")
    assert client.get("/audit", headers=HTML).status_code == 503


def test_export_that_cannot_begin_is_recorded(client: FlaskClient, tmp_path: Path) -> None:
    with header_overwritten(tmp_path / "reports.db"):
        answer = client.get("/reports/customer-usage.csv")
        assert (answer.status_code, answer.mimetype) == (503, "text/plain")
        assert "Content-Disposition" not in answer.headers
    events = models.AuditEvent.select().where(models.AuditEvent.event == "export")
    assert [event.outcome for event in events] == ["begun", "failed"]


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["reports.db", "access.db"])
def test_random_damage_is_never_a_500(app: Flask, client: FlaskClient, tmp_path: Path, name: str, seed: int) -> None:
    tried = [route for route in all_routes(app) if route.method == "GET"]
    models.reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    models.access_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    models.close_connections()
    dice, content = Random(seed), bytearray((tmp_path / name).read_bytes())
    for _ in range((30, 3000)[seed]):
        content[dice.randrange(100, len(content))] = dice.randrange(256)
    (tmp_path / name).write_bytes(content)
    assert not [route for route in tried if ask(client, route, HTML) == 500]


def test_broken_connection_is_replaced(client: FlaskClient) -> None:
    page = "/reports/customer-usage"
    for each in (models.reports_db, models.access_db):
        each.connection().close()  # the driver's own, of which Peewee knows nothing
        assert [client.get(page).status_code for _ in range(2)] == [503, 200]


def test_connection_is_kept_on_a_full_disk(client: FlaskClient) -> None:
    """A new one would find no room to start."""
    connections = [each.connection() for each in (models.reports_db, models.access_db)]
    refuse_rows(models.SavedView)
    form = {"name": "Mine", "view": "sort=used"}
    assert client.post("/reports/customer-usage/views", data=form, headers=OURS).status_code == 503
    assert [each.connection() for each in (models.reports_db, models.access_db)] == connections
