"""Users: for admins of the whole partner."""

from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from app.access import accounts
from app.access.credentials import replace_password
from app.access.faults import Unacceptable, faults
from app.web.actions import Action
from app.web.errors import problem
from app.web.gate import sessions, visitor
from app.web.trail import asking
from models import NONE, ROLES, Reseller, User, database

LONGEST_LIST = 300
"""Names of resellers that are suggested; of more, none are."""

_NUMBER = "<int(max=999999999):number>"


ACTIONS: dict[str, Action[User]] = {
    "disable": Action(accounts.disable, "This person can't sign in any more."),
    "enable": Action(accounts.enable, "This person can sign in again."),
    "end": Action(accounts.sign_out, "This person is signed out everywhere."),
    "password": Action(replace_password, ""),
}
CHANGED = "Saved. It holds from their next click on."

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("")
def everybody() -> Response:
    return _everybody()


@blueprint.post("")
def add() -> Response:
    email = request.form.get("email", "").strip()
    try:
        role, reseller = _wanted(email)
        secret = accounts.add(asking(), email, role, reseller)
    except Unacceptable as wrong:
        return _everybody(400, wrong.errors)
    return _one(User.get(User.email == email), secret=secret)


@blueprint.get(f"/{_NUMBER}")
def show(number: int) -> Response:
    done = request.args.get("done", "")
    return _one(_user(number), done=CHANGED if done == "change" else ACTIONS[done].done if done in ACTIONS else "")


@blueprint.post(f"/{_NUMBER}")
def change(number: int) -> Response:
    user = _user(number)
    try:
        role, reseller = _wanted()
        accounts.change(asking(), user, role, reseller)
    except Unacceptable as wrong:
        return _one(user, 400, wrong.errors)
    mine = user.id == visitor().id  # and may be gone with it
    return make_response(redirect("/account" if mine else f"/users/{number}?done=change", 303))


@blueprint.post(f"/{_NUMBER}/<any({', '.join(ACTIONS)}):name>")
def act(number: int, name: str) -> Response:
    user, action = _user(number), ACTIONS[name]
    try:
        result = action.run(asking(), user)
    except Unacceptable as wrong:
        return _one(user, 400, {"action": str(wrong)})
    if name == "password":
        return _one(_user(number), secret=str(result))
    return make_response(redirect(f"/users/{number}?done={name}", 303))


def _user(number: int) -> User:
    """The user with this number; the request ends with a 404 when there is none."""
    found: User | None = User.get_or_none(User.id == number)
    if found is None:
        abort(problem(404, f"There is no user “{number}”.", home="/users"))
    return found


def _wanted(email: str | None = None) -> tuple[str, str | None]:
    """The role and the reseller that the form asks for. Raises Unacceptable when it doesn't say whose customers."""
    role, reach, reseller = (request.form.get(key, "") for key in ("role", "reach", "reseller"))
    if reach == "reseller":
        return role, reseller
    errors = {} if reach == "partner" else {"reach": "Choose whose customers this person sees."}
    if reach and reseller:
        errors["reseller"] = "Choose “One reseller”, or leave this empty."
    if errors:
        raise Unacceptable(faults(role, None, email) | errors)
    return role, None


def _everybody(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    users = User.select().order_by(User.email_key)
    shown = {"users": users, "sessions": sessions().counted(), **_choices(errors)}
    return make_response(render_template("access/users.html", **shown), status)


def _one(user: User, status: int = 200, errors: dict[str, str] | None = None, **told: str) -> Response:
    count, seen = sessions().counted().get(user.id, (0, ""))
    shown = {"user": user, "count": count, "seen": seen, **told, **_choices(errors, user)}
    return make_response(render_template("access/user.html", **shown), status)


def _choices(errors: dict[str, str] | None, user: User | None = None) -> dict[str, Any]:
    """What the form offers, and what stands in it: what was sent, if something was."""
    names = Reseller.select(Reseller.name).where(Reseller.id != NONE).order_by(Reseller.name_key)
    resellers = [name for (name,) in database.execute(names.limit(LONGEST_LIST + 1))]
    offered = resellers if len(resellers) <= LONGEST_LIST else []
    return {"roles": ROLES, "resellers": offered, "values": request.form or _kept(user), "errors": errors or {}}


def _kept(user: User | None) -> dict[str, str | None]:
    if user is None:
        return {}
    return {"role": user.role, "reach": "reseller" if user.reseller else "partner", "reseller": user.reseller}
