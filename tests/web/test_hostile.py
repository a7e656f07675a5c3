"""No input makes a 500."""

from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.reports import REPORTS
from models import database

PATHS = ["", *(f"/{slug}{ending}" for slug in (*REPORTS, "x") for ending in ("", ".csv", "/rows", "/"))]
KEYS = sorted({key for report in REPORTS.values() for key in report.filter_by_key})
KEYS += ["columns", "sort", "size", "after", "before", "open", "node", "toggle", "move", "report", "x"]
VALUES = [
    "", " ", "\0", "\ufeff", "\u202e", "%", "_", "\\", "'", '"', "--", ";", "' OR 1=1 --", "../../etc/passwd",
    "-1", "0",
    "9" * 18, "9" * 40, "1.1", "1.2.3", "1" + ".1" * 500, "NaN", "1e9", "０", "٣", "true", "null", "[]", "{{7*7}}",
    "<script>", "customer", "-customer", "--customer", "cost:up", "cost:sideways", ":up", "end",
    "0001-01-01", "9999-12-31",
    "0-1-1-00000000-00000000", "0-999999999999999999-0-deadbeef-deadbeef", "9-1-1-00000000-7d9a1f8b", "a" * 100_000,
]  # fmt: skip
FRAGMENT = {"Accept": "text/html", "HX-Request-Type": "partial"}
HEADERS = [{}, {"Accept": "text/html"}, FRAGMENT, {**FRAGMENT, "HX-Current-URL": "http://[::1/%"}]
METHODS = ["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "BREW"]

value = st.sampled_from(VALUES) | st.text(max_size=12)
pairs = st.lists(st.tuples(st.sampled_from(KEYS) | st.text(max_size=4), value), max_size=4)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(PATHS), pairs, st.sampled_from(HEADERS), st.sampled_from(METHODS))
@pytest.mark.usefixtures("nasty")
def test_no_request_makes_a_500(
    app: Flask, path: str, pairs: list[tuple[str, str]], headers: dict[str, str], method: str
) -> None:
    query = "&".join(
        f"{quote(key.encode(errors='replace'))}={quote(text.encode(errors='replace'))}" for key, text in pairs
    )
    answer = app.test_client().open(f"/reports{path}?{query}", method=method, headers=headers)
    assert answer.status_code < 500
    assert answer.mimetype != "text/html" or b"<script>" not in answer.data
    answer.close()


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
