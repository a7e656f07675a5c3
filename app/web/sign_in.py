"""What follows the password, or another way to sign in: the second factor where there is one, and the session."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.wrappers import Response

from app.auth.browser_tokens import PENDING_SECONDS, REMEMBERED_SECONDS
from app.auth.second_factor import count_recovery_codes, find_second_factor
from app.auth.sessions import end_session
from app.auth.throttle import WINDOW, TooManyAttempts
from app.auth.visitor import SignInMethod
from app.validation import ValidationError
from app.web.audit import record_event
from app.web.browsers import browser_name
from app.web.fields import read_fields
from app.web.guessing import known_browser, set_known_browser_cookie
from app.web.redirects import safe_next, with_next
from app.web.request_log import set_error_reason
from app.web.security import (
    PENDING,
    REMEMBERED,
    SESSION,
    delete_cookie,
    get_cookie,
    set_cookie,
)
from app.web.services import services
from models import User, access_db
from models.audit import BEGUN, FAILED, REFUSED

WRONG_CREDENTIALS = "The email or the password is wrong."
WRONG_CODE = "This code is wrong, or was used already. Enter the next one."

blueprint = Blueprint("sign_in", __name__)


def continue_sign_in(user: User, next_url: str, method: SignInMethod = SignInMethod.PASSWORD) -> Response:
    """Ask for the second factor of a user who has entered the password, or begin the session where there is none.

    Likewise for one who comes from the provider, as `method` says, without a second factor there. A browser that is
    remembered isn't asked. Raises Unauthorized.
    """
    with access_db.write_transaction():
        if not find_second_factor(user.id):
            return begin_session(user, next_url, method)
        if services().remembered_browsers.find(get_cookie(REMEMBERED)) == user:
            return begin_session(user, next_url, method, second_factor="remembered browser")
        token = services().pending_sign_ins.create(user, origin=method.value)
        if token is None:
            raise Unauthorized(WRONG_CREDENTIALS)
        record_event("sign-in", BEGUN, who=user.email)
    response = redirect(with_next("/login/code", next_url), 303)
    set_cookie(response, PENDING, token, PENDING_SECONDS)
    return response


def begin_session(user: User, next_url: str, method: SignInMethod = SignInMethod.PASSWORD, **details: Any) -> Response:
    """Replace this browser's session with a new one, and redirect. Raises Unauthorized.

    Every sign-in method ends here, after all that it must check. `details` are those of the audit event.
    """
    if method is not SignInMethod.PASSWORD:
        details["by"] = method
    with access_db.write_transaction():
        if g.visitor:
            end_session(g.visitor.session)
        browser = browser_name(request.headers.get("User-Agent", ""))
        token = services().sessions.create(user, browser, request.remote_addr or "", method)
        if token is None:
            raise Unauthorized(WRONG_CREDENTIALS)
        record_event("sign-in", who=user.email, **details)
    response = redirect(next_url, 303)
    set_cookie(response, SESSION, token)
    set_known_browser_cookie(response, user)
    return response


def check_second_factor(event: str, user: User) -> dict[str, Any]:
    """Check the code or recovery code that the form sends, and return details of it for the audit event.

    Raises ValidationError for none, Unauthorized for a wrong one, TooManyRequests.
    """
    values, too_long = read_fields("code", "recovery_code")
    code, recovery_code = values["code"].strip(), values["recovery_code"].strip()
    if not code and not recovery_code:
        raise ValidationError(too_long or {"code": "Enter the code that your app shows."})
    address = request.remote_addr or ""
    try:
        kind = services().second_factors.authenticate(user, code, recovery_code, address, known_browser(user))
    except TooManyAttempts as error:
        if error.first:
            record_event(event, REFUSED, who=user.email, why="too many codes")
        raise too_many_requests(error) from None
    if not kind:
        record_event(event, FAILED, who=user.email, why="wrong code" if code else "wrong recovery code")
        raise Unauthorized(WRONG_CODE if code else "This recovery code is wrong, or was used already.")
    if kind == "code":
        return {"second_factor": kind}
    return {"second_factor": kind, "recovery_codes_left": count_recovery_codes(user.id)}


def too_many_requests(error: TooManyAttempts) -> TooManyRequests:
    """Return the exception that says how long to wait."""
    if error.wait >= WINDOW:
        why = f"Too many attempts have failed. Try again in {WINDOW // 60} minutes."
    else:
        unit = "second" if error.wait == 1 else "seconds"
        where = "or in a browser in which you have signed in before"
        why = f"Too many attempts at this account have failed. Try again in {error.wait} {unit}, {where}."
    return TooManyRequests(why, retry_after=error.wait)


def retry_after(error: Unauthorized | TooManyRequests) -> dict[str, str]:
    """Return the header of a response that says how long to wait."""
    return {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequests) else {}


@blueprint.get("/login/code")
def code_form() -> ResponseReturnValue:
    next_url = safe_next(request.args.get("next", ""))
    return _code_page(next_url) if services().pending_sign_ins.find(get_cookie(PENDING)) else _sign_in_again(next_url)


@blueprint.post("/login/code")
def enter_code() -> ResponseReturnValue:
    """Begin the session of whoever has entered the password before, at most ten minutes ago."""
    next_url = safe_next(read_fields("next")[0]["next"])
    user = services().pending_sign_ins.find(get_cookie(PENDING))
    if user is None:
        return _sign_in_again(next_url)
    try:
        details = check_second_factor("sign-in", user)
        method = services().pending_sign_ins.find_method(get_cookie(PENDING))
        response = begin_session(user, next_url, method, **details)
    except ValidationError as error:
        return _code_page(next_url, 400, error.errors)
    except (Unauthorized, TooManyRequests) as error:
        return _code_page(next_url, error.code, {"form": error.description}, retry_after(error))
    services().pending_sign_ins.delete(get_cookie(PENDING))
    delete_cookie(response, PENDING)
    if request.form.get("remember") and (token := services().remembered_browsers.create(user)):
        set_cookie(response, REMEMBERED, token, REMEMBERED_SECONDS)
    return response


def _sign_in_again(next_url: str) -> Response:
    return redirect(f"/login?{urlencode({'late': 1, 'next': next_url})}", 303)


def _code_page(
    next_url: str, status: int = 200, errors: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
) -> ResponseReturnValue:
    set_error_reason(*errors.values())
    return render_template("account/code.html", next=next_url, errors=errors), status, headers
