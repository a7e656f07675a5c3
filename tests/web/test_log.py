"""The server's log: a line for each request, an id by which everything of it is found, and nothing that is private."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.web.request_log import JsonFormatter, configure_logging
from tests.support import OURS
from tests.web.routes import routes

HTML = {"Accept": "text/html"}
SECRET = "Hrzgrz"
USAGE = "/reports/customer-usage"


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    @property
    def told(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]


@pytest.fixture
def log(app: Flask) -> Iterator[Kept]:
    """What the log has of all that is asked."""
    kept, requests, root = Kept(), logging.getLogger("request"), logging.getLogger()
    root.addHandler(kept)
    requests.setLevel(logging.INFO)
    yield kept
    root.removeHandler(kept)
    requests.setLevel(logging.NOTSET)


@pytest.mark.usefixtures("nasty")
def test_every_request_is_one_line_with_the_id_of_its_answer(app: Flask, client: FlaskClient, log: Kept) -> None:
    for _, method, path in routes(app):
        with client.open(path, method=method, headers=OURS) as answer:
            body = answer.data
        told = log.told[-1]
        assert told["request"] == answer.headers["X-Request-ID"], path
        assert (told["method"], told["path"], told["status"]) == (method, path.partition("?")[0], answer.status_code)
        assert (told["bytes"], told["whole"]) == (len(body), True)
        assert told["ms"] >= told["query_ms"]
    assert len({told["request"] for told in log.told}) == len(log.told) >= len(list(routes(app)))


@pytest.mark.usefixtures("nasty")
def test_a_line_tells_who_asked_by_number_and_how_long_the_database_took(client: FlaskClient, log: Kept) -> None:
    client.get(f"{USAGE}?sort=-used&size=25&q=zebra&from=x@y", buffered=True)
    client.get(USAGE, buffered=True)
    bad, good = log.told
    assert bad["query"] == "sort=-used&size=25&q=…&from=…"
    assert (bad["user"], good["user"]) == (1, 1)
    assert good["query_ms"] > 0


@pytest.mark.usefixtures("nasty")
def test_nothing_that_a_person_typed_or_keeps_secret_is_in_the_log(
    app: Flask, client: FlaskClient, stranger: FlaskClient, log: Kept
) -> None:
    token = client.get_cookie("session").value
    keys = ("q", "customer", "name", "reseller", "who", "next", "status", "sort", "period", f"{SECRET}@x")
    typed = dict.fromkeys(("email", "password", "current", "name", "view", "next"), f"{SECRET}@x.example")
    for _, method, path in routes(app):
        for who in (client, stranger):
            query = dict.fromkeys(keys, f"{SECRET}@partner.example")
            headers = {**OURS, "Referer": f"http://localhost/{SECRET}", "User-Agent": SECRET}
            who.open(path.partition("?")[0], method=method, query_string=query, data=typed, headers=headers).close()
    assert len(log.lines) > 60
    text = "\n".join(log.lines)
    assert SECRET not in text
    assert token not in text


def test_an_error_is_found_by_the_id_that_its_page_tells(
    client: FlaskClient, log: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.reports.page.read_page", lambda *_: 1 // 0)
    for headers in (HTML, {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}):
        answer = client.get(USAGE, headers=headers, buffered=True)
        failed, line = log.told[-2:]
        assert failed["request"] == line["request"] == answer.headers["X-Request-ID"]
        assert f"Tell your administrator: request {line['request']}" in answer.text
        assert "ZeroDivisionError" in failed["trace"]
        assert (failed["level"], line["status"]) == ("error", 500)


@pytest.mark.usefixtures("nasty")
def test_a_file_that_breaks_off_is_told_with_its_id(
    client: FlaskClient, log: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[bytes]:
        yield b"Customer\r\n"
        raise ZeroDivisionError

    monkeypatch.setattr("app.web.reports.export.csv_chunks", broken)
    answer = client.get(f"{USAGE}.csv")
    with pytest.raises(ZeroDivisionError):
        assert answer.data
    answer.close()
    failed, line = log.told[-2:]
    assert failed["request"] == line["request"] == answer.headers["X-Request-ID"]
    assert "ZeroDivisionError" in failed["trace"]
    assert (line["bytes"], line["whole"], line["status"]) == (len(b"Customer\r\n"), False, 200)


def test_no_path_ends_a_line_or_steers_a_terminal(client: FlaskClient, log: Kept) -> None:
    client.get("/reports/x%0a%7B%22level%22:1%7D%0d%1b[31m%E2%80%AE%C2%85", buffered=True)
    (line,) = log.lines
    assert line.isascii()
    assert line.isprintable()
    assert json.loads(line)["path"] == '/reports/x\n{"level":1}\r\x1b[31m\u202e\x85'


def test_a_long_path_is_cut(client: FlaskClient, log: Kept) -> None:
    client.get(f"/{'x' * 5000}?sort={'y' * 5000}{'&sort=-used' * 500}", buffered=True)
    assert len(log.lines[0]) < 1000


@pytest.mark.parametrize(
    ("proxies", "told", "believed"),
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
def test_a_proxy_names_requests_when_it_is_believed_and_the_name_is_one(
    app: Flask, monkeypatch: pytest.MonkeyPatch, proxies: str, told: str, believed: bool
) -> None:
    monkeypatch.setenv("PROXIES", proxies)
    answer = create_app().test_client().get("/login", headers={"X-Request-ID": told})
    assert (answer.headers["X-Request-ID"] == told) is believed
    assert len(answer.headers["X-Request-ID"]) >= 16


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def untouched() -> Iterator[None]:
    """Logging as it was, afterwards."""
    loggers = [logging.getLogger(name) for name in ("", "request", "audit", "gunicorn.error")]
    before = [(each.level, each.propagate, list(each.handlers)) for each in loggers]
    yield
    logging.raiseExceptions = True
    for each, (each.level, each.propagate, each.handlers) in zip(loggers, before, strict=True):
        each.manager._clear_cache()


@pytest.mark.usefixtures("untouched")
def test_a_developers_terminal_shows_what_failed_as_people_read_it(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    configure_logging()
    assert client.get("/reports", buffered=True).status_code == 200
    assert screen.getvalue() == ""

    def broken(*_: object) -> None:
        raise ValueError("\x1b[31m\u202e")

    monkeypatch.setattr("app.web.reports.page.read_page", broken)
    request = client.get(USAGE, buffered=True).headers["X-Request-ID"]
    text = screen.getvalue()
    assert text.startswith(f"Unexpected at '{USAGE}' (request {request})\nTraceback")
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.usefixtures("untouched")
def test_a_log_that_cannot_be_written_breaks_no_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was closed before the server began, and one that is closed meanwhile."""
    monkeypatch.setattr("app.web.reports.page.read_page", lambda *_: 1 // 0)
    for lost in (None, io.StringIO()):
        monkeypatch.setattr(sys, "stderr", lost)
        configure_logging()
        if lost:
            lost.close()
        assert client.get("/reports", buffered=True).status_code == 200
        assert client.get(USAGE, buffered=True).status_code == 500
