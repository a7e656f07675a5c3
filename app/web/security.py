"""The checks of every request, in this order: trusted host, Transfer-Encoding, token or session, CSRF, sign-in,
permission, and for some routes whether the visitor has entered the password lately.
"""

import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request
from werkzeug.exceptions import LengthRequired, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from app.auth.browser_tokens import PENDING_SECONDS, REMEMBERED_SECONDS, BrowserTokens
from app.auth.permissions import Permission, Visitor
from app.auth.second_factor import SecondFactors
from app.auth.sessions import PROVIDER_WITH_FACTOR, Sessions
from app.auth.tokens import RequestRate, Tokens
from app.settings import Settings
from app.table.view import digest
from app.web.audit import record_refusal
from app.web.credentials import (
    add_challenge,
    find_token_visitor,
    is_sole_credential,
    refuse_token,
    sent_bearer,
    sent_token,
    tokens,
)
from app.web.errors import error_response
from app.web.redirects import confirm_url, redirect_or_status, sign_in_url
from app.web.rules import (
    ACCOUNT_ENDPOINTS,
    CONFIRMED_ENDPOINTS,
    ONE_CLICK_ENDPOINTS,
    PUBLIC_ENDPOINTS,
    RULES,
    SET_UP_ENDPOINTS,
    TOKEN_ENDPOINTS,
)
from models import PendingSignIn, RememberedBrowser

if TYPE_CHECKING:
    from app.auth.provider import Provider

SESSION, PENDING, REMEMBERED = "session", "sign-in", "browser"  # cookies
MAX_FORM_BYTES = 64 * 1024  # ten times what any form here needs

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, section 9.2.1
_WITHOUT_SESSION = frozenset({"static", "home.health"})  # endpoints that don't need to know who asks
_REQUEST_ID = re.compile("[A-Za-z0-9_-]{8,64}")


def register(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts) or None
    app.extensions["proxies"] = settings.proxies
    key = settings.secret_key
    app.extensions["sessions"] = Sessions(key, settings.session_idle_hours, settings.session_hours)
    app.extensions["tokens"] = Tokens(key, RequestRate(settings.token_rate))
    app.extensions["second_factors"] = SecondFactors(key, settings.partner_name, settings.second_factor)
    app.extensions[PENDING] = BrowserTokens(key, PendingSignIn, PENDING_SECONDS)
    app.extensions[REMEMBERED] = BrowserTokens(key, RememberedBrowser, REMEMBERED_SECONDS)
    app.extensions["local_sign_in"] = settings.local_sign_in
    if settings.oidc_issuer:
        from app.auth.provider import Provider  # noqa: PLC0415 - 16 MB and 0.2 s, for installations that have one

        client = (settings.oidc_client_id, settings.oidc_client_secret)
        app.extensions["provider"] = Provider(settings.oidc_issuer, *client, settings.oidc_acr)
    if count := settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    app.before_request(_check_request)
    app.context_processor(_template_context)


def _template_context() -> dict[str, Any]:
    context = {"visitor": g.get("visitor"), "request_id": g.request_id, "Permission": Permission}
    return context | {"visitor_tag": _visitor_tag(), "display": request.cookies.get("display", "").split(".")}


def _check_request() -> BaseResponse | None:
    """Return the response to a request that goes no further, None for one that its route may answer."""
    g.request_id, g.visitor = request_id(), None
    if isinstance(request.routing_exception, SecurityError):  # the host isn't one of TRUSTED_HOSTS
        raise request.routing_exception
    if "Transfer-Encoding" in request.headers:  # a malformed chunk would fail in the middle of a form
        raise LengthRequired
    if request.endpoint not in _WITHOUT_SESSION and (refused := _identify()):
        return refused
    is_unsafe = request.method not in _SAFE_METHODS and request.endpoint not in ONE_CLICK_ENDPOINTS
    if is_unsafe and not _is_same_origin():
        return _csrf_error()
    tag = request.headers.get("X-Visitor")
    if g.visitor and tag is not None and tag != _visitor_tag():  # signed in, in another tab
        return Response("This page is another visitor's.\n", 409, {"HX-Refresh": "true"}, mimetype="text/plain")
    is_public = request.endpoint in PUBLIC_ENDPOINTS and not (g.visitor and g.visitor.token)
    return None if is_public else _check_visitor()


def _identify() -> BaseResponse | None:
    """Find who sends the request: by its token, else by its session. Return the response to a wrong token."""
    if token := sent_token():
        found = find_token_visitor(token)
        if isinstance(found, Response):
            return None if request.endpoint in PUBLIC_ENDPOINTS else found
        g.visitor = found
    elif token := get_cookie(SESSION):
        g.visitor = sessions().find(token, request.remote_addr or "")
    bearer = sent_bearer()
    if g.visitor is None and bearer is not None and request.endpoint not in PUBLIC_ENDPOINTS:
        return refuse_token(bearer)
    return None


