"""The request log: one line for each request, an id that finds everything of it, and nothing that is private."""

import io
import json
import logging
import runpy
import sys
from collections.abc import Iterator
from typing import Any

import click
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.auth.passwords import hash_password
from app.web.request_log import RequestJsonFormatter, configure_logging
from models import User
from tests.support import OURS, signed_in
from tests.web.routes import routes

HTML = {"Accept": "text/html"}
SECRET = "Hrzgrz"
USAGE = "/reports/customer-usage"
JSON_FORMAT = runpy.run_path("gunicorn.conf.py")["json_format"]


class LogLines(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(RequestJsonFormatter(**JSON_FORMAT))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log(app: Flask) -> Iterator[LogLines]:
    handler, requests, root = LogLines(), logging.getLogger("request"), logging.getLogger()
    root.addHandler(handler)
    requests.setLevel(logging.INFO)
    yield handler
    root.removeHandler(handler)
    requests.setLevel(logging.NOTSET)


@pytest.mark.usefixtures("edge_cases")
def test_every_request_is_one_line(app: Flask, client: FlaskClient, log: LogLines) -> None:
    for _, method, path in routes(app):
        with client.open(path, method=method, headers=OURS) as response:
            body = response.data
        line = log.records[-1]
        assert line["request"] == response.headers["X-Request-ID"], path
        logged = path.partition("?")[0].replace("/stop/1.x", "/stop/…")
        assert (line["method"], line["path"], line["status"]) == (method, logged, response.status_code)
        assert (line["bytes"], line["whole"]) == (len(body), True)
        assert line["ms"] >= line["query_ms"]
        assert "error" not in line or response.status_code >= 400
    assert len({line["request"] for line in log.records}) == len(log.records) >= len(list(routes(app)))


@pytest.mark.usefixtures("edge_cases")
def test_line_has_user_id_and_query_time(client: FlaskClient, log: LogLines) -> None:
    client.get(f"{USAGE}?sort=-used&size=25&q=zebra&from=x@y", buffered=True)
    client.get(USAGE, buffered=True)
    bad, good = log.records
    assert bad["query"] == "sort=-used&size=25&q=…&from=…"
    assert (bad["user"], good["user"]) == (1, 1)
    assert good["query_ms"] > 0


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        (f"{USAGE}?sort={SECRET}", "sort: is not a column to sort by; use one of "),
        (f"{USAGE}?size={SECRET}&columns={SECRET}", "columns: is not a column of this report; it has "),
        (f"{USAGE}?{SECRET}=1", "…: can't be: this report has no such key, only "),
        (f"{USAGE}?q=a&q={SECRET}", "q: is a second value; q can have only one"),
        (f"{USAGE}?after={SECRET}", "after: is not the place of a page; leave it out for the first page"),
        (f"{USAGE}.csv?dialect={SECRET}", "dialect: is not a dialect of CSV; use one of "),
        (f"{USAGE}/rows?node=1&node={SECRET}”{SECRET}", "node: “…” is a second value; node can have only one."),
        (f"/audit?before={SECRET}”{SECRET}", "before: “…” is not the number of an event."),
        (f"/customers?customer=1&x={SECRET}", "This doesn't say which customer is meant."),
        (f"/reports/{SECRET}", "There is no report “…”."),
        ("/nothing", "Not Found (NotFound)"),
    ],
)
@pytest.mark.usefixtures("edge_cases")
def test_line_says_why_a_request_failed(client: FlaskClient, log: LogLines, address: str, reason: str) -> None:
    client.get(address, buffered=True)
    line = log.records[-1]
    assert line["status"] in (400, 404)
    assert reason in line["error"]
    assert SECRET not in line["error"]


@pytest.mark.usefixtures("edge_cases")
def test_line_says_why_a_request_was_refused(app: Flask, stranger: FlaskClient, log: LogLines) -> None:
    viewer = signed_in(app, "viewer")
    viewer.get(f"{USAGE}?open=1", buffered=True)
    assert log.records[-1]["error"].startswith("Opened rows: looking inside rows is for admins")
    viewer.post("/logout", headers={"Sec-Fetch-Site": "cross-site"}, buffered=True)
    assert log.records[-1]["error"] == "The request is cross-site."
    stranger.get(USAGE, buffered=True)
    assert (log.records[-1]["status"], log.records[-1]["error"]) == (401, "Sign in first.")


