"""Accounts: added, changed, disabled, and the check of a password."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from app.access import throttle
from app.access.passwords import generated, hashed, matches, weakness
from app.access.sessions import end_all
from models import NONE, ROLES, Reseller, User, access, fold, moment, writing

TEMPORARY = 7
"""Days for which a password works that somebody else made."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_EMAIL_LENGTH = 254
_DAY = 24 * 60 * 60


class Unacceptable(ValueError):
    """Values that an account can't have: what is wrong with each of email, role, reseller and password."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


def find(email: str) -> User | None:
    found: User | None = User.get_or_none(User.email_key == _key(email))
    return found


def add(email: str, role: str, reseller: str | None, password: str | None = None) -> str:
    """Add a person, and return their password: one made for them, to be changed, when none is given.

    Raises Unacceptable.
    """
    email = email.strip()
    secret = _secret(email, password)
    rights, kept = {"role": role, "reseller": reseller}, _kept(secret, password)
    with writing(access):
        _heed(faults(role, reseller, email))
        User.create(email=email, email_key=_key(email), created_at=moment(), **rights, **kept)
    return secret


def change(user: User, role: str, reseller: str | None) -> None:
    """Give a person another role, or other customers to see. Raises Unacceptable."""
    _heed(faults(role, reseller))
    with _leaving_an_admin():
        User.update(role=role, reseller=reseller).where(User.id == user.id).execute()


def faults(role: str, reseller: str | None, email: str | None = None) -> dict[str, str]:
    """What is wrong with the rights of an account and, for a new one, with its email."""
    told = {}
    if email is not None and (not _EMAIL.fullmatch(email) or not email.isprintable() or len(email) > _EMAIL_LENGTH):
        told["email"] = f"“{email}” is not an email address such as ann@partner.example"
    elif email is not None and find(email):
        told["email"] = f"“{email}” has an account already"
    if role not in ROLES:
        told["role"] = f"“{role}” is not a role; choose {' or '.join(ROLES)}" if role else "Choose a role"
    if reseller is not None and (why := _unknown(reseller)):
        told["reseller"] = why
    return told


def disable(user: User) -> None:
    """Keep a person out from now on. Raises Unacceptable for the last admin of the whole partner."""
    with _leaving_an_admin():
        User.update(disabled=True).where(User.id == user.id).execute()
        end_all(user.id)


def enable(user: User) -> None:
    User.update(disabled=False).where(User.id == user.id).execute()


def set_password(user: User, password: str | None = None) -> str:
    """Give a person a new password, one made for them when none is given, sign them out everywhere, and return it.

    Raises Unacceptable.
    """
    secret = _secret(user.email, password)
    kept = _kept(secret, password)
    with writing(access):
        User.update(kept).where(User.id == user.id).execute()
        end_all(user.id)
    return secret


def checked(email: str, password: str, address: str) -> User | None:
    """The person with this email and password, None when there is none such. Raises throttle.TooMany.

    One hash is verified whoever asks, so that nobody learns from the time it takes which accounts there are.
    """
    throttle.admit(_key(email), address)
    user = find(email)
    usable = user if user and not user.disabled and not _expired(user) else None
    if not matches(password, usable.password_hash if usable else None):
        return None
    throttle.forgive(_key(email), address)
    return usable


def _heed(errors: dict[str, str]) -> None:
    if errors:
        raise Unacceptable(errors)


def _unknown(reseller: str) -> str:
    """Why nobody can be confined to a reseller of this name, "" when somebody can."""
    if not reseller:
        return "Enter the name of a reseller"
    if Reseller.select().where(Reseller.name == reseller).exists():
        return ""
    meant = Reseller.get_or_none(Reseller.name_key == fold(reseller), Reseller.id != NONE)
    return f"“{reseller}” is not the name of a reseller" + (f"; did you mean “{meant.name}”?" if meant else "")


def _secret(email: str, password: str | None) -> str:
    if password is not None and (why := weakness(password, email)):
        raise Unacceptable({"password": f"The password {why}"})
    return password or generated()


def _kept(secret: str, chosen: str | None) -> dict[str, str | None]:
    """What is stored of a password. Hashing takes a while, so that nobody else should have to wait for it."""
    return {"password_hash": hashed(secret), "temporary_until": None if chosen else moment(TEMPORARY * _DAY)}


def _expired(user: User) -> bool:
    return user.temporary_until is not None and str(user.temporary_until) < moment()


def _key(email: str) -> str:
    return email.strip().casefold()


@contextmanager
def _leaving_an_admin() -> Iterator[None]:
    """Undo what is done inside when it leaves nobody who could add users. Raises Unacceptable then."""
    running = User.select().where(User.role == "admin", User.reseller.is_null(), ~User.disabled)
    with writing(access):
        before = running.exists()
        yield
        if before and not running.exists():
            raise Unacceptable({"role": "This is the last enabled admin of the whole partner, and there must be one"})