def _check_visitor() -> BaseResponse | None:
    """Check the sign-in and the permission, on routes that aren't public."""
    if g.visitor is None:
        return add_challenge(redirect_or_status(sign_in_url(), 401, "Sign in first."))
    if (duty := _duty(g.visitor)) and request.endpoint not in duty.endpoints:
        return error_response(403, duty.why) if g.visitor.token else redirect_or_status(duty.page, 403, duty.why)
    if isinstance(request.routing_exception, RequestRedirect):  # without the host: a client chooses what Host says
        canonical = urlsplit(request.routing_exception.new_url)._replace(scheme="", netloc="").geturl()
        return redirect(canonical, request.routing_exception.code)
    return None if request.routing_exception else _check_rule(request.endpoint or "")  # Flask answers 404 or 405


def _check_rule(endpoint: str) -> BaseResponse | None:
    """Check the permission that a route needs, and whether it may be that somebody else sits at the browser by now."""
    if g.visitor.token and endpoint not in TOKEN_ENDPOINTS:
        return forbidden("A token opens reports, customers and files. Sign in with a browser for anything else.")
    permission = RULES[endpoint]  # a route without a rule raises KeyError and answers nobody
    if g.visitor.token and permission is Permission.IMPORT and not g.visitor.token.may_import:
        return forbidden("This token reads only. A token may import if its owner ticked that when making it.")
    if permission is not None and not g.visitor.can(permission):
        return forbidden(g.visitor.refusal(permission))
    if endpoint in CONFIRMED_ENDPOINTS and not g.visitor.recently_confirmed:
        return redirect_or_status(confirm_url(), 403, "Enter your password again first, at /account/confirm.")
    return None


class _Duty(NamedTuple):
    """What a visitor must do on `page`, with nothing but `endpoints`, before anything else."""

    endpoints: frozenset[str]
    page: str
    why: str


def _duty(visitor: Visitor) -> _Duty | None:
    if visitor.must_change_password:
        return _Duty(ACCOUNT_ENDPOINTS, "/account", "Choose a password of your own first.")
    has_factor = visitor.has_second_factor or visitor.origin == PROVIDER_WITH_FACTOR
    if not has_factor and second_factors().is_required(visitor.role):
        return _Duty(SET_UP_ENDPOINTS, "/account/factor", "Set up a second factor first.")
    return None


def _visitor_tag() -> str:
    """Return a digest of who is signed in with which rights. Pages send it with what they ask for through htmx."""
    signed_in = g.get("visitor")
    return (
        digest(f"{signed_in.id} {signed_in.role} {signed_in.reseller} {sorted(signed_in.rights)}") if signed_in else ""
    )


def request_id() -> str:
    """Return the id of this request. A trusted proxy may set it, so that its log has the same id."""
    sent = request.headers.get("X-Request-ID", "")
    return sent if current_app.extensions["proxies"] and _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)


def sessions() -> Sessions:
    store: Sessions = current_app.extensions["sessions"]
    return store


def renewed(person: Visitor) -> Callable[[], Visitor | None]:
    """Return a function that finds the same visitor with the rights of that moment, None when they have none left."""
    return partial((tokens() if person.token else sessions()).renewed, person)


def visitor() -> Visitor:
    """Return who is signed in. Only routes that need a sign-in may call this."""
    signed_in: Visitor = g.visitor
    return signed_in


def second_factors() -> SecondFactors:
    store: SecondFactors = current_app.extensions["second_factors"]
    return store


def provider() -> "Provider | None":
    """Return the OpenID Connect provider, None where none is set."""
    found: Provider | None = current_app.extensions.get("provider")
    return found


def local_sign_in() -> str:
    """Return who may sign in with a password: yes, admins or no."""
    who: str = current_app.extensions["local_sign_in"]
    return who


def browser_tokens(cookie: str) -> BrowserTokens:
    """Return the tokens of the cookie PENDING or REMEMBERED."""
    store: BrowserTokens = current_app.extensions[cookie]
    return store


def get_cookie(name: str) -> str:
    return request.cookies.get(_cookie_name(name), "")


def set_cookie(response: BaseResponse, name: str, value: str, max_age: int | None = None) -> None:
    """Set a cookie for `max_age` seconds, or until the browser is closed."""
    response.set_cookie(_cookie_name(name), value, max_age, secure=request.is_secure, httponly=True, samesite="Lax")


def delete_cookie(response: BaseResponse, name: str) -> None:
    response.delete_cookie(_cookie_name(name), secure=request.is_secure, httponly=True, samesite="Lax")


def _cookie_name(name: str) -> str:
    """Over HTTPS the prefix `__Host-` makes browsers send the cookie to this very host only, and only over HTTPS."""
    return f"__Host-{name}" if request.is_secure else name


def _is_same_origin() -> bool:
    """Return whether the browser says that an unsafe request comes from a page of this application.

    A program that sends a token needn't say so.
    """
    if is_sole_credential() and not get_cookie(SESSION):
        return True
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin", "").lower() == request.host_url.rstrip("/").lower()


def _csrf_error() -> Response:
    if g.visitor:
        record_refusal("cross-site")
    why = "It doesn't come from a page of this application, or your browser doesn't say so."
    details = [why, "Open the page afresh and try again from there."]
    return error_response(403, "This request was refused.", details, reason="The request is cross-site.")


def forbidden(why: str, home: str = "/reports") -> Response:
    """Record in the audit trail that the visitor may not do this, and return the 403 that says `why`."""
    record_refusal(why)
    return error_response(403, "This is not for you.", [why], home, reason=why)
