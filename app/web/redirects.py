"""Where a person is led who can't have what they asked for, and how they get back."""

import re
from urllib.parse import quote, urlsplit

from flask import Response, make_response, redirect, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.web.errors import error_response
from app.web.rules import PUBLIC_ENDPOINTS

HOME = "/"

_PART_SUFFIX = re.compile(r"(\.csv|\.xlsx|/rows|/count)$")
"""How the addresses of a report's files and parts end: behind its own."""


def redirect_or_status(address: str, status: int, why: str) -> Response:
    """Lead a person to another page: a browser by a redirect, htmx by a header; anyone else is told `why`."""
    if is_htmx_request():
        response = error_response(status, why)
        response.headers["HX-Redirect"] = address
        return response
    if _is_navigation():
        return make_response(redirect(address, 303))
    response = make_response(f"{why}\n", status)
    response.mimetype = "text/plain"
    return response


def same_host_redirect(wanted: RequestRedirect) -> Response:
    """Lead to the right spelling of an address, and never to the host that a request says it is for."""
    return make_response(redirect(urlsplit(wanted.new_url)._replace(scheme="", netloc="").geturl(), wanted.code))


def sign_in_url() -> str:
    """The sign-in page that leads back to the page which is seen, or asked for."""
    page = safe_next(_page_url())
    return "/login" if page == HOME else f"/login?next={quote(page, safe='/')}"


def safe_next(address: str) -> str:
    """`address` when it is the path of a page here, else the way home. Browsers read much as the start of a host."""
    adapter = request_ctx.url_adapter
    if not address.startswith("/") or address.startswith("//") or "\\" in address or not address.isprintable():
        return HOME
    try:
        endpoint = adapter and adapter.match(urlsplit(address).path, "GET")[0]
    except (HTTPException, ValueError):
        return HOME
    return HOME if endpoint in PUBLIC_ENDPOINTS else address


def is_htmx_request() -> bool:
    return "HX-Request" in request.headers or "HX-History-Restore-Request" in request.headers


def _is_navigation() -> bool:
    """Whether a browser asks for a page to show, as it says itself; old ones only say what they would like to read."""
    mode = request.headers.get("Sec-Fetch-Mode")
    if mode is not None:
        return mode == "navigate"
    return request.accept_mimetypes.best_match(["text/plain", "text/html"]) == "text/html"


def _page_url() -> str:
    """What is asked for, if it is a page; for a part of one, or a form that was sent, the page that is seen."""
    if request.method in ("GET", "HEAD") and "HX-Request" not in request.headers:
        query = request.query_string.decode("utf-8", "replace")
        path = _PART_SUFFIX.sub("", request.path)
        return f"{path}?{query}" if query else path
    seen = request.headers.get("HX-Current-URL") or request.referrer or ""
    try:
        url = urlsplit(seen)
    except ValueError:
        return HOME
    return url._replace(scheme="", netloc="", fragment="").geturl() if url.netloc == request.host else HOME
