"""No input makes a 500."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings

from app import create_app
from models import access_db, reports_db
from tests.databases import on_both as database_url
from tests.support import OURS
from tests.web.corpus import ODD
from tests.web.harmless import assert_harmless
from tests.web.hostile import Hostile, People, requests
from tests.web.walks import POISON, with_headers, with_values

__all__ = ["database_url"]

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def ask(app: Flask, nasty: None) -> Callable[[Hostile], None]:
    client, people = app.test_client(use_cookies=False), People(app)

    def ask(asked: Hostile) -> None:
        headers = [("Cookie", people.cookie(asked)), *asked.headers]
        answer = client.open("/", method=asked.method, headers=headers, data=asked.body, environ_overrides=asked.place)
        assert_harmless(answer.status_code, answer.headers, answer.data)
        answer.close()

    return ask


def test_no_request_makes_a_500(app: Flask, ask: Callable[[Hostile], None]) -> None:
    settings(max_examples=200, deadline=None)(given(requests(app))(ask))()


def test_no_value_and_no_header_makes_a_500(ask: Callable[[Hostile], None]) -> None:
    for asked in [*with_values(POISON), *with_headers()]:
        ask(asked)


@pytest.mark.parametrize("name", ["For", "Proto", "Host", "Port", "Prefix"])
def test_nothing_that_a_believed_proxy_says_makes_a_500(app: Flask, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PROXIES", "1")
    client = create_app().test_client()
    for value in [*ODD, "::1", "fe80::1%eth0", "[::1]:80", "1.2.3.4:99999", "unknown", ", ,", "https, javascript", "0"]:
        form = {"email": "ann@partner.example", "password": "x"}
        answer = client.post("/login", data=form, headers={**OURS, f"X-Forwarded-{name}": value})
        assert_harmless(answer.status_code, answer.headers, answer.data)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=\x00", FORM), (b"email", "multipart/form-data"),
        (b"--x\r\n", "multipart/form-data; boundary=x"), (b"{}", "application/json"), (b"email=a&" * 5000, ""),
        (b"&".join(b"a%d=b" % n for n in range(5000)), FORM),
    ],
)  # fmt: skip
def test_no_malformed_form_makes_a_500(client: FlaskClient, body: bytes, kind: str) -> None:
    for path in ("/login", "/account", "/users", "/users/1"):
        assert 400 <= client.post(path, data=body, content_type=kind, headers=OURS).status_code < 500


@pytest.mark.parametrize(
    "raw", ["%", "%%", "%ff%fe", "q=%C0%80", "&&&=&", "q", "=q", "q=%ED%A0%80", "columns[]=cost", "q=1;sort=x"]
)
@pytest.mark.usefixtures("nasty")
def test_no_malformed_query_makes_a_500(client: FlaskClient, raw: str) -> None:
    assert client.get(f"/reports/customer-usage?{raw}").status_code < 500


def test_an_error_of_ours_tells_nothing_of_the_inside(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.reports.page.read_page", lambda *_: 1 // 0)
    for headers in ({}, {"Accept": "text/html"}):
        answer = client.get("/reports/customer-usage", headers=headers)
        assert answer.status_code == 500
        assert "ZeroDivision" not in answer.text
        assert "Traceback" not in answer.text


def test_a_database_that_cannot_be_read_is_a_503(app: Flask, client: FlaskClient) -> None:
    reports_db.execute_sql('DROP TABLE "transaction"')
    for path in ("/reports/customer-transactions", "/reports/customer-transactions?q=a"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "no such table" not in answer.text
    part = client.get(path, headers={"Accept": "text/html", "HX-Request": "true", "HX-Request-Type": "partial"})
    assert '<button form="filters">Try again</button>' in part.text


def test_without_the_database_of_users_nobody_gets_in(client: FlaskClient, stranger: FlaskClient) -> None:
    access_db.execute_sql('DROP TABLE "session"')
    access_db.execute_sql('DROP TABLE "attempt"')
    for path in ("/", "/reports", "/reports/customer-usage", "/reports/customer-usage.csv", "/users", "/nothing"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "no such table" not in answer.text
    form = {"email": "ann@partner.example", "password": "x"}
    assert stranger.post("/login", data=form, headers=OURS).status_code == 503
    assert stranger.get("/healthz").status_code == 503


def test_a_failing_database_writes_no_line_that_a_stranger_made(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    access_db.execute_sql('DROP TABLE "session"')
    client.get("/reports/x%0a%7B%22event%22:%22sign-in%22%7D%0a%1b[31m")
    assert len(caplog.messages) == 1
    assert caplog.messages[0].isprintable()
