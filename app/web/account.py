"""Sign in, sign out, and the account page where users change their own password."""

from collections.abc import Mapping

from flask import Blueprint, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests, Unauthorized

from app.auth.sessions import end_session, end_user_sessions
from app.auth.throttle import WINDOW, TooManyAttempts, is_first_from_site
from app.auth.users import ValidationError, authenticate, choose_password, find_user, login_blocked_reason
from app.web.audit import audit_actor, record_event
from app.web.fields import read_fields
from app.web.guessing import known_browser, set_known_browser_cookie, site_words
from app.web.redirects import safe_next
from app.web.request_log import set_error_reason
from app.web.security import SESSION, delete_cookie, sessions, set_cookie, visitor
from models import User, access_db
from models.audit import FAILED, REFUSED

WRONG_CREDENTIALS = "The email or the password is wrong."

blueprint = Blueprint("account", __name__)


@blueprint.get("/login")
def sign_in_form() -> ResponseReturnValue:
    """Show the form; redirect who is signed in already."""
    next_url = safe_next(request.args.get("next", ""))
    return redirect(next_url, 303) if g.visitor else _sign_in_page(next_url)


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    values, too_long = read_fields("email", "password", "next")
    email, password, next_url = values["email"].strip(), values["password"], safe_next(values["next"])
    missing = {key: f"Enter your {key}." for key, value in (("email", email), ("password", password)) if not value}
    if missing:
        return _sign_in_page(next_url, 400, email, missing | too_long)
    try:
        return _start_session(_authenticate("sign-in", email, password), next_url)
    except (Unauthorized, TooManyRequests) as error:
        return _sign_in_page(next_url, error.code, email, {"form": error.description}, _retry_after(error))


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
    response = redirect("/login", 303)
    delete_cookie(response, SESSION)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # "Back" must not show a page from the cache
    return response


@blueprint.get("/account")
def show() -> ResponseReturnValue:
    return _account_page()


@blueprint.post("/account")
def change_password() -> ResponseReturnValue:
    """Change the visitor's password, end all their sessions, and start a new one here."""
    values, too_long = read_fields("current", "password")
    if too_long:
        return _account_page(400, too_long)
    current, password = values["current"], values["password"]
    try:
        user = _authenticate("password", visitor().email, current)
        if password == current:
            return _account_page(400, {"password": "This is your present password; choose another."})
        choose_password(audit_actor(), user, password, site_words())
        return _start_session(User.get_by_id(user.id), "/account?done=password")
    except ValidationError as error:
        return _account_page(400, error.errors)
    except Unauthorized:
        return _account_page(401, {"current": "This is not your present password."})
    except TooManyRequests as error:
        return _account_page(429, {"current": error.description}, _retry_after(error))


def _authenticate(event: str, email: str, password: str) -> User:
    """Return the user with this password. Raises Unauthorized and TooManyRequests.

    A failure is recorded with the account's email, never with what was typed: that may be a password. Of failures
    without an account only the first from an address is recorded: their number has no limit.
    """
    account, address = find_user(email), request.remote_addr or ""
    who = account.email if account else ""
    try:
        user = authenticate(email, password, address, known_browser(account))
    except TooManyAttempts as error:
        if error.first:
            record_event(event, REFUSED, who=who, why="too many attempts")
        raise TooManyRequests(_describe_wait(error.wait), retry_after=error.wait) from None
    if user is None:
        reason = login_blocked_reason(account) or "wrong password" if account else "no such account"
        if account or is_first_from_site(address):
            record_event(event, FAILED, who=who, why=reason)
        raise Unauthorized(WRONG_CREDENTIALS)
    return user


def _start_session(user: User, next_url: str) -> ResponseReturnValue:
    """Replace this browser's session with a new one, and redirect. Raises Unauthorized."""
    with access_db.write_transaction():
        if g.visitor:
            end_session(g.visitor.session)
        token = sessions().create(user)
        if token is None:
            raise Unauthorized(WRONG_CREDENTIALS)
        record_event("sign-in", who=user.email)
    response = redirect(next_url, 303)
    set_cookie(response, SESSION, token)
    set_known_browser_cookie(response, user)
    return response


def _describe_wait(seconds: int) -> str:
    if seconds >= WINDOW:
        return f"Too many attempts have failed. Try again in {WINDOW // 60} minutes."
    unit = "second" if seconds == 1 else "seconds"
    where = "or in a browser in which you have signed in before"
    return f"Too many attempts at this account have failed. Try again in {seconds} {unit}, {where}."


def _retry_after(error: Unauthorized | TooManyRequests) -> dict[str, str]:
    return {"Retry-After": str(error.retry_after)} if isinstance(error, TooManyRequests) else {}


def _sign_in_page(
    next_url: str,
    status: int = 200,
    email: str = "",
    errors: Mapping[str, str] = {},
    headers: Mapping[str, str] = {},
) -> ResponseReturnValue:
    set_error_reason(*errors.values())
    return render_template("account/sign_in.html", next=next_url, email=email, errors=errors), status, headers


def _account_page(
    status: int = 200, errors: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
) -> ResponseReturnValue:
    if errors:
        set_error_reason(f"Not accepted: {', '.join(errors)}")  # its sentence would tell the length of the password
    changed = request.args.get("done") == "password"
    return render_template("account/account.html", errors=errors, password_changed=changed), status, headers