@pytest.mark.parametrize(
    ("address", "form", "reason"),
    [
        ("/login", {"email": SECRET}, "Enter your password."),
        ("/login", {"email": SECRET, "password": SECRET}, "The email or the password is wrong."),
        ("/account", {"current": SECRET, "password": "x" * 11}, "Not accepted: password"),
        ("/account", {"current": f"not {SECRET}", "password": SECRET}, "Not accepted: current"),
        (
            "/users",
            {"email": SECRET, "role": SECRET, "audience": "reseller", "reseller": SECRET},
            "“…” is not an email address such as ann@partner.example. "
            "“…” is not a role; choose admin or viewer. “…” is not the name of a reseller.",
        ),
        ("/users/1", {"role": "admin", "audience": "partner", "reseller": SECRET}, "Choose “…”, or leave this empty."),
        (f"{USAGE}/views", {"view": "", "name": "x" * 81}, "A name has at most 80 characters; this one has 81."),
    ],
)
def test_line_says_why_a_form_failed(
    client: FlaskClient, log: LogLines, address: str, form: dict[str, str], reason: str
) -> None:
    User.update(password_hash=hash_password(SECRET)).execute()
    client.post(address, data=form, headers=OURS, buffered=True)
    line = log.records[-1]
    assert line["level"] == "WARNING"
    assert line["status"] in (400, 401)
    assert line["error"] == reason


def test_line_says_that_a_host_is_not_trusted(app: Flask, monkeypatch: pytest.MonkeyPatch, log: LogLines) -> None:
    monkeypatch.setenv("TRUSTED_HOSTS", "reports.example")
    create_app().test_client().get("/login", headers={"Host": f"{SECRET}.example"}, buffered=True)
    assert log.records[-1]["error"] == "Bad Request (SecurityError)"


@pytest.mark.usefixtures("edge_cases")
def test_log_keeps_no_secrets(app: Flask, client: FlaskClient, stranger: FlaskClient, log: LogLines) -> None:
    token = client.get_cookie("session").value
    keys = ("q", "customer", "name", "reseller", "who", "next", "status", "sort", "period", f"{SECRET}@x")
    form = dict.fromkeys(("email", "password", "current", "name", "view", "next"), f"{SECRET}@x.example")
    for _, method, path in routes(app):
        for who in (client, stranger):
            query = dict.fromkeys(keys, f"{SECRET}@partner.example")
            headers = {**OURS, "Referer": f"http://localhost/{SECRET}", "User-Agent": SECRET}
            who.open(path.partition("?")[0], method=method, query_string=query, data=form, headers=headers).close()
    assert len(log.lines) > 60
    text = "\n".join(log.lines)
    assert SECRET not in text
    assert token not in text


def test_log_has_no_value_of_a_filter_that_names_somebody(client: FlaskClient, log: LogLines) -> None:
    for key in ("q", "customer", "reseller", "subscription", "user"):
        client.get(f"/reports/customer-transactions?{key}={SECRET}").close()
    assert len(log.lines) == 5
    assert SECRET not in "\n".join(log.lines)


