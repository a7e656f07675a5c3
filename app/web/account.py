"""The account page, where people change their password, end their sessions and confirm that it is they."""

from collections.abc import Mapping

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import TooManyRequests, Unauthorized

from app.auth.passwords import MAX_LENGTH, MIN_LENGTH
from app.auth.second_factor import count_recovery_codes, find_second_factor
from app.auth.sessions import CONFIRMED_FOR, end_session, end_user_sessions
from app.auth.tokens import latest_last_day, list_tokens
from app.auth.users import choose_password
from app.validation import ValidationError
from app.web.audit import audit_actor, record_event
from app.web.cookies import SESSION
from app.web.errors import error_response
from app.web.fields import read_fields
from app.web.redirects import safe_next
from app.web.request_log import set_error_reason
from app.web.security import visitor
from app.web.services import services
from app.web.sign_in import begin_session, check_password, check_second_factor, retry_after
from models import Session, User, access_db, today

blueprint = Blueprint("account", __name__)


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
        user = check_password("password", visitor().email, current)
        if password == current:
            return account_page(400, {"password": "This is your present password; choose another."})
        choose_password(audit_actor(), user, password, services().installation_names)
        return begin_session(User.get_by_id(user.id), "/account?done=password", visitor().sign_in_method)
    except ValidationError as error:
        return account_page(400, error.errors)
    except Unauthorized:
        return account_page(401, {"current": "This is not your present password."})
    except TooManyRequests as error:
        return account_page(429, {"current": error.description}, retry_after(error))


@blueprint.post("/account/sessions/<id:number>/end")
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
            check_password("confirmation", visitor().email, password)
        else:
            check_second_factor("confirmation", User.get_by_id(visitor().id))
    except ValidationError as error:
        return confirm_page(next_url, 400, error.errors)
    except Unauthorized:
        return confirm_page(next_url, 401, {"form": "This is wrong, or a code that was used already."})
    except TooManyRequests as error:
        return confirm_page(next_url, 429, {"form": error.description}, retry_after(error))
    with access_db.write_transaction():
        token = services().sessions.confirm(visitor().session)
        record_event("confirmation")
    response = redirect(next_url, 303)
    SESSION.set(response, token)
    return response


def account_page(
    status: int = 200, errors: Mapping[str, str] = {}, headers: Mapping[str, str] = {}
) -> ResponseReturnValue:
    if errors:
        set_error_reason(f"Not accepted: {', '.join(errors)}")  # its sentence would tell the length of the password
    factor, own_sessions = find_second_factor(visitor().id), services().sessions.list_live(visitor().id)
    context = {
        "errors": errors,
        "password_lengths": (MIN_LENGTH, MAX_LENGTH),
        "done": request.args.get("done"),
        "sessions": sorted(own_sessions, key=lambda each: each.token_hash != visitor().session),  # this one first
        "factor": factor,
        "codes_left": count_recovery_codes(visitor().id) if factor else 0,
        "is_required": services().second_factors.is_required(visitor().role),
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
    context = {"next": next_url, "errors": errors, "confirmed_minutes": CONFIRMED_FOR // 60}
    return render_template("account/confirm.html", **context), status, headers
