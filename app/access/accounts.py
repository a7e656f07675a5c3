"""Accounts: added, changed, disabled. Each change and its event in the trail happen together, or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.access.credentials import secret_for, stored
from app.access.faults import Unacceptable, faults, heed, key_of
from app.access.sessions import end_all
from app.access.views import unshare_all
from app.access.visitor import By
from models import User, access, audit, moment, writing


def add(by: By, email: str, role: str, reseller: str | None, password: str | None = None) -> str:
    """Add a person, and return their password: one made for them, to be changed, when none is given.

    Raises Unacceptable.
    """
    email = email.strip()
    secret = secret_for(email, password)
    rights, kept = {"role": role, "reseller": reseller}, stored(secret, password)
    with writing(access):
        heed(faults(role, reseller, email))
        User.create(email=email, email_key=key_of(email), created_at=moment(), **rights, **kept)
        audit.record("user added", about=email, **rights, **by)
    return secret


def change(by: By, user: User, role: str, reseller: str | None) -> None:
    """Give a person another role, or other customers to see. Raises Unacceptable.

    The reseller may be the one that they have, even when no file names it any more. What they shared with their
    colleagues isn't shared with other ones.
    """
    rights = {"role": role, "reseller": reseller}
    heed(faults(role, None if reseller == user.reseller else reseller))
    with _leaving_an_admin():
        User.update(rights).where(User.id == user.id).execute()
        if reseller != user.reseller:
            unshare_all(user.id)
        audit.record("user changed", about=user.email, **rights, **by)


def disable(by: By, user: User) -> None:
    """Keep a person out from now on. Raises Unacceptable for the last admin of the whole partner."""
    with _leaving_an_admin():
        User.update(disabled=True).where(User.id == user.id).execute()
        end_all(user.id)
        audit.record("user disabled", about=user.email, **by)


def enable(by: By, user: User) -> None:
    with writing(access):
        User.update(disabled=False).where(User.id == user.id).execute()
        audit.record("user enabled", about=user.email, **by)


def sign_out(by: By, user: User) -> None:
    """Sign a person out everywhere."""
    with writing(access):
        end_all(user.id)
        audit.record("sessions ended", about=user.email, **by)


@contextmanager
def _leaving_an_admin() -> Iterator[None]:
    """Undo what is done inside when it leaves nobody who could sign in and add users. Raises Unacceptable then."""
    usable = User.temporary_until.is_null() | (User.temporary_until > moment())
    running = User.select().where(User.role == "admin", User.reseller.is_null(), ~User.disabled, usable)
    with writing(access):
        before = running.exists()
        yield
        if before and not running.exists():
            raise Unacceptable({"role": "This is the last enabled admin of the whole partner, and there must be one"})
