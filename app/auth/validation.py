"""Validate the fields of an account, and find accounts by email."""

import re

from app.auth.permissions import ROLES
from models import NONE_ID, Reseller, User, fold

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_MAX_EMAIL_LENGTH = 254  # characters, RFC 5321


class ValidationError(ValueError):
    """Values that can't be stored. `errors` has a sentence for each field: email, role, reseller, password, name…"""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def find_user(email: str) -> User | None:
    user: User | None = User.get_or_none(User.email_key == email_key(email)) if email.isprintable() else None
    return user


def email_key(email: str) -> str:
    """The form in which emails are compared: case and surrounding spaces don't matter."""
    return email.strip().casefold()


def validate_user(role: str, reseller: str | None, email: str | None = None) -> dict[str, str]:
    """Return an error for each invalid field. Without `email`, as for an existing account, it is not validated."""
    errors = {
        "email": "" if email is None else _email_error(email),
        "role": _role_error(role),
        "reseller": "" if reseller is None else _reseller_error(reseller),
    }
    return {field: error for field, error in errors.items() if error}


def _email_error(email: str) -> str:
    if not email:
        return "Enter an email address"
    if not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > _MAX_EMAIL_LENGTH:
        return f"“{email}” is not an email address such as ann@partner.example"
    return f"“{email}” has an account already" if find_user(email) else ""


def _role_error(role: str) -> str:
    if not role:
        return "Choose a role"
    return "" if role in ROLES else f"“{role}” is not a role; choose {' or '.join(ROLES)}"


def _reseller_error(name: str) -> str:
    if not name:
        return "Enter the name of a reseller"
    if name != name.encode("utf-8", "ignore").decode():  # command line arguments may hold lone surrogates
        return f"“{name}” is not the name of a reseller"
    if Reseller.select().where(Reseller.name == name).exists():
        return ""
    similar = Reseller.get_or_none(Reseller.name_key == fold(name.strip()), Reseller.id != NONE_ID)
    return f"“{name}” is not the name of a reseller" + (f"; did you mean “{similar.name}”?" if similar else "")
