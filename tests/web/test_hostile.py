"""No input makes a 500. `make trials` sends thousands more (tests/trials/test_hostile_requests.py)."""

from collections.abc import Callable
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given

from app import create_app
from models import access_db, reports_db
from tests.databases import each_database as database_url
from tests.databases import postgres_in_trials
from tests.strategies import examples
from tests.support import OURS
from tests.web.corpus import MARK
from tests.web.harmless import assert_harmless
from tests.web.hostile import Hostile, People, requests
from tests.web.walks import POISON, with_headers, with_values

__all__ = ["database_url"]


@pytest.fixture
def ask(app: Flask, edge_cases: None) -> Callable[[Hostile], None]:
    client, people = app.test_client(use_cookies=False), People(app)

    def ask(asked: Hostile) -> None:
        headers = [("Cookie", people.cookie(asked)), *asked.headers]
        answer = client.open(
            "/", method=asked.method, headers=headers, data=asked.body, environ_overrides=asked.environ
        )
        assert_harmless(answer.status_code, answer.headers, answer.data)
        answer.close()

    return ask


@postgres_in_trials
def test_random_requests(app: Flask, ask: Callable[[Hostile], None]) -> None:
    examples(30)(given(requests(app))(ask))()


@postgres_in_trials
def test_odd_values_and_headers(ask: Callable[[Hostile], None]) -> None:
    values, headers = with_values(POISON), with_headers()
    for asked in Random(1).sample([*values, *headers], 150):
        ask(asked)


def test_odd_addresses_of_clients(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The audit trail and the throttle keep them."""
    monkeypatch.setenv("PROXIES", "1")
    client = create_app().test_client()
    for value in ["\xff\xfe", MARK, "a" * 5000, "", "fe80::1%eth0", "1.2.3.4:99999", ", ,"]:
        form = {"email": "ann@partner.example", "password": "x"}
        answer = client.post("/login", data=form, headers={**OURS, "X-Forwarded-For": value})
        assert_harmless(answer.status_code, answer.headers, answer.data)


@pytest.mark.usefixtures("edge_cases")
def test_malformed_query(client: FlaskClient) -> None:
    queries = ["%", "%%", "%ff%fe", "q=%C0%80", "&&&=&", "q", "=q", "q=%ED%A0%80", "columns[]=cost", "q=1;sort=x"]
    for query in queries:
        assert client.get(f"/reports/customer-usage?{query}").status_code < 500, query


def test_unreadable_reports_database_is_a_503(app: Flask, client: FlaskClient) -> None:
    reports_db.execute_sql('DROP TABLE "transaction"')
    for path in ("/reports/customer-transactions", "/reports/customer-transactions?q=a"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "no such table" not in answer.text
    part = client.get(path, headers={"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"})
    assert '<button class="button" form="filters">Try again</button>' in part.text


def test_unreadable_access_database_lets_nobody_in(client: FlaskClient, stranger: FlaskClient) -> None:
    access_db.execute_sql('DROP TABLE "session"')
    access_db.execute_sql('DROP TABLE "attempt"')
    for path in ("/", "/reports", "/reports/customer-usage", "/reports/customer-usage.csv", "/users", "/nothing"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "no such table" not in answer.text
    form = {"email": "ann@partner.example", "password": "x"}
    assert stranger.post("/login", data=form, headers=OURS).status_code == 503
    assert stranger.get("/healthz").status_code == 503


def test_database_error_logs_one_printable_line(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    access_db.execute_sql('DROP TABLE "session"')
    client.get("/reports/x%0a%7B%22event%22:%22sign-in%22%7D%0a%1b[31m", buffered=True)
    error, request = caplog.messages
    assert error.startswith("Database error at")
    assert request.endswith("503 The database doesn't answer just now.")
    assert error.isprintable()
    assert request.isprintable()
