"""Passwords of accounts: checked, chosen, replaced."""

from app.access import throttle
from app.access.faults import Unacceptable, find, key_of
from app.access.passwords import generated, hashed, matches, weakness
from app.access.sessions import end_all
from app.access.visitor import By
from models import User, access, audit, moment, writing

TEMPORARY = 7
"""Days for which a password works that somebody else made."""

_DAY = 24 * 60 * 60


def checked(email: str, password: str, address: str) -> User | None:
    """The person with this email and password, None when there is none such. Raises throttle.TooMany.

    One hash is verified whoever asks, so that nobody learns from the time it takes which accounts there are.
    """
    throttle.admit(key_of(email), address)
    user = find(email)
    usable = user if user and not unusable(user) else None
    if not matches(password, usable.password_hash if usable else None):
        return None
    throttle.forgive(key_of(email), address)
    return usable


def unusable(user: User) -> str:
    """Why even the right password is none, "" when it is one: for the trail, not for whoever asks."""
    if user.disabled:
        return "disabled"
    expired = user.temporary_until is not None and str(user.temporary_until) < moment()
    return "temporary password expired" if expired else ""


def choose_password(by: By, user: User, password: str) -> None:
    """Give a person the password that they chose, and sign them out everywhere.

    Raises Unacceptable, also when the password that they were checked by has gone meanwhile.
    """
    kept = stored(secret_for(user.email, password), password)
    same = (User.id == user.id) & (User.password_hash == user.password_hash) & ~User.disabled
    with writing(access):
        if not User.update(kept).where(same).execute():
            raise Unacceptable({"current": "This is not your present password any more."})
        end_all(user.id)
        audit.record("password", about=user.email, **by)


def replace_password(by: By, user: User, password: str | None = None) -> str:
    """Give a person a new password, one made for them when none is given, sign them out everywhere, and return it.

    Raises Unacceptable.
    """
    secret = secret_for(user.email, password)
    kept = stored(secret, password)
    with writing(access):
        User.update(kept).where(User.id == user.id).execute()
        end_all(user.id)
        audit.record("password replaced", about=user.email, **by)
    return secret


def secret_for(email: str, password: str | None) -> str:
    """The password that is given, or one that is made. Raises Unacceptable for a weak one."""
    if password is not None and (why := weakness(password, email)):
        raise Unacceptable({"password": f"The password {why}"})
    return password or generated()


def stored(secret: str, chosen: str | None) -> dict[str, str | None]:
    """What is stored of a password. Hashing takes a while, so that nobody else should have to wait for it."""
    return {"password_hash": hashed(secret), "temporary_until": None if chosen else moment(TEMPORARY * _DAY)}
