"""Redirects to the sign-in page, and to the page that asks for the password again, and back."""

import re
from urllib.parse import quote, urlsplit

from flask import Response, current_app, make_response, redirect, request
from werkzeug.exceptions import HTTPException

from app.table.csv import DIALECT_KEY
from app.web.errors import asks_for_json, asks_for_page, error_response
from app.web.request_log import set_error_reason
from app.web.rules import RULES

HOME = "/"

# The endings by which the addresses of a report's files and fragments differ from that of its page.
_PAGE_SUFFIX = re.compile(r"(\.csv|\.xlsx|\.json|/rows|/count|/totals)$")


def redirect_or_status(url: str, status: int, why: str) -> Response:
    """Redirect a browser, or htmx by its own header, to `url`. Any other client gets `status` and reads `why`."""
    if "HX-Request" in request.headers or "HX-History-Restore-Request" in request.headers:
        response = error_response(status, why)
        response.headers["HX-Redirect"] = url
        return response
    if _is_navigation():
        return make_response(redirect(url, 303))
    if asks_for_json():
        return error_response(status, why)
    set_error_reason(why)
    response = make_response(f"{why}\n", status)
    response.mimetype = "text/plain"
    return response


def sign_in_url() -> str:
    """Return the address of the sign-in page, with the page to come back to."""
    return with_next("/login", safe_next(_page_url()))


def confirm_url() -> str:
    """Return the address of the page that asks for the password again, with the page to come back to."""
    return with_next("/account/confirm", safe_next(_page_url()))


def with_next(path: str, next_url: str) -> str:
    """Add the page to come back to, unless it is the home page."""
    return path if next_url == HOME else f"{path}?next={quote(next_url, safe='/')}"


def safe_next(url: str) -> str:
    """Return `url` if it is the path of a page of this application, else the home page.

    Browsers read `//host`, `/\\host` and paths with control characters as the address of another host.
    """
    adapter = current_app.create_url_adapter(request)
    if not url.startswith("/") or url.startswith("//") or "\\" in url or not url.isprintable():
        return HOME
    try:
        endpoint = adapter.match(urlsplit(url).path, "GET")[0] if adapter else ""
    except (HTTPException, ValueError):
        return HOME
    rule = RULES.get(endpoint)
    return url if rule and not rule.public else HOME


def _is_navigation() -> bool:
    """Return whether a browser asks for a page to show. Old browsers don't send Sec-Fetch-Mode, only Accept."""
    mode = request.headers.get("Sec-Fetch-Mode")
    return asks_for_page() if mode is None else mode == "navigate"


def _page_url() -> str:
    """Return the address of the page that is asked for; for a fragment or a form, that of the page which has it."""
    if request.method in ("GET", "HEAD") and "HX-Request" not in request.headers:
        query = request.query_string.decode("utf-8", "replace")
        path = _PAGE_SUFFIX.sub("", request.path)
        if path != request.path:  # a page knows of no dialect
            query = "&".join(pair for pair in query.split("&") if not pair.startswith(f"{DIALECT_KEY}="))
        return f"{path}?{query}" if query else path
    try:
        url = urlsplit(request.headers.get("HX-Current-URL") or request.referrer or "")
    except ValueError:
        return HOME
    return url._replace(scheme="", netloc="", fragment="").geturl() if url.netloc == request.host else HOME
