"""Users: for admins of the whole partner."""

from typing import Any

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request

from app.auth import users
from app.auth.permissions import ROLES, Permission, roles_with
from app.auth.users import reset_password
from app.auth.validation import ValidationError, validate_user
from app.web.actions import Action
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.security import sessions, visitor
from models import NONE_ID, Reseller, User, reports_db

MAX_SUGGESTIONS = 300
"""Names of resellers that are suggested; of more, none are."""

_NUMBER = "<int(max=999999999):number>"


ACTIONS: dict[str, Action[User]] = {
    "disable": Action(users.disable_user, "This person can't sign in any more."),
    "enable": Action(users.enable_user, "This person can sign in again."),
    "end": Action(users.sign_out_user, "This person is signed out everywhere."),
    "password": Action(reset_password, ""),
}
CHANGED_MESSAGE = "Saved. It holds from their next click on."

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("")
def list_users() -> Response:
    return _users_page()


@blueprint.post("")
def add() -> Response:
    email = request.form.get("email", "").strip()
    try:
        role, reseller = _submitted_rights(email)
        secret = users.add_user(audit_actor(), email, role, reseller)
    except ValidationError as wrong:
        return _users_page(400, wrong.errors)
    return _user_page(User.get(User.email == email), secret=secret)


@blueprint.get(f"/{_NUMBER}")
def show(number: int) -> Response:
    done = request.args.get("done", "")
    return _user_page(
        _user_or_404(number),
        done=CHANGED_MESSAGE if done == "change" else ACTIONS[done].done if done in ACTIONS else "",
    )


@blueprint.post(f"/{_NUMBER}")
def change(number: int) -> Response:
    user = _user_or_404(number)
    try:
        role, reseller = _submitted_rights()
        users.change_user(audit_actor(), user, role, reseller)
    except ValidationError as wrong:
        return _user_page(user, 400, wrong.errors)
    mine = user.id == visitor().id  # and may be gone with it
    return make_response(redirect("/account" if mine else f"/users/{number}?done=change", 303))


@blueprint.post(f"/{_NUMBER}/<any({', '.join(ACTIONS)}):name>")
def act(number: int, name: str) -> Response:
    user, action = _user_or_404(number), ACTIONS[name]
    try:
        result = action.run(audit_actor(), user)
    except ValidationError as wrong:
        return _user_page(user, 400, {"action": str(wrong)})
    if name == "password":
        return _user_page(_user_or_404(number), secret=str(result))
    return make_response(redirect(f"/users/{number}?done={name}", 303))


def _user_or_404(number: int) -> User:
    """The user with this number; the request ends with a 404 when there is none."""
    found: User | None = User.get_or_none(User.id == number)
    if found is None:
        abort(error_response(404, f"There is no user “{number}”.", home="/users"))
    return found


def _submitted_rights(email: str | None = None) -> tuple[str, str | None]:
    """The role and the reseller that the form asks for. Raises Unacceptable when it doesn't say whose customers."""
    role, reach, reseller = (request.form.get(key, "") for key in ("role", "reach", "reseller"))
    if reach == "reseller":
        return role, reseller
    errors = {} if reach == "partner" else {"reach": "Choose whose customers this person sees."}
    if reach and reseller:
        errors["reseller"] = "Choose “One reseller”, or leave this empty."
    if errors:
        raise ValidationError(validate_user(role, None, email) | errors)
    return role, None


def _users_page(status: int = 200, errors: dict[str, str] | None = None) -> Response:
    users = User.select().order_by(User.email_key)
    shown = {"users": users, "sessions": sessions().active_counts(), **_form_context(errors)}
    return make_response(render_template("users/users.html", **shown), status)


def _user_page(user: User, status: int = 200, errors: dict[str, str] | None = None, **told: str) -> Response:
    count, seen = sessions().active_counts().get(user.id, (0, ""))
    shown = {"user": user, "count": count, "seen": seen, **told, **_form_context(errors, user)}
    return make_response(render_template("users/user.html", **shown), status)


def _form_context(errors: dict[str, str] | None, user: User | None = None) -> dict[str, Any]:
    """What the form offers, and what stands in it: what was sent, if something was."""
    names = Reseller.select(Reseller.name).where(Reseller.id != NONE_ID).order_by(Reseller.name_key)
    resellers = [name for (name,) in reports_db.execute(names.limit(MAX_SUGGESTIONS + 1))]
    offered = resellers if len(resellers) <= MAX_SUGGESTIONS else []
    return {
        "roles": ROLES.values(),
        "user_managers": " or ".join(role.noun for role in roles_with(Permission.MANAGE_USERS)),
        "resellers": offered,
        "values": request.form or _stored_values(user),
        "errors": errors or {},
    }


def _stored_values(user: User | None) -> dict[str, str | None]:
    if user is None:
        return {}
    return {"role": user.role, "reach": "reseller" if user.reseller else "partner", "reseller": user.reseller}
