"""The request log and the Server-Timing header."""

import json
import logging
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from time import perf_counter
from typing import Any

from flask import Flask, Response, g, has_request_context, request

from app.auth.permissions import Permission


def register_timing(app: Flask) -> None:
    app.after_request(_add_header)


@contextmanager
def timed(part: str) -> Iterator[None]:
    """Count what is done inside to a part of this answer: `query` reads rows, counts and menus, `render` writes."""
    start = perf_counter()
    try:
        yield
    finally:
        took: dict[str, float] = g.setdefault("took", {})
        took[part] = took.get(part, 0) + perf_counter() - start


def _add_header(response: Response) -> Response:
    """Milliseconds, of answers that show what was asked for."""
    shown = "took" in g and response.status_code == HTTPStatus.OK
    if shown and g.visitor.can(Permission.VIEW_TIMINGS):
        response.headers["Server-Timing"] = ", ".join(f"{part};dur={s * 1000:.1f}" for part, s in g.took.items())
    return response


log = logging.getLogger("request")

_ENVIRON_KEY = "partner_reports.told"
_SAFE_KEYS = frozenset(
    ["action", "as_of", "columns", "dialect", "from", "open", "period", "size", "sort", "status", "to", "usage"]
)
"""Keys of the query whose values are words of ours, numbers or days."""

_KEY, _VALUE = re.compile("[a-z_]{1,20}"), re.compile("[A-Za-z0-9:. -]{0,40}")
_HIDDEN = "…"

_MAX_LENGTH = 300


def register(app: Flask) -> None:
    app.after_request(_collect)
    app.wsgi_app = _LoggedApp(app.wsgi_app)  # type: ignore[method-assign]


def configure_logging() -> None:
    """Let all that the server says go to standard error, as lines of JSON; to a terminal as people read it, and nothing
    of requests that went well. What can't be written is lost, and breaks nothing."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    written, trail = logging.StreamHandler(), logging.StreamHandler()
    written.setFormatter(TerminalFormatter() if terminal else JsonFormatter())
    logging.raiseExceptions = False
    _tell_no_more_than_is_written()
    logging.basicConfig(level=logging.WARNING, handlers=[written], force=True)
    log.setLevel(logging.WARNING if terminal else logging.INFO)
    audit, gunicorn = logging.getLogger("audit"), logging.getLogger("gunicorn.error")
    audit.setLevel(logging.INFO)
    audit.propagate, audit.handlers = False, [trail]  # it writes lines of JSON itself
    gunicorn.propagate, gunicorn.handlers = True, []


def _tell_no_more_than_is_written() -> None:
    """A line tells of no thread and of no place in the code, which take longer to find out than the line to write."""
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # as logging's documentation advises


class JsonFormatter(logging.Formatter):
    """One line of JSON for each record: ASCII, so that nothing in it ends the line or steers a terminal."""

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "log": record.name}
        if has_request_context() and "request_id" in g:
            told["request"] = g.request_id
        told |= getattr(record, "told", {"message": record.getMessage()})
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        return json.dumps(told)


class TerminalFormatter(logging.Formatter):
    """As people read it; what steers a terminal is spelled out."""

    def format(self, record: logging.LogRecord) -> str:
        text = super().format(record)
        return "".join(each if each.isprintable() or each == "\n" else ascii(each)[1:-1] for each in text)


def _collect(response: Response) -> Response:
    """Keep what is known of a request for as long as its answer takes."""
    query = "&".join(f"{_key(key)}={_value(key, value)}" for key, value in request.args.items(multi=True))
    request.environ[_ENVIRON_KEY] = {
        "request": g.request_id,
        "method": request.method,
        "path": request.path[:_MAX_LENGTH],
        "query": query[:_MAX_LENGTH],
        "user": g.visitor.id if g.visitor else None,
        "status": response.status_code,
        "query_ms": round(g.get("took", {}).get("query", 0) * 1000, 1),
    }
    return response


def _key(key: str) -> str:
    return key if _KEY.fullmatch(key) else _HIDDEN


def _value(key: str, value: str) -> str:
    return value if key in _SAFE_KEYS and _VALUE.fullmatch(value) else _HIDDEN


class _LoggedApp:
    """What Flask answers, with a line at its end."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start = perf_counter()
        pieces = self._answer(environ, start_response)
        return _LoggedResponse(pieces, environ.get(_ENVIRON_KEY, {}), start)


class _LoggedResponse:
    """An answer on its way. When it is closed it has gone out, or has broken off."""

    def __init__(self, pieces: Iterable[bytes], told: dict[str, Any], start: float) -> None:
        self._pieces, self._told, self._start = pieces, told, start
        self._bytes, self._whole = 0, False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for piece in self._pieces:
                self._bytes += len(piece)
                yield piece
        except Exception:
            broken = {"request": self._told.get("request"), "message": "The answer broke off"}
            log.exception(broken["message"], extra={"told": broken})
            raise
        self._whole = True

    def close(self) -> None:
        if hasattr(self._pieces, "close"):
            self._pieces.close()
        took = round((perf_counter() - self._start) * 1000, 1)
        told = self._told | {"ms": took, "bytes": self._bytes, "whole": self._whole}
        log.info("%(method)s %(path)r: %(status)s", told, extra={"told": told})
