"""What every request passes before its route: a host that is ours, no forgery, a person signed in, and a rule."""

from flask import Flask, Response, current_app, g, request
from werkzeug.exceptions import SecurityError
from werkzeug.routing import RequestRedirect

from app.access.sessions import Sessions
from app.access.visitor import Visitor
from app.settings import Settings
from app.web import cookie
from app.web.errors import problem
from app.web.proxies import request_id
from app.web.rules import OPEN, OWN, RULES
from app.web.trail import note_refusal
from app.web.ways import elsewhere, sign_in_address, straightened

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_UNWATCHED = frozenset({"static", "reports.health"})
"""Routes that ask no database who is there."""


def register(app: Flask, settings: Settings) -> None:
    app.extensions["sessions"] = Sessions(settings.secret_key, settings.session_idle_hours, settings.session_hours)
    app.before_request(_pass)
    app.context_processor(lambda: {"visitor": g.get("visitor"), "request_id": g.request_id})


def sessions() -> Sessions:
    found: Sessions = current_app.extensions["sessions"]
    return found


def visitor() -> Visitor:
    """The person who is signed in, on a route that only they can reach."""
    found: Visitor = g.visitor
    return found


def _pass() -> Response | None:
    """The answer to a request that goes no further, None for one that does."""
    g.request_id, g.visitor = request_id(), None
    if isinstance(request.routing_exception, SecurityError):
        raise request.routing_exception
    if request.endpoint not in _UNWATCHED and (token := cookie.read()):
        g.visitor = sessions().find(token)
    if request.method not in _SAFE and not _is_ours():
        return _forged()
    return None if request.endpoint in OPEN else _admitted()


def _is_ours() -> bool:
    """Whether an unsafe request comes from a page of ours, as the browser itself says."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin", "").lower() == request.host_url.rstrip("/").lower()


def _forged() -> Response:
    if g.visitor:
        note_refusal("cross-site")
    why = "It doesn't come from a page of this application, or your browser doesn't say so."
    return problem(403, "This request was refused.", [why, "Open the page afresh and try again from there."])


def _admitted() -> Response | None:
    if g.visitor is None:
        return elsewhere(sign_in_address(), 401, "Sign in first.")
    if g.visitor.temporary and request.endpoint not in OWN:
        return elsewhere("/account", 403, "Choose a password of your own first.")
    if isinstance(request.routing_exception, RequestRedirect):
        return straightened(request.routing_exception)
    if request.routing_exception:
        return None  # nothing there, for anybody
    why = RULES[request.endpoint or ""](g.visitor)
    return refused(why) if why else None


def refused(why: str, home: str = "/reports") -> Response:
    """The answer to somebody who may not do what they ask for."""
    note_refusal(why)
    return problem(403, "This is not for you.", [why], home)
