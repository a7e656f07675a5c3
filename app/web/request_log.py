"""The request log, how the server logs, and the Server-Timing header."""

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from time import perf_counter
from typing import Any

from flask import Flask, Response, g, has_request_context, request
from pythonjsonlogger.json import JsonFormatter

from app.auth.permissions import Permission
from models import printable

log = logging.getLogger("request")

# Query keys whose values are words of ours, numbers or days. The log masks the values of all other keys.
_SAFE_KEYS = frozenset(
    [
        "action",
        "as_of",
        "columns",
        "dialect",
        "from",
        "group",
        "inventory",
        "period",
        "size",
        "sort",
        "status",
        "to",
        "usage",
    ]
)
_KEY, _VALUE = re.compile("[a-z_]{1,20}"), re.compile("[A-Za-z0-9:. -]{0,40}")
_QUOTED = re.compile("“.*”", re.DOTALL)  # greedy: a typed ” doesn't end the mask
_MASK = "…"
_MAX_LENGTH = 300  # characters of a path, a query or a reason in one line

_ENVIRON_KEY = "partner_reports.log_fields"  # hands the fields of a request on to the WSGI middleware


def register(app: Flask) -> None:
    app.after_request(_add_server_timing)
    app.after_request(_collect_fields)
    wsgi_app = app.wsgi_app

    def log_request(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start = perf_counter()
        chunks = wsgi_app(environ, start_response)
        return _LoggedResponse(chunks, environ.get(_ENVIRON_KEY, {}), start)

    app.wsgi_app = log_request  # type: ignore[method-assign]


@contextmanager
def timed(part: str) -> Iterator[None]:
    """Add the time spent inside to a part of this response: `query` reads from the database, `render` writes HTML."""
    start = perf_counter()
    try:
        yield
    finally:
        seconds: dict[str, float] = g.setdefault("seconds", {})
        seconds[part] = seconds.get(part, 0) + perf_counter() - start


def set_error_reason(*reasons: str) -> None:
    """Say in the log why this request fails. Values in “quotes” are masked: a person typed them."""
    if reasons:
        g.error_reason = " ".join(_QUOTED.sub(f"“{_MASK}”", reason) for reason in reasons)[:_MAX_LENGTH]


def safe_key(key: str) -> str:
    """Return a query key, masked where it doesn't look like one of ours."""
    return key if _KEY.fullmatch(key) else _MASK


def _safe_value(key: str, value: str) -> str:
    return value if key in _SAFE_KEYS and _VALUE.fullmatch(value) else _MASK


def _safe_path() -> str:
    """The path, without the signed link of a mail: whoever has it can stop the mails."""
    return f"{request.path.rpartition('/')[0]}/{_MASK}" if "link" in (request.view_args or {}) else request.path


def _add_server_timing(response: Response) -> Response:
    """Tell admins how many milliseconds each part of a page took."""
    if "seconds" in g and response.status_code == HTTPStatus.OK and g.visitor.can(Permission.VIEW_TIMINGS):
        response.headers["Server-Timing"] = ", ".join(f"{part};dur={s * 1000:.1f}" for part, s in g.seconds.items())
    return response


def _collect_fields(response: Response) -> Response:
    query = "&".join(f"{safe_key(key)}={_safe_value(key, value)}" for key, value in request.args.items(multi=True))
    fields = {
        "request": g.request_id,
        "method": request.method,
        "path": _safe_path()[:_MAX_LENGTH],
        "query": query[:_MAX_LENGTH],
        "user": g.visitor.id if g.visitor else None,
        "status": response.status_code,
        "query_ms": round(g.get("seconds", {}).get("query", 0) * 1000, 1),
    }
    if g.visitor and g.visitor.token:
        fields["token"] = g.visitor.token.id
    if "error_reason" in g:
        fields["error"] = g.error_reason
    request.environ[_ENVIRON_KEY] = fields
    return response


class _LoggedResponse:
    """The body of a response, which logs a line when it has gone out or has broken off.

    The server calls `close()` after the last chunk, and also when the client has gone.
    """

    def __init__(self, chunks: Iterable[bytes], fields: dict[str, Any], start: float) -> None:
        self._chunks, self._fields, self._start = chunks, fields, start
        self._bytes, self._complete = 0, False

    def __iter__(self) -> Iterator[bytes]:
        try:
            for chunk in self._chunks:
                self._bytes += len(chunk)
                yield chunk
        except Exception:
            log.exception("The response broke off", extra={"request": self._fields.get("request")})
            raise
        self._complete = True

    def close(self) -> None:
        if hasattr(self._chunks, "close"):
            self._chunks.close()
        milliseconds = round((perf_counter() - self._start) * 1000, 1)
        fields = self._fields | {"ms": milliseconds, "bytes": self._bytes, "whole": self._complete}
        level = logging.WARNING if fields.get("status", 500) >= HTTPStatus.BAD_REQUEST else logging.INFO
        reason = " %(error)s" if "error" in fields else ""
        log.log(level, f"%(method)s %(path)r: %(status)s{reason}", fields, extra=fields)


# The format of JSON lines. gunicorn.conf.py repeats it for the main process, which imports nothing of the application
# so that a reload starts workers with new code.
JSON_FORMAT: Mapping[str, Any] = {
    "fmt": ["levelname", "name", "message"],
    "timestamp": "at",
    "rename_fields": {"levelname": "level", "name": "log", "exc_info": "trace"},
}


def configure_logging(json_format: Mapping[str, Any] | None = None) -> None:
    """Log to standard error: JSON lines in the given format, or plain text without successful requests.

    A line that can't be written is lost and breaks no request.
    """
    logging.raiseExceptions = False
    handler = logging.StreamHandler()
    handler.setFormatter(RequestJsonFormatter(**json_format) if json_format else TerminalFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    log.setLevel(logging.INFO if json_format else logging.WARNING)
    audit, gunicorn = logging.getLogger("audit"), logging.getLogger("gunicorn.error")
    audit.setLevel(logging.INFO)
    audit.propagate, audit.handlers = False, [logging.StreamHandler()]  # it writes lines of JSON itself
    gunicorn.propagate, gunicorn.handlers = True, []


class RequestJsonFormatter(JsonFormatter):
    """JSON with the id of the current request. A line is ASCII, so that no text ends it or controls a terminal."""

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        super().add_fields(log_data, record, message_dict)
        if has_request_context() and "request_id" in g:
            log_data["request"] = g.request_id


class TerminalFormatter(logging.Formatter):
    """Plain text in which control characters are escaped."""

    def format(self, record: logging.LogRecord) -> str:
        return printable(super().format(record))
