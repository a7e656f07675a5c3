"""Signing in and out, and one's own password."""

from typing import NamedTuple

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from app.access import accounts
from app.access.accounts import Unacceptable
from app.access.sessions import end, end_all
from app.access.throttle import WINDOW, TooMany
from app.web import cookie
from app.web.gate import sessions, visitor
from app.web.trail import note
from app.web.ways import own_path
from models import User
from models.audit import FAILED, REFUSED


class Refusal(NamedTuple):
    status: int
    text: str


WRONG = Refusal(401, "The email or the password is wrong.")
TOO_MANY = Refusal(429, f"Too many attempts have failed. Try again in {WINDOW // 60} minutes.")

blueprint = Blueprint("account", __name__)


@blueprint.get("/login")
def sign_in_form() -> Response:
    return _sign_in_page(own_path(request.args.get("next", "")))


@blueprint.post("/login")
def sign_in() -> Response:
    email, password = request.form.get("email", "").strip(), request.form.get("password", "")
    onward = own_path(request.form.get("next", ""))
    missing = {key: f"Enter your {key}." for key, value in (("email", email), ("password", password)) if not value}
    if missing:
        return _sign_in_page(onward, 400, email, missing)
    user = _checked("sign-in", email, password)
    if isinstance(user, Refusal):
        return _sign_in_page(onward, user.status, email, {"form": user.text})
    if g.visitor:
        end(g.visitor.session)
    note("sign-in", who=user.email)
    return _entered(user, onward)


@blueprint.post("/logout")
def sign_out() -> Response:
    everywhere = bool(request.form.get("everywhere"))
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
    user = _checked("password", visitor().email, current)
    if isinstance(user, Refusal):
        text = "This is not your present password." if user is WRONG else user.text
        return _account_page(user.status, {"current": text})
    if password == current:
        return _account_page(400, {"password": "This is your present password; choose another."})
    try:
        accounts.set_password(user, password)
    except Unacceptable as wrong:
        return _account_page(400, wrong.errors)
    note("password", about=user.email)
    return _entered(user, "/account?done=password")


def _checked(event: str, email: str, password: str) -> User | Refusal:
    """The person with this password. Whoever fails is noted, but not what they typed: it may be a password."""
    known = accounts.find(email)
    who = known.email if known else ""
    try:
        user = accounts.checked(email, password, request.remote_addr or "")
    except TooMany as many:
        if many.first:
            note(event, REFUSED, who=who, why="too many attempts")
        return TOO_MANY
    if user is None:
        note(event, FAILED, who=who, why="wrong password" if known else "no such account")
        return WRONG
    return user


def _entered(user: User, onward: str) -> Response:
    response = make_response(redirect(onward, 303))
    cookie.give(response, sessions().begin(user))
    return response


def _sign_in_page(onward: str, status: int = 200, email: str = "", errors: dict[str, str] | None = None) -> Response:
    shown = {"next": onward, "email": email, "errors": errors or {}}
    response = make_response(render_template("access/sign_in.html", **shown), status)
    if status == TOO_MANY.status:
        response.headers["Retry-After"] = str(WINDOW)
    return response


def _account_page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    shown = {"errors": errors or {}, "done": request.args.get("done")}
    return make_response(render_template("access/account.html", **shown), status)
