"""What went wrong, said to whoever asked: a page to a browser, a fragment to htmx, plain text to the rest."""

import logging
from collections.abc import Sequence
from http import HTTPStatus

from flask import Flask, Response, g, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from models import DATABASE_ERRORS, close_connections, describe_error

log = logging.getLogger(__name__)

_DISK_FULL = "disk is full"
"""What SQLite says where a connection is as good as before, and another would find no room to begin."""


def register(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http_error)
    for trouble in DATABASE_ERRORS:
        app.register_error_handler(trouble, _database_error)
    app.register_error_handler(Exception, _server_error)


def error_response(status: int, title: str, details: Sequence[str] = (), home: str = "/reports") -> Response:
    """An answer that says what is wrong. `home` is where a person can go on."""
    template = "_problem.html" if is_fragment_request() else "problem.html"
    accepted = request.accept_mimetypes.best_match(["text/plain", "text/html"])
    if accepted == "text/html":
        answer = make_response(render_template(template, title=title, details=details, home=home, status=status))
    else:
        answer = make_response("\n".join([title, *details, f"Request {g.request_id}"]) + "\n")
        answer.mimetype = "text/plain"
    answer.status_code = status
    return answer


def disk_full(error: Exception) -> Response:
    """The answer in the place of a file that couldn't be written."""
    log.error("No file can be written for %r (request %s): %s", request.path, g.request_id, error)
    return error_response(
        503, "The file can't be written just now.", ["The server found no room for it. Try again later."]
    )


def is_fragment_request() -> bool:
    """Whether htmx asks for a part of the page that it shows; on Back it asks for the whole page."""
    asked = request.headers.get("HX-Request-Type") == "partial"
    return asked and "HX-History-Restore-Request" not in request.headers


def _http_error(error: HTTPException) -> Response:
    if error.response or (error.code or 500) < HTTPStatus.BAD_REQUEST:
        return make_response(error.get_response())
    answer = error_response(error.code or 500, f"{error.name}.", [error.description or ""])
    if "Allow" in (headers := dict(error.get_headers())):
        answer.headers["Allow"] = headers["Allow"]
    return answer


def _database_error(error: Exception) -> Response:
    log.error(
        "The database did not answer %r (request %s): %r", request.path, g.get("request_id"), describe_error(error)
    )
    if _DISK_FULL not in str(error):
        close_connections()  # a connection that broke stays broken; the next request makes another
    return error_response(503, "The database doesn't answer just now.", ["Nothing is lost. Try again in a moment."])


def _server_error(error: Exception) -> Response:
    log.error("Unexpected at %r (request %s)", request.path, g.get("request_id"), exc_info=error)
    return error_response(500, "Something went wrong on our side.", ["It has been logged. Try again in a moment."])
