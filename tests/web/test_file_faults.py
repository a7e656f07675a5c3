"""A database whose file is lost, damaged, locked or read-only: a 503 betrays nothing, the log says what is wrong, what
can be read is read, and everything is as before when the file is."""

import re
from itertools import cycle
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient

import models
from tests.file_faults import FAULTS, LOST, UNWRITABLE, Fault, header_overwritten
from tests.support import OURS, signed_in
from tests.web.routes import UNSAFE, Route, routes

HTML = {"Accept": "text/html"}
FRAGMENT = {"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"}
BETRAYS = re.compile(r"\.db|select |insert |sqlite|traceback|code=|malformed|/tmp", re.IGNORECASE)
ADVICE = re.compile("flask migrate|put a backup in its place|try again later|look at the rights|the disk fails")
OF_ROWS = {"reports.show", "reports.total", "home.health", "sums.show", "printed.show", "export.csv", "export.xlsx"}
OF_NOTHING = {"static", "account.sign_in_form"}


@pytest.fixture
def client(app: Flask, nasty: None) -> FlaskClient:
    """Somebody who may everything, and waits for no lock."""
    for each in (models.reports_db, models.access_db):
        each.pragma("busy_timeout", 0, permanent=True)
    return signed_in(app)


def every(app: Flask) -> list[Route]:
    """An address of each route and method. Signing out would leave nobody to ask the rest."""
    found = {(each.endpoint, each.method): each for each in routes(app)}.values()
    return [each for each in found if each.method != "OPTIONS" and each.endpoint != "account.sign_out"]


def ask(client: FlaskClient, route: Route, headers: dict[str, str]) -> int:
    """The status of an answer, 0 when it broke off. A 503 is for people, in the form that was asked for."""
    answer = client.open(route.path, method=route.method, headers=headers | OURS)
    try:
        text = answer.get_data().decode(errors="replace")
    except models.DATABASE_ERRORS:
        return 0
    finally:
        answer.close()
    if answer.status_code == 503:
        assert not BETRAYS.search(text), route
        assert answer.mimetype == ("text/html" if headers else "text/plain"), route
        assert ("<html" in text) is (headers is HTML and route.method != "HEAD"), route
    return answer.status_code


def signs_in(app: Flask) -> int:
    """How an attempt ends that nobody's password fits."""
    form = {"email": "nobody@partner.example", "password": "four other unrelated words"}
    return app.test_client().post("/login", data=form, headers=OURS).status_code


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ["reports.db", "access.db"])
def test_every_route_says_that_the_database_does_not_answer_and_recovers(
    app: Flask, client: FlaskClient, tmp_path: Path, name: str, fault: Fault, caplog: pytest.LogCaptureFixture
) -> None:
    asked = every(app)
    of_users = name == "access.db"
    with fault(tmp_path / name):
        kinds = cycle((HTML, FRAGMENT, {}))
        answers = {route: ask(client, route, next(kinds)) for route in asked}
        entry = signs_in(app)
    for route, status in answers.items():
        assert status < 500 or status == 503, route
        if route.method == "GET" and route.endpoint not in OF_NOTHING:
            if fault in LOST and (of_users or route.endpoint in OF_ROWS):
                assert status in (0, 503), route
            if fault in UNWRITABLE and not (of_users and "export" in route.endpoint):
                assert 0 < status < 500, route
    assert entry == 503 or not of_users or fault not in (*LOST, *UNWRITABLE)
    told = [message for message in caplog.messages if message.startswith("The database did not answer")]
    assert len(told) >= list(answers.values()).count(503)
    assert all(ADVICE.search(message) and "SELECT" not in message for message in told)
    models.close_connections()
    assert all(0 < ask(client, route, HTML) < 500 for route in asked if route.method not in UNSAFE)
    assert signs_in(app) == 401


def test_a_row_that_cannot_be_read_behind_others_that_can_is_a_503_too(client: FlaskClient) -> None:
    for _ in range(3):
        models.audit.record("sign-in")
    broken = "CASE id WHEN 2 THEN abs(-9223372036854775807 - 1) ELSE about END AS about"
    models.access_db.execute_sql("ALTER TABLE audit_event RENAME TO kept")
    models.access_db.execute_sql(
        f"CREATE VIEW audit_event AS SELECT id, at, who, event, outcome, {broken}, details, address, request FROM kept"
    )
    assert client.get("/audit", headers=HTML).status_code == 503


def test_an_export_that_was_not_begun_is_a_text_and_is_told_in_the_trail(client: FlaskClient, tmp_path: Path) -> None:
    with header_overwritten(tmp_path / "reports.db"):
        answer = client.get("/reports/customer-usage.csv")
        assert (answer.status_code, answer.mimetype) == (503, "text/plain")
        assert "Content-Disposition" not in answer.headers
    events = models.AuditEvent.select().where(models.AuditEvent.event == "export")
    assert [event.outcome for event in events] == ["begun", "failed"]


@pytest.mark.usefixtures("app")
def test_nothing_is_written_into_a_file_that_was_taken_away(tmp_path: Path) -> None:
    def write() -> None:
        with models.write_transaction():
            models.Reseller.create(name="lost", name_key="lost")
            (tmp_path / "reports.db").rename(tmp_path / "away.db")

    with pytest.raises(models.DATABASE_ERRORS, match="replaced or taken away"):
        write()
    (tmp_path / "away.db").rename(tmp_path / "reports.db")
    assert not models.Reseller.select().where(models.Reseller.name == "lost").exists()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["reports.db", "access.db"])
def test_bytes_that_changed_anywhere_make_no_500(
    app: Flask, client: FlaskClient, tmp_path: Path, name: str, seed: int
) -> None:
    asked = [each for each in every(app) if each.method == "GET"]
    models.reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    models.access_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    models.close_connections()
    dice, content = Random(seed), bytearray((tmp_path / name).read_bytes())
    for _ in range(3 * 10**seed):
        content[dice.randrange(100, len(content))] = dice.randrange(256)
    (tmp_path / name).write_bytes(content)
    assert not [route for route in asked if ask(client, route, HTML) == 500]
