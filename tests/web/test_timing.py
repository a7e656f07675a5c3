"""The Server-Timing header, which only admins get."""

import re
from itertools import count

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.reports import REPORTS
from app.web import request_log
from tests.support import signed_in
from tests.web.routes import routes

PARTS = re.compile(r"query;dur=(\d+\.\d), render;dur=(\d+\.\d)")
FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}
CHILDREN = "/reports/customer-usage/rows?node=1"
WITH_ROWS = [f"/reports/{slug}{rest}" for slug in REPORTS for rest in ("", "/count", "?before=end")] + [CHILDREN]

pytestmark = pytest.mark.usefixtures("edge_cases")


@pytest.mark.parametrize("path", WITH_ROWS)
def test_admins_get_server_timing(app: Flask, client: FlaskClient, path: str) -> None:
    for who in (client, signed_in(app, reseller="Zebra Resale")):
        for headers in ({}, FRAGMENT):
            answer = who.get(path, headers=headers)
            assert answer.status_code in (200, 404)
            timing = answer.headers.get("Server-Timing", "")
            assert bool(PARTS.fullmatch(timing)) is (answer.status_code == 200), timing


@pytest.mark.parametrize(
    ("path", "headers", "timing"),
    [
        ("/reports/customer-usage", {}, "query;dur=1000.0, render;dur=1000.0"),
        ("/reports/customer-usage", FRAGMENT, "query;dur=1000.0, render;dur=1000.0"),
        (CHILDREN, FRAGMENT, "query;dur=1000.0, render;dur=1000.0"),
        ("/reports/customer-usage/count", FRAGMENT, "query;dur=1000.0, render;dur=1000.0"),
    ],
)
def test_all_queries_and_rendering_count(
    monkeypatch: pytest.MonkeyPatch, client: FlaskClient, path: str, headers: dict[str, str], timing: str
) -> None:
    """With a clock by which each timed block takes a second: rows and menus are read in one."""
    monkeypatch.setattr(request_log, "perf_counter", count().__next__)
    assert client.get(path, headers=headers).headers["Server-Timing"] == timing


@pytest.mark.parametrize("path", [path for path in WITH_ROWS if path != CHILDREN])
def test_viewers_get_no_server_timing(app: Flask, path: str) -> None:
    answer = signed_in(app, "viewer").get(path)
    assert answer.status_code == 200
    assert "Server-Timing" not in answer.headers


def test_strangers_get_no_server_timing(app: Flask, stranger: FlaskClient) -> None:
    for _, method, path in routes(app):
        with stranger.open(path, method=method) as answer:
            assert "Server-Timing" not in answer.headers, path


@pytest.mark.parametrize("path", [
    "/reports/customer-usage.csv",
    "/reports/customer-usage/rows?node=999999",
    "/reports/customer-usage?size=1",
    "/users",
])  # fmt: skip
def test_responses_without_rows_have_no_server_timing(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert "Server-Timing" not in answer.headers
