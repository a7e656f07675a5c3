"""How long an answer took is told to admins, and only to them."""

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
INSIDE = "/reports/customer-usage/rows?node=1"
SHOWN = [f"/reports/{slug}{rest}" for slug in REPORTS for rest in ("", "/count", "?before=end")] + [INSIDE]

pytestmark = pytest.mark.usefixtures("nasty")


@pytest.mark.parametrize("path", SHOWN)
def test_admins_are_told_how_long_reading_and_writing_took(app: Flask, client: FlaskClient, path: str) -> None:
    for who in (client, signed_in(app, reseller="Zebra Resale")):
        for headers in ({}, FRAGMENT):
            answer = who.get(path, headers=headers)
            assert answer.status_code in (200, 404)
            told = answer.headers.get("Server-Timing", "")
            assert bool(PARTS.fullmatch(told)) is (answer.status_code == 200), told


@pytest.mark.parametrize(
    ("path", "headers", "told"),
    [
        ("/reports/customer-usage", {}, "query;dur=1000.0, render;dur=1000.0"),
        ("/reports/customer-usage", FRAGMENT, "query;dur=1000.0, render;dur=1000.0"),
        (INSIDE, FRAGMENT, "query;dur=1000.0, render;dur=1000.0"),
        ("/reports/customer-usage/count", FRAGMENT, "query;dur=1000.0, render;dur=1000.0"),
    ],
)
def test_every_reading_counts_and_every_writing(
    monkeypatch: pytest.MonkeyPatch, client: FlaskClient, path: str, headers: dict[str, str], told: str
) -> None:
    """Of a clock by which whatever is timed takes a second: rows and menus are read at one moment."""
    monkeypatch.setattr(request_log, "perf_counter", count().__next__)
    assert client.get(path, headers=headers).headers["Server-Timing"] == told


@pytest.mark.parametrize("path", [path for path in SHOWN if path != INSIDE])
def test_viewers_are_told_nothing_of_it(app: Flask, path: str) -> None:
    answer = signed_in(app, "viewer").get(path)
    assert answer.status_code == 200
    assert "Server-Timing" not in answer.headers


def test_strangers_are_told_nothing_of_it(app: Flask, stranger: FlaskClient) -> None:
    for _, method, path in routes(app):
        with stranger.open(path, method=method) as answer:
            assert "Server-Timing" not in answer.headers, path


@pytest.mark.parametrize("path", [
    "/reports/customer-usage.csv",
    "/reports/customer-usage/rows?node=999999",
    "/reports/customer-usage?size=1",
    "/reports",
    "/users",
])  # fmt: skip
def test_a_file_and_what_shows_no_rows_say_nothing_of_it(client: FlaskClient, path: str) -> None:
    with client.get(path) as answer:
        assert "Server-Timing" not in answer.headers
