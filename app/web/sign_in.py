"""Sign in and out: the password, the code of a second factor, and the session that every sign-in method ends in."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests, Unauthorized
from werkzeug.wrappers import Response

from app.auth import known_browsers
from app.auth.browser_tokens import PENDING_SECONDS, REMEMBERED_SECONDS
from app.auth.permissions import Permission, permissions_of
from app.auth.second_factor import count_recovery_codes, find_second_factor
from app.auth.sessions import end_session, end_user_sessions
from app.auth.throttle import WINDOW, TooManyAttempts, is_first_from_site
from app.auth.users import authenticate, find_user, sign_in_blocked_reason
from app.auth.visitor import SignInMethod
from app.validation import ValidationError
from app.web.audit import record_event
from app.web.browsers import browser_name
from app.web.cookies import SESSION, Cookie
from app.web.fields import read_fields
from app.web.redirects import HOME, safe_next, with_next
from app.web.request_log import set_error_reason
from app.web.security import visitor
from app.web.services import services
from models import User, access_db
from models.audit import BEGUN, FAILED, REFUSED

_PENDING, _REMEMBERED, _KNOWN_BROWSER = Cookie("sign-in"), Cookie("browser"), Cookie("known-browser")
_WRONG_CREDENTIALS = "The email or the password is wrong."
_WRONG_CODE = "This code is wrong, or was used already. Enter the next one."

blueprint = Blueprint("sign_in", __name__)


@blueprint.get("/login")
def password_form() -> ResponseReturnValue:
    """Show the form; redirect who is signed in already."""
    next_url = safe_next(request.args.get("next", ""))
    return redirect(next_url, 303) if g.visitor else sign_in_page(next_url)


@blueprint.post("/login")
def enter_password() -> ResponseReturnValue:
    if services().settings.local_sign_in == "no":
        return sign_in_page(errors={"form": "Nobody signs in with a password here."}, status=403)
    values, too_long = read_fields("email", "password", "next")
    email, password, next_url = values["email"].strip(), values["password"], safe_next(values["next"])
    missing = {key: f"Enter your {key}." for key, value in (("email", email), ("password", password)) if not value}
    if missing:
        return sign_in_page(next_url, 400, email, missing | too_long)
    try:
        return continue_sign_in(check_password("sign-in", email, password), next_url)
    except (Unauthorized, TooManyRequests) as error:
        return sign_in_page(next_url, error.code, email, {"form": error.description}, retry_after(error))


@blueprint.get("/login/code")
def code_form() -> ResponseReturnValue:
    next_url = safe_next(request.args.get("next", ""))
    return _code_page(next_url) if services().pending_sign_ins.find(_PENDING.get()) else _sign_in_again(next_url)


@blueprint.post("/login/code")
def enter_code() -> ResponseReturnValue:
    """Begin the session of whoever has entered the password before, at most ten minutes ago."""
    next_url = safe_next(read_fields("next")[0]["next"])
    pending = services().pending_sign_ins.find(_PENDING.get())
    if pending is None:
        return _sign_in_again(next_url)
    user = pending.user
    try:
        details = check_second_factor("sign-in", user)
        with access_db.write_transaction():
            if not services().pending_sign_ins.delete(_PENDING.get()):  # an admin has signed the user out meanwhile
                return _sign_in_again(next_url)
            response = begin_session(user, next_url, SignInMethod(pending.origin), **details)
    except ValidationError as error:
        return _code_page(next_url, 400, error.errors)
    except (Unauthorized, TooManyRequests) as error:
        return _code_page(next_url, error.code, {"form": error.description}, retry_after(error))
    _PENDING.delete(response)
    if request.form.get("remember") and (token := services().remembered_browsers.create(user)):
        _REMEMBERED.set(response, token, REMEMBERED_SECONDS)
    return response


@blueprint.post("/logout")
def sign_out() -> ResponseReturnValue:
    """End this session, or all sessions of the user."""
    everywhere = bool(request.form.get("everywhere"))
    with access_db.write_transaction():
        if everywhere:
            end_user_sessions(visitor().id)
        else:
            end_session(visitor().session)
        record_event("sign-out", everywhere=everywhere)
    response = redirect("/login?out=1" if visitor().by_provider else "/login", 303)
    SESSION.delete(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # "Back" must not show a page from the cache
    return response


def check_password(event: str, email: str, password: str) -> User:
    """Return the user with this password. Raises Unauthorized and TooManyRequests.

    A failure is recorded with the account's email, never with what was typed: that may be a password. Of failures
    without an account only the first from an address is recorded: their number has no limit.
    """
    account, address = find_user(email), request.remote_addr or ""
    who = account.email if account else ""
    try:
        user = authenticate(email, password, address, _known_browser(account))
    except TooManyAttempts as error:
        if error.is_first:
            record_event(event, REFUSED, who=who, why="too many attempts")
        raise too_many_requests(error) from None
    if user and event == "sign-in" and not _may_use_password(user):
        record_event(event, FAILED, who=who, why="passwords are for admins")
        raise Unauthorized(_WRONG_CREDENTIALS)  # as if it were wrong: it may be a guess
    if user is None:
        reason = sign_in_blocked_reason(account) or "wrong password" if account else "no such account"
        if account or is_first_from_site(address):
            record_event(event, FAILED, who=who, why=reason)
        raise Unauthorized(_WRONG_CREDENTIALS)
    return user


def _may_use_password(user: User) -> bool:
    permissions = permissions_of(user.role, user.reseller, bool(user.may_see_costs))
    return services().settings.local_sign_in == "yes" or Permission.MANAGE_USERS in permissions


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
        kind = services().second_factors.authenticate(user, code, recovery_code, address, _known_browser(user))
    except TooManyAttempts as error:
        if error.is_first:
            record_event(event, REFUSED, who=user.email, why="too many codes")
        raise too_many_requests(error) from None
    if not kind:
        record_event(event, FAILED, who=user.email, why="wrong code" if code else "wrong recovery code")
        raise Unauthorized(_WRONG_CODE if code else "This recovery code is wrong, or was used already.")
    if kind == "code":
        return {"second_factor": kind}
    return {"second_factor": kind, "recovery_codes_left": count_recovery_codes(user.id)}


def continue_sign_in(user: User, next_url: str, method: SignInMethod = SignInMethod.PASSWORD) -> Response:
    """Ask for the second factor of a user who has entered the password, or begin the session where there is none.

    Likewise for one who comes from the provider, as `method` says, without a second factor there. A browser that is
    remembered isn't asked. Raises Unauthorized.
    """
    with access_db.write_transaction():
        if not find_second_factor(user.id):
            return begin_session(user, next_url, method)
        remembered = services().remembered_browsers.find(_REMEMBERED.get())
        if remembered and remembered.user == user:
            return begin_session(user, next_url, method, second_factor="remembered browser")
        token = services().pending_sign_ins.create(user, method)
        if token is None:
            raise Unauthorized(_WRONG_CREDENTIALS)
        record_event("sign-in", BEGUN, who=user.email)
    response = redirect(with_next("/login/code", next_url), 303)
    _PENDING.set(response, token, PENDING_SECONDS)
    return response


def begin_session(user: User, next_url: str, method: SignInMethod, **details: Any) -> Response:
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
            raise Unauthorized(_WRONG_CREDENTIALS)
        record_event("sign-in", who=user.email, **details)
    response = redirect(next_url, 303)
    SESSION.set(response, token)
    # The cookie outlives the session, and signs nobody in.
    _KNOWN_BROWSER.set(response, services().known_browsers.create(user), known_browsers.LIFETIME)
    return response


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


def _known_browser(user: User | None) -> str:
    """Return the name of the browser that sends the request if `user` has signed in there before, else ""."""
    return services().known_browsers.find(_KNOWN_BROWSER.get(), user)


def sign_in_page(
    next_url: str = HOME,
    status: int = 200,
    email: str = "",
    errors: Mapping[str, str] = {},
    headers: Mapping[str, str] = {},
) -> ResponseReturnValue:
    set_error_reason(*errors.values())
    return render_template("account/sign_in.html", next=next_url, email=email, errors=errors), status, headers


def _sign_in_again(next_url: str) -> Response:
    return redirect(f"/login?{urlencode({'late': 1, 'next': next_url})}", 303)


def _code_page(
    next_url: str, status: int = 200, errors: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
) -> ResponseReturnValue:
    set_error_reason(*errors.values())
    context = {"next": next_url, "errors": errors, "remembered_days": REMEMBERED_SECONDS // (24 * 60 * 60)}
    return render_template("account/code.html", **context), status, headers
