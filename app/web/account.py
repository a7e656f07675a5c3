"""Signing in and out, and one's own password."""

from http import HTTPStatus

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from app.auth.sessions import end_session, end_user_sessions
from app.auth.throttle import WINDOW, TooManyAttempts
from app.auth.users import authenticate, choose_password, login_blocked_reason
from app.auth.validation import ValidationError, find_user
from app.web import security
from app.web.audit import audit_actor, record_event
from app.web.redirects import safe_next
from app.web.security import sessions, visitor
from models import User, access_db, write_transaction
from models.audit import FAILED, REFUSED


class SignInRefused(Exception):
    """Somebody isn't let in. They are told `text`, with this HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


WRONG_CREDENTIALS = "The email or the password is wrong."

blueprint = Blueprint("account", __name__)


@blueprint.get("/login")
def sign_in_form() -> Response:
    onward = safe_next(request.args.get("next", ""))
    return make_response(redirect(onward, 303)) if g.visitor else _sign_in_page(onward)


@blueprint.post("/login")
def sign_in() -> Response:
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    onward = safe_next(request.form.get("next", ""))
    missing = {key: f"Enter your {key}." for key, value in (("email", email), ("password", password)) if not value}
    if missing:
        return _sign_in_page(onward, 400, email, missing)
    try:
        return _start_session(_authenticate("sign-in", email, password), onward)
    except SignInRefused as refused:
        return _sign_in_page(onward, refused.status, email, {"form": str(refused)})


@blueprint.post("/logout")
def sign_out() -> Response:
    everywhere = bool(request.form.get("everywhere"))
    with write_transaction(access_db):
        if everywhere:
            end_user_sessions(visitor().id)
        else:
            end_session(visitor().session)
        record_event("sign-out", everywhere=everywhere)
    response = make_response(redirect("/login", 303))
    security.delete_session_cookie(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.get("/account")
def show() -> Response:
    return _account_page()


@blueprint.post("/account")
def change_password() -> Response:
    current, password = request.form.get("current", ""), request.form.get("password", "")
    try:
        user = _authenticate("password", visitor().email, current)
        if password == current:
            return _account_page(400, {"password": "This is your present password; choose another."})
        choose_password(audit_actor(), user, password)
        return _start_session(User.get_by_id(user.id), "/account?done=password")
    except ValidationError as wrong:
        return _account_page(400, wrong.errors)
    except SignInRefused as refused:
        wrong_one = refused.status == HTTPStatus.UNAUTHORIZED
        told = "This is not your present password." if wrong_one else str(refused)
        return _account_page(refused.status, {"current": told})


def _authenticate(event: str, email: str, password: str) -> User:
    """The person with this password. Raises Refused.

    Whoever fails is noted, but not what they typed: it may be a password.
    """
    known = find_user(email)
    who = known.email if known else ""
    try:
        user = authenticate(email, password, request.remote_addr or "")
    except TooManyAttempts as many:
        if many.first:
            record_event(event, REFUSED, who=who, why="too many attempts")
        raise SignInRefused(429, f"Too many attempts have failed. Try again in {WINDOW // 60} minutes.") from None
    if user is None:
        record_event(
            event, FAILED, who=who, why=login_blocked_reason(known) or "wrong password" if known else "no such account"
        )
        raise SignInRefused(401, WRONG_CREDENTIALS)
    return user


def _start_session(user: User, onward: str) -> Response:
    """Lead a person on in a new session, which takes the place of the one that this browser has. Raises Refused."""
    with write_transaction(access_db):
        if g.visitor:
            end_session(g.visitor.session)
        token = sessions().create(user)
        if token is None:
            raise SignInRefused(401, WRONG_CREDENTIALS)
        record_event("sign-in", who=user.email)
    response = make_response(redirect(onward, 303))
    security.set_session_cookie(response, token)
    return response


def _sign_in_page(onward: str, status: int = 200, email: str = "", errors: dict[str, str] | None = None) -> Response:
    shown = {"next": onward, "email": email, "errors": errors or {}}
    response = make_response(render_template("account/sign_in.html", **shown), status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = str(WINDOW)
    return response


def _account_page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    shown = {"errors": errors or {}, "done": request.args.get("done")}
    return make_response(render_template("account/account.html", **shown), status)
