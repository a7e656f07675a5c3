"""What an account, and what people keep in it, can't have, and who has one."""

import re

from app.auth.permissions import ROLES
from models import NONE_ID, Reseller, User, fold

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_EMAIL_LENGTH = 254


class ValidationError(ValueError):
    """Values that can't be: what is wrong with each of email, role, reseller and password, or the name of a view."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def find_user(email: str) -> User | None:
    found: User | None = User.get_or_none(User.email_key == email_key(email)) if email.isprintable() else None
    return found


def email_key(email: str) -> str:
    """The email as it is compared."""
    return email.strip().casefold()


def raise_if_invalid(errors: dict[str, str]) -> None:
    """Raises Unacceptable when there are errors."""
    if errors:
        raise ValidationError(errors)


def validate_user(role: str, reseller: str | None, email: str | None = None) -> dict[str, str]:
    """What is wrong with the rights of an account and, for a new one, with its email."""
    found = {
        "email": "" if email is None else _email_error(email),
        "role": _role_error(role),
        "reseller": "" if reseller is None else _reseller_error(reseller),
    }
    return {field: why for field, why in found.items() if why}


def _email_error(email: str) -> str:
    if not email:
        return "Enter an email address"
    if not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > _EMAIL_LENGTH:
        return f"“{email}” is not an email address such as ann@partner.example"
    return f"“{email}” has an account already" if find_user(email) else ""


def _role_error(role: str) -> str:
    if not role:
        return "Choose a role"
    return "" if role in ROLES else f"“{role}” is not a role; choose {' or '.join(ROLES)}"


def _reseller_error(name: str) -> str:
    if not name:
        return "Enter the name of a reseller"
    if not _is_utf8(name):
        return f"“{name}” is not the name of a reseller"
    if Reseller.select().where(Reseller.name == name).exists():
        return ""
    meant = Reseller.get_or_none(Reseller.name_key == fold(name.strip()), Reseller.id != NONE_ID)
    return f"“{name}” is not the name of a reseller" + (f"; did you mean “{meant.name}”?" if meant else "")


def _is_utf8(text: str) -> bool:
    """Whether it can be written as UTF-8: what comes from a command line may hold halves of characters."""
    return text == text.encode("utf-8", "ignore").decode()
