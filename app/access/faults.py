"""What an account, and what people keep in it, can't have, and who has one."""

import re

from models import NONE, ROLES, Reseller, User, fold

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_EMAIL_LENGTH = 254


class Unacceptable(ValueError):
    """Values that can't be: what is wrong with each of email, role, reseller and password, or the name of a view."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def find(email: str) -> User | None:
    found: User | None = User.get_or_none(User.email_key == key_of(email)) if email.isprintable() else None
    return found


def key_of(email: str) -> str:
    """The email as it is compared."""
    return email.strip().casefold()


def heed(errors: dict[str, str]) -> None:
    """Raises Unacceptable when there are errors."""
    if errors:
        raise Unacceptable(errors)


def faults(role: str, reseller: str | None, email: str | None = None) -> dict[str, str]:
    """What is wrong with the rights of an account and, for a new one, with its email."""
    found = {
        "email": "" if email is None else _of_email(email),
        "role": _of_role(role),
        "reseller": "" if reseller is None else _of_reseller(reseller),
    }
    return {field: why for field, why in found.items() if why}


def _of_email(email: str) -> str:
    if not email:
        return "Enter an email address"
    if not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > _EMAIL_LENGTH:
        return f"“{email}” is not an email address such as ann@partner.example"
    return f"“{email}” has an account already" if find(email) else ""


def _of_role(role: str) -> str:
    if not role:
        return "Choose a role"
    return "" if role in ROLES else f"“{role}” is not a role; choose {' or '.join(ROLES)}"


def _of_reseller(name: str) -> str:
    if not name:
        return "Enter the name of a reseller"
    if not _readable(name):
        return f"“{name}” is not the name of a reseller"
    if Reseller.select().where(Reseller.name == name).exists():
        return ""
    meant = Reseller.get_or_none(Reseller.name_key == fold(name.strip()), Reseller.id != NONE)
    return f"“{name}” is not the name of a reseller" + (f"; did you mean “{meant.name}”?" if meant else "")


def _readable(text: str) -> bool:
    """Whether it can be written as UTF-8: what comes from a command line may hold halves of characters."""
    return text == text.encode("utf-8", "ignore").decode()
