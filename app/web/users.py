"""The Users pages: list, add, change and disable accounts, replace passwords, end sessions."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.auth import tokens, users
from app.auth.oidc.identities import allow_provider, find_identity, forbid_provider
from app.auth.permissions import ROLES, Permission, roles_with
from app.auth.second_factor import find_second_factor, reset_second_factor, users_with_second_factor
from app.auth.users import validate_user
from app.validation import ValidationError
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.fields import read_fields
from app.web.request_log import set_error_reason
from app.web.security import visitor
from app.web.services import services
from models import NONE_ID, Reseller, User, reports_db, today
from models.audit import AuditActor

MAX_SUGGESTIONS = 300  # names of resellers that the form suggests; of more, it suggests none

# Actions of the buttons on a user's page, by the last part of their address. Only "password" returns a password.
ACTIONS: Mapping[str, Callable[[AuditActor, User], str | None]] = {
    "disable": users.disable_user,
    "enable": users.enable_user,
    "end": users.sign_out_user,
    "factor": reset_second_factor,
    "allow": allow_provider,
    "forbid": forbid_provider,
    "password": users.reset_password,
}
# Messages on a user's page after a change, by the value of `done` in its address.
MESSAGES: Mapping[str, str] = {
    "change": "Saved. The change applies to their next request.",
    "disable": "This person can't sign in any more.",
    "enable": "This person can sign in again.",
    "end": "This person is signed out everywhere.",
    "allow": "This person can sign in through the provider with this email.",
    "forbid": "This person can't sign in through the provider any more, and is signed out everywhere.",
    "token": "That token is not valid any more.",
    "factor": "This person has no second factor any more, and is signed out everywhere.",
}
_USER = "<id:number>"
_FORM = ("email", "role", "audience", "reseller", "costs")

blueprint = Blueprint("users", __name__, url_prefix="/users")


@blueprint.get("")
def list_users() -> ResponseReturnValue:
    return _users_page()


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Add a user, and show the temporary password on the user's page."""
    email = read_fields("email")[0]["email"].strip()
    try:
        role, reseller, costs = _submitted_rights(email)
        password = users.add_user(audit_actor(), email, role, reseller, may_see_costs=costs)
    except ValidationError as error:
        return _users_page(400, error.errors)
    return _user_page(User.get(User.email == email), password=password)


@blueprint.get(f"/{_USER}")
def show(number: int) -> ResponseReturnValue:
    return _user_page(_user_or_404(number), message=MESSAGES.get(request.args.get("done", ""), ""))


@blueprint.post(f"/{_USER}")
def change(number: int) -> ResponseReturnValue:
    """Change a user's role, reseller and right to see costs."""
    user = _user_or_404(number)
    try:
        users.change_user(audit_actor(), user, *_submitted_rights())
    except ValidationError as error:
        return _user_page(user, 400, error.errors)
    is_self = user.id == visitor().id  # who may have lost the permission to see this page
    return redirect("/account" if is_self else f"/users/{number}?done=change", 303)


@blueprint.post(f"/{_USER}/<any({', '.join(ACTIONS)}):action>")
def act(number: int, action: str) -> ResponseReturnValue:
    """Do what a button on a user's page says."""
    user = _user_or_404(number)
    try:
        password = ACTIONS[action](audit_actor(), user)
    except ValidationError as error:
        return _user_page(user, 400, {"action": str(error)})
    if password:
        return _user_page(_user_or_404(number), password=password)
    return redirect(f"/users/{number}?done={action}", 303)


@blueprint.post(f"/{_USER}/tokens/<id:token>/revoke")
def revoke_token(number: int, token: int) -> ResponseReturnValue:
    """Revoke a token of a user."""
    if not tokens.revoke_token(audit_actor(), _user_or_404(number), token):
        abort(error_response(404, f"This person has no token “{token}”.", home=f"/users/{number}"))
    return redirect(f"/users/{number}?done=token", 303)


def _user_or_404(number: int) -> User:
    user: User | None = User.get_or_none(User.id == number)
    if user is None:
        abort(error_response(404, f"There is no user “{number}”.", home="/users"))
    return user


def _submitted_rights(email: str | None = None) -> tuple[str, str | None, bool]:
    """Return the role, the reseller, None for the whole partner, and whether costs are ticked. Raises ValidationError.

    The error includes those of the role and, for a new user, of the email: a person sees all of them at once.
    """
    values, too_long = read_fields(*_FORM)
    if too_long:
        raise ValidationError(too_long)
    role, audience, reseller, costs = (values[key] for key in ("role", "audience", "reseller", "costs"))
    if costs not in ("", "yes"):
        raise ValidationError({"costs": f"“{costs}” is neither “yes”, the value of a tick, nor nothing."})
    if audience == "reseller":
        return role, reseller, bool(costs)
    errors = {} if audience == "partner" else {"audience": "Choose whose customers this person sees."}
    if audience and reseller:
        errors["reseller"] = "Choose “One reseller”, or leave this empty."
    if errors:
        raise ValidationError(validate_user(role, None, email) | errors)
    return role, None, bool(costs)


def _users_page(status: int = 200, errors: Mapping[str, str] = {}) -> ResponseReturnValue:
    context = {
        "users": User.select().order_by(User.email_key),
        "sessions": services().sessions.activity_by_user(),
        "have_factor": users_with_second_factor(),
        "token_counts": tokens.count_tokens(),
    }
    return render_template("users/users.html", **context, **_form_context(errors)), status


def _user_page(
    user: User, status: int = 200, errors: Mapping[str, str] = {}, message: str = "", password: str = ""
) -> ResponseReturnValue:
    count, seen = services().sessions.activity_by_user().get(user.id, (0, ""))
    context = {
        "user": user,
        "message": message,
        "password": password,
        "session_count": count,
        "last_seen": seen,
        "tokens": tokens.list_tokens(user.id),
        "today": today(),
        "factor": find_second_factor(user.id),
        "needs_factor": services().second_factors.is_required(user.role),
    }
    if provider := services().provider:
        context["identity"] = find_identity(user.id, provider.issuer)
    return render_template("users/user.html", **context, **_form_context(errors, user)), status


def _form_context(errors: Mapping[str, str], user: User | None = None) -> dict[str, Any]:
    """Template context of the form: its choices, its values, as sent or else as the user has them, and its errors."""
    set_error_reason(*errors.values())
    names = Reseller.select(Reseller.name).where(Reseller.id != NONE_ID).order_by(Reseller.name_key)
    resellers = [name for (name,) in reports_db.execute(names.limit(MAX_SUGGESTIONS + 1))]
    audience = "reseller" if user and user.reseller else "partner"
    values = {"role": user.role, "audience": audience, "reseller": user.reseller} if user else {}
    values["costs"] = "yes" if user is None or user.may_see_costs else ""
    return {
        "roles": ROLES.values(),
        "user_managers": " or ".join(role.noun for role in roles_with(Permission.MANAGE_USERS)),
        "resellers": resellers if len(resellers) <= MAX_SUGGESTIONS else [],
        "values": read_fields(*_FORM)[0] if request.form else values,
        "errors": errors,
    }
