"""The credentials in the header `Authorization`: a token as Bearer (RFC 6750), or as the password of Basic (RFC 7617).

Nothing else signs in by this header. What a reverse proxy may have put there for its own use is ignored.
"""

from flask import Response, g, request
from werkzeug.datastructures import Authorization

from app.auth.throttle import TooManyAttempts, count_attempt, is_first_from_site, raise_if_refused
from app.auth.tokens import PREFIX, RateExceeded
from app.auth.visitor import Visitor
from app.web.audit import audit_actor, record_event
from app.web.errors import asks_for_page, error_response
from app.web.services import services
from models.audit import FAILED, REFUSED

_BEARER, _BASIC = 'Bearer realm="Partner Reports"', 'Basic realm="Partner Reports", charset="UTF-8"'


def sent_token() -> str | None:
    """Return the token that the request sends, None when it sends none."""
    sent = _authorization()
    text = (sent.token if sent.type == "bearer" else sent.password) if sent else None
    return text if text and text.startswith(PREFIX) else None


def sent_bearer() -> str | None:
    """Return Bearer credentials, be they a token or not, None without any. No browser sends these by itself."""
    sent = _authorization()
    return sent.token or "" if sent and sent.type == "bearer" else None


def _authorization() -> Authorization | None:
    try:
        return request.authorization
    except ValueError:  # Basic with bytes that no base64 has
        return None


def find_token_visitor(token: str) -> Visitor | Response:
    """Return the visitor for whom the program acts, or the 401 or 429 that refuses it.

    Failures count as failed sign-ins from the address, each token as an account of its own.
    """
    try:
        visitor = services().tokens.find(token, audit_actor())
    except RateExceeded as error:
        return _too_many("This token has made too many requests in this minute.", error.wait)
    return visitor or refuse_token(token)


def refuse_token(token: str) -> Response:
    """Count and record a failed attempt, and return its 401, or a 429 after too many."""
    address = request.remote_addr or ""
    known = services().tokens.explain_refusal(token)
    who, why = known or ("", "no such token")
    account = f"token {token}"  # which the throttle hashes
    try:
        raise_if_refused(account, address)
        count_attempt(account, address)
    except TooManyAttempts as error:
        if error.is_first:
            record_event("token", REFUSED, who=who, why="too many attempts")
        return _too_many("Too many attempts have failed.", error.wait)
    if known or is_first_from_site(address):
        record_event("token", FAILED, who=who, why=why)
    details = ["It is unknown, its last day is over, or its owner's account is closed."]
    response = error_response(401, "This token is not valid.", details, "/login", reason=why)
    return add_challenge(response, ', error="invalid_token"')


def add_challenge(response: Response, error: str = "") -> Response:
    """Add to a 401 how a program can sign in. Browsers don't get Basic: they would ask for a password themselves."""
    response.headers["WWW-Authenticate"] = _BEARER + error
    if not _is_browser():
        response.headers.add("WWW-Authenticate", _BASIC)
    return response


def _is_browser() -> bool:
    return asks_for_page() or any(header in request.headers for header in ("Sec-Fetch-Mode", "HX-Request"))


def _too_many(title: str, wait: int) -> Response:
    unit = "second" if wait == 1 else "seconds"
    return error_response(429, title, [f"Try again in {wait} {unit}."], "/login", retry_after=wait)


def is_sole_credential() -> bool:
    """Return whether a token that a program has put in is the only credential of the request.

    Then no other site can have made a browser send it, so that CSRF is no concern. A browser may remember Basic
    credentials and send them with requests that another site makes: it says so in `Sec-Fetch-Site`.
    """
    return bool(g.visitor and g.visitor.token) and (
        sent_bearer() is not None or "Sec-Fetch-Site" not in request.headers
    )
