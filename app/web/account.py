"""Sign in, sign out, and the account page where users change their own password and end their sessions."""

from collections.abc import Mapping

from flask import Blueprint, abort, g, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests, Unauthorized

from app.auth.permissions import Permission, is_granted
from app.auth.second_factor import count_recovery_codes, find_second_factor
from app.auth.sessions import LOCAL, end_session, end_user_sessions
from app.auth.throttle import TooManyAttempts, is_first_from_site
from app.auth.tokens import latest_last_day, list_tokens
from app.auth.users import ValidationError, authenticate, choose_password, find_user, login_blocked_reason
from app.web.audit import audit_actor, record_event
from app.web.errors import error_response
from app.web.fields import read_fields
from app.web.guessing import known_browser, site_words
from app.web.redirects import HOME, safe_next
from app.web.request_log import set_error_reason
from app.web.security import (
    SESSION,
    delete_cookie,
    local_sign_in,
    second_factors,
    sessions,
    set_cookie,
    visitor,
)
from app.web.sign_in import (
    WRONG_CREDENTIALS,
    begin_session,
    check_second_factor,
    continue_sign_in,
    retry_after,
    too_many_requests,
)
from models import Session, User, access_db, today
from models.audit import FAILED, REFUSED

blueprint = Blueprint("account", __name__)


@blueprint.get("/login")
def sign_in_form() -> ResponseReturnValue:
    """Show the form; redirect who is signed in already."""
    next_url = safe_next(request.args.get("next", ""))
    return redirect(next_url, 303) if g.visitor else sign_in_page(next_url)


@blueprint.post("/login")
def sign_in() -> ResponseReturnValue:
    if local_sign_in() == "no":
        return sign_in_page(errors={"form": "Nobody signs in with a password here."}, status=403)
    values, too_long = read_fields("email", "password", "next")
    email, password, next_url = values["email"].strip(), values["password"], safe_next(values["next"])
    missing = {key: f"Enter your {key}." for key, value in (("email", email), ("password", password)) if not value}
    if missing:
        return sign_in_page(next_url, 400, email, missing | too_long)
    try:
        return continue_sign_in(_authenticate("sign-in", email, password), next_url)
    except (Unauthorized, TooManyRequests) as error:
        return sign_in_page(next_url, error.code, email, {"form": error.description}, retry_after(error))


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
    response = redirect("/login" if visitor().origin == LOCAL else "/login?out=1", 303)
    delete_cookie(response, SESSION)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'  # "Back" must not show a page from the cache
    return response


@blueprint.get("/account")
def show() -> ResponseReturnValue:
    return account_page()


@blueprint.post("/account")
def change_password() -> ResponseReturnValue:
    """Change the visitor's password, end all their sessions, and start a new one here."""
    values, too_long = read_fields("current", "password")
    if too_long:
        return account_page(400, too_long)
    current, password = values["current"], values["password"]
    try:
        user = _authenticate("password", visitor().email, current)
        if password == current:
            return account_page(400, {"password": "This is your present password; choose another."})
        choose_password(audit_actor(), user, password, site_words())
        return begin_session(User.get_by_id(user.id), "/account?done=password", visitor().origin)
    except ValidationError as error:
        return account_page(400, error.errors)
    except Unauthorized:
        return account_page(401, {"current": "This is not your present password."})
    except TooManyRequests as error:
        return account_page(429, {"current": error.description}, retry_after(error))


@blueprint.post("/account/sessions/<int(max=999999999):number>/end")
def end_session_of_mine(number: int) -> ResponseReturnValue:
    """End one of the visitor's sessions."""
    session: Session | None = Session.get_or_none(Session.id == number, Session.user == visitor().id)
    if session is None:
        abort(error_response(404, f"You have no session “{number}”.", home="/account"))
    with access_db.write_transaction():
        end_session(str(session.token_hash))
        record_event("session ended", about=visitor().email, browser=session.browser)
    return redirect("/account?done=session", 303)


@blueprint.post("/account/sessions/others/end")
def end_other_sessions() -> ResponseReturnValue:
    """End the visitor's sessions in all other browsers, and remember none of these."""
    with access_db.write_transaction():
        end_user_sessions(visitor().id, keep=visitor().session)
        record_event("session ended", about=visitor().email, browser="all others")
    return redirect("/account?done=others", 303)


@blueprint.get("/account/confirm")
def confirm_form() -> ResponseReturnValue:
    """Ask for the password or a code again; redirect who entered it lately."""
    next_url = safe_next(request.args.get("next", ""))
    return redirect(next_url, 303) if visitor().recently_confirmed else confirm_page(next_url)


@blueprint.post("/account/confirm")
def confirm() -> ResponseReturnValue:
    """Note that it is still the visitor who sits there, give the session a new token, and go on."""
    values, too_long = read_fields("password", "next")
    next_url, password = safe_next(values["next"]), values["password"]
    if too_long:
        return confirm_page(next_url, 400, too_long)
    try:
        if password:
            _authenticate("confirmation", visitor().email, password)
        else:
            check_second_factor("confirmation", User.get_by_id(visitor().id))
    except ValidationError as error:
        return confirm_page(next_url, 400, error.errors)
    except Unauthorized:
        return confirm_page(next_url, 401, {"form": "This is wrong, or a code that was used already."})
    except TooManyRequests as error:
        return confirm_page(next_url, 429, {"form": error.description}, retry_after(error))
    with access_db.write_transaction():
        token = sessions().confirm(visitor().session)
        record_event("confirmation")
    response = redirect(next_url, 303)
    set_cookie(response, SESSION, token)
    return response


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
        raise too_many_requests(error) from None
    if user and event == "sign-in" and not _may_use_password(user):
        record_event(event, FAILED, who=who, why="passwords are for admins")
        raise Unauthorized(WRONG_CREDENTIALS)  # as if it were wrong: it may be a guess
    if user is None:
        reason = login_blocked_reason(account) or "wrong password" if account else "no such account"
        if account or is_first_from_site(address):
            record_event(event, FAILED, who=who, why=reason)
        raise Unauthorized(WRONG_CREDENTIALS)
    return user


def _may_use_password(user: User) -> bool:
    is_admin = is_granted(Permission.MANAGE_USERS, user.role, user.reseller)
    return local_sign_in() == "yes" or is_admin


def sign_in_page(
    next_url: str = HOME,
    status: int = 200,
    email: str = "",
    errors: Mapping[str, str] = {},
    headers: Mapping[str, str] = {},
) -> ResponseReturnValue:
    set_error_reason(*errors.values())
    return render_template("account/sign_in.html", next=next_url, email=email, errors=errors), status, headers


def account_page(
    status: int = 200, errors: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
) -> ResponseReturnValue:
    if errors:
        set_error_reason(f"Not accepted: {', '.join(errors)}")  # its sentence would tell the length of the password
    factor = find_second_factor(visitor().id)
    context = {
        "errors": errors,
        "done": request.args.get("done"),
        "sessions": sorted(sessions().list_of(visitor().id), key=lambda each: each.token_hash != visitor().session),
        "factor": factor,
        "codes_left": count_recovery_codes(visitor().id) if factor else 0,
        "is_required": second_factors().is_required(visitor().role),
        "tokens": list_tokens(visitor().id),
        "values": read_fields("name", "last_day", "import")[0],
        "today": today(),
        "latest_last_day": latest_last_day(today()),
    }
    return render_template("account/account.html", **context), status, headers


def confirm_page(
    next_url: str, status: int = 200, errors: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
) -> ResponseReturnValue:
    set_error_reason(*errors.values())
    return render_template("account/confirm.html", next=next_url, errors=errors), status, headers
