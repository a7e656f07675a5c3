"""Add and revoke one's tokens, from the account page."""

from datetime import date

from flask import Blueprint, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.auth.tokens import revoke_token
from app.validation import ValidationError
from app.web.account import account_page
from app.web.audit import audit_actor
from app.web.errors import error_response
from app.web.fields import read_fields
from app.web.security import visitor
from app.web.services import services
from models import User

blueprint = Blueprint("tokens", __name__, url_prefix="/account/tokens")


@blueprint.post("")
def add() -> ResponseReturnValue:
    """Add a token, and show it this once."""
    values, too_long = read_fields("name", "last_day")
    if too_long:
        return account_page(400, too_long)
    try:
        last_day = _parse_day(values["last_day"])
        token = services().tokens.add(
            audit_actor(), visitor(), values["name"], last_day, may_import=bool(request.form.get("import"))
        )
    except ValidationError as error:
        return account_page(400, error.errors)
    return render_template("account/token.html", name=values["name"].strip(), token=token, last_day=last_day)


@blueprint.post("/<id:token>/revoke")
def revoke(token: int) -> ResponseReturnValue:
    """End one of the visitor's tokens at once."""
    if not revoke_token(audit_actor(), User.get_by_id(visitor().id), token):
        abort(error_response(404, f"You have no token “{token}”.", home="/account"))
    return redirect("/account?done=token", 303)


def _parse_day(text: str) -> date | None:
    """Return the day, None for an empty text. Raises ValidationError."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValidationError({"last_day": f"“{text}” is not a date such as 2026-11-22."}) from None
