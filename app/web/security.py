"""The checks of every request, in this order: trusted host, Transfer-Encoding, token or session, fair use, CSRF,
sign-in, permission, and for some routes whether the visitor has entered the password lately.
"""

import re
import secrets
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request
from werkzeug.exceptions import LengthRequired, SecurityError
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from app.auth.permissions import Permission
from app.auth.second_factor import RequiredAction
from app.auth.visitor import Visitor
from app.settings import Settings
from app.table.view import digest
from app.web.audit import record_refusal
from app.web.cookies import SESSION
from app.web.errors import error_response
from app.web.fair_use import begin_request
from app.web.redirects import confirm_url, redirect_or_status, sign_in_url
from app.web.rules import RULES, Rule
from app.web.services import services
from app.web.token_auth import (
    add_challenge,
    find_token_visitor,
    is_sole_credential,
    refuse_token,
    sent_bearer,
    sent_token,
)

MAX_FORM_BYTES = 64 * 1024  # ten times what any form here needs

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})  # RFC 9110, section 9.2.1
_REQUEST_ID = re.compile("[A-Za-z0-9_-]{8,64}")


def register(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = MAX_FORM_BYTES
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts) or None
    if count := settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
    app.before_request(_check_request)
    app.context_processor(_template_context)


def _template_context() -> dict[str, Any]:
    context = {"visitor": g.get("visitor"), "request_id": g.request_id, "Permission": Permission}
    return context | {"visitor_tag": _visitor_tag(), "display": request.cookies.get("display", "").split(".")}


def _check_request() -> BaseResponse | None:
    """Return the response to a request that goes no further, None for one that its route may answer."""
    g.request_id, g.visitor = _request_id(), None
    if isinstance(request.routing_exception, SecurityError):  # the host isn't one of TRUSTED_HOSTS
        raise request.routing_exception
    if "Transfer-Encoding" in request.headers:  # a malformed chunk would fail in the middle of a form
        raise LengthRequired
    # An address without a route has no options. Nor has a route without a rule, which `_check_rule` refuses.
    rule = RULES.get(request.endpoint or "", Rule())
    if not rule.anonymous and (refused := _identify(rule)):
        return refused
    if g.visitor and (refused := begin_request(rule)):
        return refused
    if request.method not in _SAFE_METHODS and not rule.one_click and not _is_same_origin():
        return _csrf_error()
    tag = request.headers.get("X-Visitor")
    if g.visitor and tag is not None and tag != _visitor_tag():  # signed in, in another tab
        return Response("This page is another visitor's.\n", 409, {"HX-Refresh": "true"}, mimetype="text/plain")
    is_open = rule.public and not (g.visitor and g.visitor.token)
    return None if is_open else _check_visitor(rule)


def _identify(rule: Rule) -> BaseResponse | None:
    """Find who sends the request: by its token, else by its session. Return the response to a wrong token."""
    if token := sent_token():
        visitor = find_token_visitor(token)
        if isinstance(visitor, Response):
            return None if rule.public else visitor
        g.visitor = visitor
    elif token := SESSION.get():
        g.visitor = services().sessions.find(token, request.remote_addr or "")
    bearer = sent_bearer()
    if g.visitor is None and bearer is not None and not rule.public:
        return refuse_token(bearer)
    return None


def _check_visitor(rule: Rule) -> BaseResponse | None:
    """Check the sign-in, what the visitor must do before anything else, and the rule of the route."""
    if g.visitor is None:
        return add_challenge(redirect_or_status(sign_in_url(), 401, "Sign in first."))
    if required := _required_page(rule):
        page, message = required
        return error_response(403, message) if g.visitor.token else redirect_or_status(page, 403, message)
    if isinstance(request.routing_exception, RequestRedirect):  # without the host: a client chooses what Host says
        canonical = urlsplit(request.routing_exception.new_url)._replace(scheme="", netloc="").geturl()
        return redirect(canonical, request.routing_exception.code)
    # Flask answers an address without a route with 404 or 405. A route without a rule raises KeyError.
    return None if request.routing_exception else _check_rule(RULES[request.endpoint or ""])


def _check_rule(rule: Rule) -> BaseResponse | None:
    """Check what the rule of the route asks of the visitor."""
    token = g.visitor.token
    if token and not rule.token:
        return forbidden("A token opens reports, customers and files. Sign in with a browser for anything else.")
    if token and rule.permission is Permission.IMPORT and not token.may_import:
        return forbidden("This token reads only. A token may import if its owner ticked that when making it.")
    if rule.permission and not g.visitor.can(rule.permission):
        return forbidden(g.visitor.denial_message(rule.permission))
    if rule.confirm and not g.visitor.recently_confirmed:  # somebody else may sit at the browser by now
        return redirect_or_status(confirm_url(), 403, "Enter your password again first, at /account/confirm.")
    return None


def _required_page(rule: Rule) -> tuple[str, str] | None:
    """Return the page on which the visitor must do something before they can use a route with this rule, and why."""
    action = services().second_factors.required_action(g.visitor)
    if action is RequiredAction.CHOOSE_PASSWORD and not rule.before_password:
        return "/account", "Choose a password of your own first."
    if action is RequiredAction.SET_UP_SECOND_FACTOR and not rule.before_factor:
        return "/account/factor", "Set up a second factor first."
    return None


def _visitor_tag() -> str:
    """Return a digest of who is signed in with which permissions. Pages send it with what they ask for through htmx."""
    visitor: Visitor | None = g.get("visitor")
    if visitor is None:
        return ""
    permissions = sorted(permission.name for permission in visitor.permissions)
    return digest(f"{visitor.id} {visitor.role} {visitor.reseller} {permissions}")


def _request_id() -> str:
    """Return the id of this request. A trusted proxy may have set it, so that both logs have the same id."""
    sent = request.headers.get("X-Request-ID", "")
    return sent if services().settings.proxies and _REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)


def visitor_reloader(person: Visitor) -> Callable[[], Visitor | None]:
    """Return a function that returns the visitor as of that moment, None if they aren't signed in any more."""
    return partial((services().tokens if person.token else services().sessions).reload_visitor, person)


def visitor() -> Visitor:
    """Return the visitor. Only routes that need a sign-in may call this."""
    signed_in: Visitor = g.visitor
    return signed_in


def _is_same_origin() -> bool:
    """Return whether the browser says that an unsafe request comes from a page of this application.

    A program that sends a token needn't say so.
    """
    if is_sole_credential() and not SESSION.get():
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
    return error_response(403, "You don't have permission.", [why], home, reason=why)