def test_error_page_names_the_request_in_the_log(
    client: FlaskClient, log: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.reports.page.read_page", lambda *_, **__: 1 // 0)
    for headers in (HTML, {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}):
        response = client.get(USAGE, headers=headers, buffered=True)
        error, line = log.records[-2:]
        assert error["request"] == line["request"] == response.headers["X-Request-ID"]
        assert f"Tell your administrator: request {line['request']}" in response.text
        assert "ZeroDivisionError" in error["trace"]
        assert (error["level"], line["status"]) == ("ERROR", 500)


@pytest.mark.usefixtures("edge_cases")
def test_broken_export_is_logged(client: FlaskClient, log: LogLines, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> Iterator[bytes]:
        yield b"Customer\r\n"
        raise ZeroDivisionError

    monkeypatch.setattr("app.web.reports.export.csv_chunks", broken)
    response = client.get(f"{USAGE}.csv")
    with pytest.raises(ZeroDivisionError):
        assert response.data
    response.close()
    error, line = log.records[-2:]
    assert error["request"] == line["request"] == response.headers["X-Request-ID"]
    assert "ZeroDivisionError" in error["trace"]
    assert (line["bytes"], line["whole"], line["status"]) == (len(b"Customer\r\n"), False, 200)


def test_path_cannot_end_a_line(client: FlaskClient, log: LogLines) -> None:
    client.get("/reports/x%0a%7B%22level%22:1%7D%0d%1b[31m%E2%80%AE%C2%85", buffered=True)
    (line,) = log.lines
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["path"] == '/reports/x\n{"level":1}\r\x1b[31m\u202e\x85'


def test_long_path_is_cut(client: FlaskClient, log: LogLines) -> None:
    client.get(f"/{'x' * 5000}?sort={'y' * 5000}{'&sort=-used' * 500}", buffered=True)
    assert len(log.lines[0]) < 1500


@pytest.mark.parametrize(
    ("proxies", "sent", "trusted"),
    [
        ("1", "4f2c9a0e-1b7d-4c55-9e0a-6d1f0c3b2a19", True),
        ("1", "0123456789abcdef0123456789abcdef", True),
        ("0", "0123456789abcdef0123456789abcdef", False),
        *(
            ("1", odd, False)
            for odd in ("", "short", "x" * 65, "a b c d e f", "ééééééééé", "<b>12345678</b>", "12345678,x")
        ),
    ],
)
def test_proxy_may_set_the_request_id(
    app: Flask, monkeypatch: pytest.MonkeyPatch, proxies: str, sent: str, trusted: bool
) -> None:
    monkeypatch.setenv("PROXIES", proxies)
    response = create_app().test_client().get("/login", headers={"X-Request-ID": sent})
    assert (response.headers["X-Request-ID"] == sent) is trusted
    assert len(response.headers["X-Request-ID"]) >= 16


@pytest.fixture
def restored_logging() -> Iterator[None]:
    """Leave logging as it was."""
    loggers = [logging.getLogger(name) for name in ("", "request", "audit", "gunicorn.error")]
    before = [(logger.level, logger.propagate, list(logger.handlers)) for logger in loggers]
    yield
    logging.raiseExceptions = True
    for logger, (level, propagate, handlers) in zip(loggers, before, strict=True):
        logger.setLevel(level)
        logger.propagate, logger.handlers = propagate, handlers


@pytest.mark.usefixtures("restored_logging")
def test_terminal_shows_errors_as_text(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", screen := io.StringIO())
    configure_logging()
    assert client.get("/reports", buffered=True).status_code == 200
    assert screen.getvalue() == ""
    client.get(f"{USAGE}?sort={SECRET}", buffered=True)
    client.get("/nothing", buffered=True)
    bad, missing = screen.getvalue().splitlines()
    assert bad.startswith(f"GET '{USAGE}': 400 sort: is not a column to sort by; use one of ")
    assert missing == "GET '/nothing': 404 Not Found (NotFound)"
    screen.truncate(screen.seek(0))

    def broken(*_: object) -> None:
        raise ValueError("\x1b[31m\u202e")

    monkeypatch.setattr("app.web.reports.page.read_page", broken)
    request = client.get(USAGE, buffered=True).headers["X-Request-ID"]
    text = screen.getvalue()
    assert text.startswith(f"Unexpected error at '{USAGE}' (request {request})\nTraceback")
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.usefixtures("app", "restored_logging")
@pytest.mark.parametrize(("command", "shown"), [("run", "GET '/nothing': 401 Sign in first.\n"), ("user", "")])
def test_flask_run_logs_as_text(monkeypatch: pytest.MonkeyPatch, command: str, shown: str) -> None:
    monkeypatch.setattr(sys, "stderr", screen := io.StringIO())
    with click.Context(click.Command(command), info_name=command):
        server = runpy.run_path("wsgi.py")["app"]
    server.test_client().get("/nothing", buffered=True)
    assert screen.getvalue() == shown


@pytest.mark.usefixtures("restored_logging")
def test_log_that_cannot_be_written_breaks_no_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.reports.page.read_page", lambda *_, **__: 1 // 0)
    for stream in (None, io.StringIO()):  # closed before the server started, and closed meanwhile
        monkeypatch.setattr(sys, "stderr", stream)
        configure_logging(JSON_FORMAT)
        if stream:
            stream.close()
        assert client.get("/reports", buffered=True).status_code == 200
        assert client.get(USAGE, buffered=True).status_code == 500
