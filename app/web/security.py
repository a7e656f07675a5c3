"""What every request passes before its route: trusted host, CSRF check, session, permission."""

import re
import secrets

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect

from app.auth.permissions import Permission, Visitor
from app.auth.sessions import Sessions
from app.settings import Settings
from app.web.audit import record_refusal
from app.web.errors import error_response
from app.web.redirects import redirect_or_status, same_host_redirect, sign_in_url
from app.web.rules import ACCOUNT_ENDPOINTS, PUBLIC_ENDPOINTS, REFUSAL_SUBJECTS, RULES


def read_session_cookie() -> str:
    return request.cookies.get(_cookie_name(), "")


def set_session_cookie(response: Response, token: str) -> None:
    response.set_cookie(_cookie_name(), token, secure=request.is_secure, httponly=True, samesite="Lax")


def delete_session_cookie(response: Response) -> None:
    response.delete_cookie(_cookie_name(), secure=request.is_secure, httponly=True, samesite="Lax")


def _cookie_name() -> str:
    """Over HTTPS the name makes browsers hold the cookie to this very host, and to HTTPS."""
    return "__Host-session" if request.is_secure else "session"


MAX_FORM_BYTES = 64 * 1024
"""Bytes. No form here needs a tenth of it."""

_REQUEST_ID = re.compile("[A-Za-z0-9_-]{8,64}")


def register_proxies(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts) or None
    app.extensions["proxies"] = settings.proxies
    if settings.proxies:
        believed = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=believed, x_proto=believed, x_host=believed)  # type: ignore[method-assign]


def request_id() -> str:
    """What a request is called in the log, in the trail and on error pages: as a proxy calls it that is believed."""
    told = request.headers.get("X-Request-ID", "")
    return told if current_app.extensions["proxies"] and _REQUEST_ID.fullmatch(told) else secrets.token_hex(8)


_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_WITHOUT_SESSION = frozenset({"static", "home.health"})
"""Routes that ask no database who is there."""


def register(app: Flask, settings: Settings) -> None:
    app.extensions["sessions"] = Sessions(settings.secret_key, settings.session_idle_hours, settings.session_hours)
    app.before_request(_check_request)
    app.context_processor(lambda: {"visitor": g.get("visitor"), "request_id": g.request_id, "Permission": Permission})


def sessions() -> Sessions:
    found: Sessions = current_app.extensions["sessions"]
    return found


def visitor() -> Visitor:
    """The person who is signed in, on a route that only they can reach."""
    found: Visitor = g.visitor
    return found


def _check_request() -> Response | None:
    """The answer to a request that goes no further, None for one that does."""
    g.request_id, g.visitor = request_id(), None
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception
    if request.endpoint not in _WITHOUT_SESSION and (token := read_session_cookie()):
        g.visitor = sessions().find(token)
    if request.method not in _SAFE_METHODS and not _is_same_origin():
        return _csrf_refused()
    return None if request.endpoint in PUBLIC_ENDPOINTS else _check_visitor()


def _is_same_origin() -> bool:
    """Whether an unsafe request comes from a page of ours, as the browser itself says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin", "").lower() == request.host_url.rstrip("/").lower()


def _csrf_refused() -> Response:
    if g.visitor:
        record_refusal("cross-site")
    why = "It doesn't come from a page of this application, or your browser doesn't say so."
    return error_response(403, "This request was refused.", [why, "Open the page afresh and try again from there."])


def _check_visitor() -> Response | None:
    if g.visitor is None:
        return redirect_or_status(sign_in_url(), 401, "Sign in first.")
    if g.visitor.must_change_password and request.endpoint not in ACCOUNT_ENDPOINTS:
        return redirect_or_status("/account", 403, "Choose a password of your own first.")
    if isinstance(request.routing_exception, RequestRedirect):
        return same_host_redirect(request.routing_exception)
    if request.routing_exception:
        return None  # nothing there, for anybody
    permission = RULES[request.endpoint or ""]  # a route without a rule raises KeyError and answers nobody
    if permission is None or g.visitor.can(permission):
        return None
    return forbidden(g.visitor.refusal(REFUSAL_SUBJECTS[permission], permission))


def forbidden(why: str, home: str = "/reports") -> Response:
    """The answer to somebody who may not do what they ask for."""
    record_refusal(why)
    return error_response(403, "This is not for you.", [why], home)
