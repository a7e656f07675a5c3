"""Malformed forms, framing and proxy headers, on SQLite: none of them reaches the database."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from tests.support import OURS
from tests.web.corpus import FORM, ODD
from tests.web.harmless import assert_harmless


@pytest.mark.parametrize("name", ["Proto", "Host", "Port", "Prefix"])
def test_odd_forwarded_headers(app: Flask, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PROXIES", "1")
    client = create_app().test_client()
    for value in [*ODD, "::1", "fe80::1%eth0", "[::1]:80", "1.2.3.4:99999", "unknown", ", ,", "https, javascript", "0"]:
        answer = client.get("/reports/x", headers={**OURS, f"X-Forwarded-{name}": value})
        assert_harmless(answer.status_code, answer.headers, answer.data)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe=\x00", FORM), (b"email", "multipart/form-data"),
        (b"--x\r\n", "multipart/form-data; boundary=x"), (b"{}", "application/json"), (b"email=a&" * 5000, ""),
        (b"&".join(b"a%d=b" % n for n in range(5000)), FORM),
    ],
)  # fmt: skip
def test_malformed_form(client: FlaskClient, body: bytes, kind: str) -> None:
    for path in ("/login", "/account", "/users", "/users/1"):
        assert 400 <= client.post(path, data=body, content_type=kind, headers=OURS).status_code < 500


def test_chunked_request_is_refused(client: FlaskClient) -> None:
    answer = client.post("/login", headers={**OURS, "Transfer-Encoding": "chunked"})
    assert answer.status_code == 411


def test_error_page_shows_no_traceback(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.reports.page.read_page", lambda *_: 1 // 0)
    for headers in ({}, {"Accept": "text/html"}):
        answer = client.get("/reports/customer-usage", headers=headers)
        assert answer.status_code == 500
        assert "ZeroDivision" not in answer.text
        assert "Traceback" not in answer.text
