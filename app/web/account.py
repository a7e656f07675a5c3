"""Signing in and out, and one's own password."""

from http import HTTPStatus

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from app.access.credentials import checked, choose_password, unusable
from app.access.faults import Unacceptable, find
from app.access.sessions import end, end_all
from app.access.throttle import WINDOW, TooMany
from app.web import cookie
from app.web.gate import sessions, visitor
from app.web.trail import asking, note
from app.web.ways import own_path
from models import User, access, writing
from models.audit import FAILED, REFUSED


class Refused(Exception):
    """Somebody isn't let in. They are told `text`, with this HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


WRONG = "The email or the password is wrong."

blueprint = Blueprint("account", __name__)


@blueprint.get("/login")
def sign_in_form() -> Response:
    onward = own_path(request.args.get("next", ""))
    return make_response(redirect(onward, 303)) if g.visitor else _sign_in_page(onward)


@blueprint.post("/login")
def sign_in() -> Response:
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    onward = own_path(request.form.get("next", ""))
    missing = {key: f"Enter your {key}." for key, value in (("email", email), ("password", password)) if not value}
    if missing:
        return _sign_in_page(onward, 400, email, missing)
    try:
        return _entered(_checked("sign-in", email, password), onward)
    except Refused as refused:
        return _sign_in_page(onward, refused.status, email, {"form": str(refused)})


@blueprint.post("/logout")
def sign_out() -> Response:
    everywhere = bool(request.form.get("everywhere"))
    with writing(access):
        if everywhere:
            end_all(visitor().id)
        else:
            end(visitor().session)
        note("sign-out", everywhere=everywhere)
    response = make_response(redirect("/login", 303))
    cookie.take(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@blueprint.get("/account")
def show() -> Response:
    return _account_page()


@blueprint.post("/account")
def change_password() -> Response:
    current, password = request.form.get("current", ""), request.form.get("password", "")
    try:
        user = _checked("password", visitor().email, current)
        if password == current:
            return _account_page(400, {"password": "This is your present password; choose another."})
        choose_password(asking(), user, password)
        return _entered(User.get_by_id(user.id), "/account?done=password")
    except Unacceptable as wrong:
        return _account_page(400, wrong.errors)
    except Refused as refused:
        wrong_one = refused.status == HTTPStatus.UNAUTHORIZED
        told = "This is not your present password." if wrong_one else str(refused)
        return _account_page(refused.status, {"current": told})


def _checked(event: str, email: str, password: str) -> User:
    """The person with this password. Raises Refused.

    Whoever fails is noted, but not what they typed: it may be a password.
    """
    known = find(email)
    who = known.email if known else ""
    try:
        user = checked(email, password, request.remote_addr or "")
    except TooMany as many:
        if many.first:
            note(event, REFUSED, who=who, why="too many attempts")
        raise Refused(429, f"Too many attempts have failed. Try again in {WINDOW // 60} minutes.") from None
    if user is None:
        note(event, FAILED, who=who, why=unusable(known) or "wrong password" if known else "no such account")
        raise Refused(401, WRONG)
    return user


def _entered(user: User, onward: str) -> Response:
    """Lead a person on in a new session, which takes the place of the one that this browser has. Raises Refused."""
    with writing(access):
        if g.visitor:
            end(g.visitor.session)
        token = sessions().begin(user)
        if token is None:
            raise Refused(401, WRONG)
        note("sign-in", who=user.email)
    response = make_response(redirect(onward, 303))
    cookie.give(response, token)
    return response


def _sign_in_page(onward: str, status: int = 200, email: str = "", errors: dict[str, str] | None = None) -> Response:
    shown = {"next": onward, "email": email, "errors": errors or {}}
    response = make_response(render_template("access/sign_in.html", **shown), status)
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        response.headers["Retry-After"] = str(WINDOW)
    return response


def _account_page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    shown = {"errors": errors or {}, "done": request.args.get("done")}
    return make_response(render_template("access/account.html", **shown), status)
