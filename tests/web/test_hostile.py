"""No input makes a 500."""

from typing import NamedTuple
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports import REPORTS
from models import access, database
from tests.databases import on_both as database_url
from tests.support import OURS, signed_in

__all__ = ["database_url"]

PATHS = [
    "/reports",
    "/customers",
    *(
        f"/reports/{slug}{ending}"
        for slug in (*REPORTS, "x")
        for ending in ("", ".csv", ".xlsx", "/rows", "/print", "/")
    ),
]
PATHS += [
    "/login",
    "/account",
    *(f"/reports/{slug}/views" for slug in (*REPORTS, "x")),
    *(f"/reports/views/1{ending}" for ending in ("", "/share", "/unshare", "/default", "/delete", "/x")),
    "/reports/open",
    "/users",
    "/users/1",
    "/users/2/password",
    "/users/x",
    "/audit",
    "/healthz",
    "/",
    "//",
    "/\0",
]
FORM = "application/x-www-form-urlencoded"
KEYS = sorted({key for report in REPORTS.values() for key in report.filter_by_key})
KEYS += ["columns", "sort", "size", "after", "before", "open", "node", "toggle", "move", "was", "report", "x"]
KEYS += ["email", "password", "current", "next", "role", "reach", "who", "done", "name", "view"]
VALUES = [
    "", " ", "\0", "\ufeff", "\u202e", "%", "_", "\\", "'", '"', "--", ";", "' OR 1=1 --", "../../etc/passwd",
    "-1", "0", "all",
    "9" * 18, "9" * 40, "1.1", "1.2.3", "1" + ".1" * 500, "NaN", "1e9", "０", "٣", "true", "null", "[]", "{{7*7}}",
    "<script>", "customer", "-customer", "--customer", "cost:up", "cost:sideways", ":up", "end",
    "0001-01-01", "9999-12-31", "last-month", "near",
    "0-1-1-00000000-00000000", "0-999999999999999999-0-deadbeef-deadbeef", "9-1-1-00000000-7d9a1f8b", "a" * 100_000,
]  # fmt: skip
FRAGMENT = {"Accept": "text/html", "HX-Request-Type": "partial"}
HEADERS = [
    {}, OURS, {"Accept": "text/html"}, {"Accept": "text/html", **OURS}, {**FRAGMENT, **OURS},
    {**FRAGMENT, "HX-Current-URL": "http://[::1/%"}, {"Cookie": "session=\xff\x00"}, {"Host": "[::1/%"},
    {"Host": ""}, {"Origin": "http://[", "Accept": "text/html"}, {"X-Forwarded-For": "\xff"},
]  # fmt: skip
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"]

value = st.sampled_from(VALUES) | st.text(max_size=12)
pairs = st.lists(st.tuples(st.sampled_from(KEYS) | st.text(max_size=4), value), max_size=4)


@pytest.fixture
def visitors(app: Flask) -> list[FlaskClient]:
    """Nobody, and people with all sorts of rights. None of them takes a new cookie, so that they stay who they are."""
    people = [signed_in(app, *rights) for rights in (("viewer", None), ("admin", "Zebra Resale"), ("admin", None))]
    return [app.test_client(use_cookies=False), *people]


class Asked(NamedTuple):
    who: int
    path: str
    query: list[tuple[str, str]]
    form: list[tuple[str, str]]
    headers: dict[str, str]
    method: str


asked = st.builds(
    Asked, st.integers(0, 3), st.sampled_from(PATHS), pairs, pairs, st.sampled_from(HEADERS), st.sampled_from(METHODS)
)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asked)
@pytest.mark.usefixtures("nasty")
def test_no_request_makes_a_500(visitors: list[FlaskClient], asked: Asked) -> None:
    body = {"data": encoded(asked.form), "content_type": FORM} if asked.method == "POST" else {}
    address = f"{quote(asked.path)}?{encoded(asked.query)}"
    answer = visitors[asked.who].open(address, method=asked.method, headers=asked.headers, **body)
    assert answer.status_code < 500
    assert answer.mimetype != "text/html" or b"<script>" not in answer.data
    answer.close()


def encoded(pairs: list[tuple[str, str]]) -> str:
    return "&".join(
        f"{quote(key.encode(errors='replace'))}={quote(text.encode(errors='replace'))}" for key, text in pairs
    )


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
    monkeypatch.setattr("app.web.reports.page", lambda *_: 1 // 0)
    for headers in ({}, {"Accept": "text/html"}):
        answer = client.get("/reports/customer-usage", headers=headers)
        assert answer.status_code == 500
        assert "ZeroDivision" not in answer.text
        assert "Traceback" not in answer.text


def test_a_database_that_cannot_be_read_is_a_503(app: Flask, client: FlaskClient) -> None:
    database.execute_sql('DROP TABLE "transaction"')
    for path in ("/reports/customer-transactions", "/reports/customer-transactions?q=a"):
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "no such table" not in answer.text


def test_without_the_database_of_users_nobody_gets_in(client: FlaskClient, stranger: FlaskClient) -> None:
    access.execute_sql('DROP TABLE "session"')
    access.execute_sql('DROP TABLE "attempt"')
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
    access.execute_sql('DROP TABLE "session"')
    client.get("/reports/x%0a%7B%22event%22:%22sign-in%22%7D%0a%1b[31m")
    assert len(caplog.messages) == 1
    assert caplog.messages[0].isprintable()
