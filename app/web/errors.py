"""Error responses: a page for a browser, a fragment for htmx, problem+json for programs, plain text for any other."""

import json
import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException, NotFound

from app.auth.passwords import HashingBusy
from app.table.totals import TooManyGroups
from app.web.request_log import set_error_reason
from models import DATABASE_ERRORS, close_connections, describe_error

log = logging.getLogger(__name__)

_JSON = ("application/json", "application/problem+json")

# SQLite's words for a full disk. Its connection still works, and a new one would find no room to start.
_DISK_FULL = "disk is full"


def register(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    for error in DATABASE_ERRORS:
        app.register_error_handler(error, _database_error)
    app.register_error_handler(HashingBusy, _hashing_busy)
    app.register_error_handler(TooManyGroups, _too_many_groups)
    app.register_error_handler(Exception, _server_error)


def error_response(
    status: int,
    title: str,
    details: Sequence[str] = (),
    home: str = "/reports",
    reason: str = "",
    retry_after: int | None = None,
) -> Response:
    """Return a response that says what is wrong.

    `title` is one sentence and `details` are further ones; put what a person typed in “quotes”. `home` is the address
    of the page where they can go on. `reason` is what the log says, by default the title. `retry_after` is in how many
    seconds a program should try again.
    """
    set_error_reason(reason or title)
    if asks_for_json():
        response = problem_response(status, title, details, reason)
    elif asks_for_page():
        template = "_problem.html" if is_fragment_request() else "problem.html"
        response = make_response(render_template(template, title=title, details=details, home=home, status=status))
    else:
        response = make_response("\n".join([title, *details, f"Request {g.request_id}"]) + "\n")
        response.mimetype = "text/plain"
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = str(retry_after)
    return response


def problem_response(status: int, title: str, details: Sequence[str], reason: str = "", **members: Any) -> Response:
    """Return the same as problem+json (RFC 9457). `members` are what else it has, besides the id of the request."""
    set_error_reason(reason or title)
    problem = {"title": title, "status": status, "detail": "\n".join(details), "request": g.request_id, **members}
    response = make_response(json.dumps(problem, ensure_ascii=False) + "\n", status)
    response.mimetype = "application/problem+json"
    return response


def asks_for_page() -> bool:
    """Return whether the client wants HTML rather than text, as its `Accept` says."""
    return request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html"


def asks_for_json() -> bool:
    """Return whether the client wants JSON: its `Accept` says so, or the address does and `Accept` wants no page."""
    best = request.accept_mimetypes.best_match(["text/plain", "text/html", *_JSON])
    return best in _JSON or (best != "text/html" and request.path.endswith(".json"))


def disk_full_response(error: Exception) -> Response:
    """Return the 503 for an export that couldn't be written to a temporary file."""
    log.error("Can't write the export of %r (request %s): %s", request.path, g.request_id, error)
    details = ["The server found no room for it. Try again later."]
    return error_response(503, "The file can't be written just now.", details)


def is_fragment_request() -> bool:
    """Return whether htmx asks for a part of a page. On Back it asks for the whole page."""
    partial = request.headers.get("HX-Request-Type") == "partial"
    return partial and "HX-History-Restore-Request" not in request.headers


def _http_error(error: HTTPException) -> Response:
    """Answer what Werkzeug or Flask raised; `abort()` may carry a response of its own."""
    if error.response or (error.code or 500) < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    reason = f"{error.name} ({type(error).__name__})"  # the description may repeat what was sent
    title, detail = f"{error.name}.", error.description or ""
    if isinstance(error, NotFound):
        title, detail = "There is no page at this address.", "Check it, or choose a report."
    response = error_response(error.code or 500, title, [detail], reason=reason)
    if "Allow" in (headers := dict(error.get_headers())):
        response.headers["Allow"] = headers["Allow"]
    return response


def _hashing_busy(_: Exception) -> Response:
    title, details = "Many people are signing in just now.", ["Try again in a few seconds."]
    return error_response(503, title, details, "/login", retry_after=2)


def _too_many_groups(error: Exception) -> Response:
    return error_response(400, "These are too many groups.", [str(error)], request.path)


def _database_error(error: Exception) -> Response:
    log.error("Database error at %r (request %s): %r", request.path, g.get("request_id"), describe_error(error))
    if _DISK_FULL not in str(error):
        close_connections()  # a broken connection stays broken; the next request opens another
    return error_response(503, "The database doesn't answer just now.", ["Nothing is lost. Try again in a moment."])


def _server_error(error: Exception) -> Response:
    log.error("Unexpected error at %r (request %s)", request.path, g.get("request_id"), exc_info=error)
    return error_response(500, "Something went wrong on our side.", ["It has been logged. Try again in a moment."])
