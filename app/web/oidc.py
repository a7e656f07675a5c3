"""Sign-in through an OpenID Connect provider: to the provider and back, and the page that ends the session there.

The form of a page can't lead there: browsers apply `form-action 'self'` to redirects too. So these are links.
"""

import hmac
import secrets
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from flask import Blueprint, abort, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadData
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.wrappers import Response

from app.auth.oidc import (
    RETRY_AFTER,
    Claims,
    FlowSecrets,
    ProviderError,
    ProviderUnavailable,
    error_code,
)
from app.auth.oidc.identities import FLOW_SECONDS, IdentityRefused, consume_state, find_identified_user, is_bound
from app.auth.sessions import token_digest
from app.auth.throttle import TooManyAttempts, clear_attempts, count_attempt
from app.auth.visitor import SignInMethod
from app.web.account import confirm_page
from app.web.audit import audit_actor, record_event
from app.web.cookies import SESSION, Cookie
from app.web.errors import error_response
from app.web.redirects import HOME, safe_next
from app.web.request_log import set_error_reason
from app.web.services import services
from app.web.sign_in import begin_session, continue_sign_in, retry_after, sign_in_page, too_many_requests
from models import access_db, audit
from models.audit import FAILED, REFUSED

if TYPE_CHECKING:
    from app.auth.oidc.provider import Provider

_PATH = "/login/oidc"
_CALLBACK = f"{_PATH}/callback"
_FLOW_COOKIE = Cookie("provider", _PATH)
_CLOCK_LEEWAY = 60  # seconds by which the provider's clock may differ
_MAX_NEXT_LENGTH = 2000  # characters: browsers keep cookies of 4,096 bytes
_MAX_CODE_LENGTH = 4000  # characters; those of known providers have at most 2,000

blueprint = Blueprint("oidc", __name__)


class _Flow(NamedTuple):
    """A sign-in at the provider, as a cookie keeps it: `state`, where to go on, and whether it confirms a session.

    `began_at` is in seconds since 1970.
    """

    state: str
    next_url: str
    confirms: bool
    began_at: float = 0


class _FlowError(Exception):
    """A sign-in that is refused. `status`, the message and `headers` are the response's, `why` is for log and trail.

    `why` and `who` never repeat what was sent.
    """

    def __init__(self, status: int, message: str, why: str, who: str = "", headers: Mapping[str, str] = {}) -> None:
        super().__init__(message)
        self.status, self.why, self.who, self.headers = status, why, who, headers


@blueprint.get(_PATH)
def begin() -> ResponseReturnValue:
    """Send the browser to the provider; redirect who is signed in already."""
    next_url = safe_next(request.args.get("next", ""))
    return redirect(next_url, 303) if g.visitor else _go_to_provider(next_url)


@blueprint.get("/account/confirm/oidc")
def confirm() -> ResponseReturnValue:
    """Send the visitor to the provider, which asks for their password again."""
    return _go_to_provider(safe_next(request.args.get("next", "")), confirms=True)


@blueprint.get(_CALLBACK)
def finish() -> ResponseReturnValue:
    """Begin or confirm the session of whoever has signed in at the provider, and forget the flow whatever happens."""
    _provider()
    flow = _read_flow()
    try:
        response = _finish(flow)
    except (_FlowError, ProviderError, Unauthorized, TooManyRequests) as error:
        described = _describe_error(error)
        if flow and not isinstance(error, TooManyRequests):
            _record_failure(described, flow)
        response = make_response(_error_page(described, flow))
    _FLOW_COOKIE.delete(response)
    return response


@blueprint.get(f"{_PATH}/sign-out")
def sign_out() -> ResponseReturnValue:
    """Send the browser to the page of the provider that ends its session there."""
    try:
        url = _provider().sign_out_url(f"{request.host_url}login")
    except ProviderError as error:
        return _error_page(_describe_error(error), None)
    if not url:
        return sign_in_page(errors={"form": f"{_provider().name} has no page to sign out. Close your browser instead."})
    return redirect(url, 303)


def _go_to_provider(next_url: str, confirms: bool = False) -> ResponseReturnValue:
    flow = _Flow(secrets.token_urlsafe(32), next_url if len(next_url) <= _MAX_NEXT_LENGTH else HOME, confirms)
    try:
        url = _provider().authorization_url(_flow_secrets(flow.state), _redirect_uri(), asks_again=confirms)
    except ProviderError as error:
        return _error_page(_describe_error(error), flow)
    response = redirect(url, 303)
    _FLOW_COOKIE.set(response, services().provider_flows.dumps(flow[:3]), FLOW_SECONDS)
    return response


def _finish(flow: _Flow | None) -> Response:
    """Begin or confirm a session, once for each flow. Raises _FlowError, ProviderError, Unauthorized, TooManyRequests.

    Failures count as those of passwords do, so that no address makes us ask the provider without end.
    """
    begin_again = "This sign-in was begun elsewhere, or too long ago. Begin again."
    if flow is None:
        raise _FlowError(400, begin_again, "no sign-in under way")
    attempt = (f"provider {flow.state}", request.remote_addr or "")
    try:
        count_attempt(*attempt)
        if not hmac.compare_digest(flow.state.encode(), request.args.get("state", "").encode()):
            raise _FlowError(400, begin_again, "unknown state")
        if not consume_state(_digest(f"state {flow.state}")):
            raise _FlowError(400, "This sign-in has been used already. Begin again.", "used state")
        response = _go_on(flow)
    except TooManyAttempts as error:
        if error.is_first:
            record_event("sign-in", REFUSED, why="too many attempts", by=SignInMethod.PROVIDER)
        raise too_many_requests(error) from None
    except ProviderUnavailable:
        clear_attempts(*attempt)
        raise
    clear_attempts(*attempt)
    return response


def _go_on(flow: _Flow) -> Response:
    """Use the provider's answer. Raises _FlowError, ProviderError and Unauthorized."""
    if request.args.get("iss", _provider().issuer) != _provider().issuer:  # RFC 9207
        raise ProviderError("the answer of another issuer")
    code = request.args.get("code", "")
    if not 0 < len(code) <= _MAX_CODE_LENGTH:
        why = error_code(request.args.get("error", "no_code"))
        raise _FlowError(401, f"{_provider().name} has not signed you in. Try again.", f"{why} at the provider")
    claims = _provider().fetch_claims(code, _flow_secrets(flow.state), _redirect_uri())
    return _confirm_session(claims, flow) if flow.confirms else _sign_in(claims, flow.next_url)


def _sign_in(claims: Claims, next_url: str) -> Response:
    try:
        user = find_identified_user(audit_actor(), claims)
    except IdentityRefused as error:
        message = (
            f"You may not sign in here through {_provider().name}. An administrator can allow it for your account."
        )
        raise _FlowError(403, message, str(error), error.user.email if error.user else "") from None
    if claims.has_second_factor:
        return begin_session(user, next_url, SignInMethod.PROVIDER_MFA)
    return continue_sign_in(user, next_url, SignInMethod.PROVIDER)


def _confirm_session(claims: Claims, flow: _Flow) -> Response:
    """Note that the visitor has entered their password at the provider since they were sent there."""
    visitor = g.visitor
    if visitor is None:
        raise _FlowError(403, "You are not signed in any more. Sign in again.", "the session is over")
    if not is_bound(visitor.id, claims):
        raise _FlowError(403, "Somebody else has signed in at the provider.", "another subject")
    if claims.authenticated_at < flow.began_at - _CLOCK_LEEWAY:
        why = "no new authentication at the provider"
        raise _FlowError(403, f"{_provider().name} has not asked for your password again.", why)
    with access_db.write_transaction():
        token = services().sessions.confirm(visitor.session)
        record_event("confirmation", by=SignInMethod.PROVIDER)
    response = redirect(flow.next_url, 303)
    SESSION.set(response, token)
    return response


def _describe_error(error: Exception) -> _FlowError:
    """Return an error of `_finish` as the person, the log and the trail get it."""
    match error:
        case _FlowError():
            return error
        case TooManyRequests():
            return _FlowError(429, str(error.description), type(error).__name__, headers=retry_after(error))
        case Unauthorized():
            return _FlowError(401, "Your account has changed meanwhile. Begin again.", type(error).__name__)
        case ProviderUnavailable():
            instead = "" if services().settings.local_sign_in == "no" else ", or use your password"
            message = f"{_provider().name} can't be reached just now. Try again in a moment{instead}."
            return _FlowError(503, message, str(error), headers={"Retry-After": str(RETRY_AFTER)})
    return _FlowError(502, f"{_provider().name} has refused this sign-in. Try again.", str(error))


def _error_page(error: _FlowError, flow: _Flow | None) -> ResponseReturnValue:
    """Return the page on which the person can go on another way."""
    is_confirmation = bool(flow and flow.confirms and g.visitor)
    page: Callable[..., ResponseReturnValue] = confirm_page if is_confirmation else sign_in_page
    next_url = flow.next_url if flow else HOME
    response = page(next_url, error.status, errors={"form": str(error)}, headers=error.headers)
    set_error_reason(f"Through the provider: {error.why}")
    return response


def _record_failure(error: _FlowError, flow: _Flow) -> None:
    """Record that a sign-in has failed. Those of one minute are one event, so that no stranger fills the disk."""
    who = error.who or (g.visitor.email if g.visitor else "")
    event = "confirmation" if flow.confirms and g.visitor else "sign-in"
    details = {"who": who, "why": error.why, "by": SignInMethod.PROVIDER}
    audit.record_counted(event, FAILED, match="person", **audit_actor() | details)


def _provider() -> "Provider":
    provider = services().provider
    if provider is None:
        abort(error_response(404, "Nobody signs in through a provider here.", home="/login"))
    return provider


def _read_flow() -> _Flow | None:
    try:
        cookie = _FLOW_COOKIE.get()
        (state, next_url, confirms), began = services().provider_flows.loads(
            cookie, max_age=FLOW_SECONDS, return_timestamp=True
        )
        return _Flow(state, next_url, confirms, began.timestamp())
    except (BadData, TypeError, ValueError):
        return None


def _flow_secrets(state: str) -> FlowSecrets:
    """Derive from the state what only this installation knows, so that the cookie needn't hold it."""
    return FlowSecrets(state, nonce=_digest(f"nonce {state}"), verifier=_digest(f"verifier {state}"))


def _redirect_uri() -> str:
    return request.host_url.rstrip("/") + _CALLBACK


def _digest(text: str) -> str:
    return token_digest(services().settings.secret_key, text)
