"""User accounts: validate, add, change, disable, authenticate, set passwords."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.auth import throttle
from app.auth.passwords import generate_password, hash_password, password_weakness, verify_password
from app.auth.permissions import AuditActor, Permission, roles_with
from app.auth.saved_views import unshare_all_views
from app.auth.sessions import end_user_sessions
from app.auth.validation import ValidationError, email_key, find_user, raise_if_invalid, validate_user
from models import User, access_db, audit, timestamp, write_transaction


def add_user(by: AuditActor, email: str, role: str, reseller: str | None, password: str | None = None) -> str:
    """Add a person, and return their password: one made for them, to be changed, when none is given.

    Raises Unacceptable.
    """
    email = email.strip()
    secret = _given_or_generated(email, password)
    rights, kept = {"role": role, "reseller": reseller}, _password_fields(secret, password)
    with write_transaction(access_db):
        raise_if_invalid(validate_user(role, reseller, email))
        User.create(email=email, email_key=email_key(email), created_at=timestamp(), **rights, **kept)
        audit.record("user added", about=email, **rights, **by)
    return secret


def change_user(by: AuditActor, user: User, role: str, reseller: str | None) -> None:
    """Give a person another role, or other customers to see. Raises Unacceptable.

    The reseller may be the one that they have, even when no file names it any more. What they shared with their
    colleagues isn't shared with other ones.
    """
    rights = {"role": role, "reseller": reseller}
    raise_if_invalid(validate_user(role, None if reseller == user.reseller else reseller))
    with _keep_one_admin():
        User.update(rights).where(User.id == user.id).execute()
        if reseller != user.reseller:
            unshare_all_views(user.id)
        audit.record("user changed", about=user.email, **rights, **by)


def disable_user(by: AuditActor, user: User) -> None:
    """Keep a person out from now on. Raises Unacceptable for the last admin of the whole partner."""
    with _keep_one_admin():
        User.update(disabled=True).where(User.id == user.id).execute()
        end_user_sessions(user.id)
        audit.record("user disabled", about=user.email, **by)


def enable_user(by: AuditActor, user: User) -> None:
    with write_transaction(access_db):
        User.update(disabled=False).where(User.id == user.id).execute()
        audit.record("user enabled", about=user.email, **by)


def sign_out_user(by: AuditActor, user: User) -> None:
    """Sign a person out everywhere."""
    with write_transaction(access_db):
        end_user_sessions(user.id)
        audit.record("sessions ended", about=user.email, **by)


@contextmanager
def _keep_one_admin() -> Iterator[None]:
    """Undo what is done inside when it leaves nobody who could sign in and add users. Raises Unacceptable then."""
    usable = User.temporary_until.is_null() | (User.temporary_until > timestamp())
    roles = [role.name for role in roles_with(Permission.MANAGE_USERS)]
    managers = User.select().where(User.role.in_(roles), User.reseller.is_null(), ~User.disabled, usable)
    with write_transaction(access_db):
        before = managers.exists()
        yield
        if before and not managers.exists():
            raise ValidationError(
                {"role": f"This is the last enabled {' or '.join(roles)} of the whole partner, and there must be one"}
            )


TEMPORARY_DAYS = 7
"""Days for which a password works that somebody else made."""

_DAY = 24 * 60 * 60


def authenticate(email: str, password: str, address: str) -> User | None:
    """The person with this email and password, None when there is none such. Raises throttle.TooMany.

    One hash is verified whoever asks, so that nobody learns from the time it takes which accounts there are.
    """
    throttle.count_attempt(email_key(email), address)
    user = find_user(email)
    usable = user if user and not login_blocked_reason(user) else None
    if not verify_password(password, usable.password_hash if usable else None):
        return None
    throttle.clear_attempts(email_key(email), address)
    return usable


def login_blocked_reason(user: User) -> str:
    """Why even the right password is none, "" when it is one: for the trail, not for whoever asks."""
    if user.disabled:
        return "disabled"
    expired = user.temporary_until is not None and str(user.temporary_until) < timestamp()
    return "temporary password expired" if expired else ""


def choose_password(by: AuditActor, user: User, password: str) -> None:
    """Give a person the password that they chose, and sign them out everywhere.

    Raises Unacceptable, also when the password that they were checked by has gone meanwhile.
    """
    kept = _password_fields(_given_or_generated(user.email, password), password)
    same = (User.id == user.id) & (User.password_hash == user.password_hash) & ~User.disabled
    with write_transaction(access_db):
        if not User.update(kept).where(same).execute():
            raise ValidationError({"current": "This is not your present password any more."})
        end_user_sessions(user.id)
        audit.record("password", about=user.email, **by)


def reset_password(by: AuditActor, user: User, password: str | None = None) -> str:
    """Give a person a new password, one made for them when none is given, sign them out everywhere, and return it.

    Raises Unacceptable.
    """
    secret = _given_or_generated(user.email, password)
    kept = _password_fields(secret, password)
    with write_transaction(access_db):
        User.update(kept).where(User.id == user.id).execute()
        end_user_sessions(user.id)
        audit.record("password replaced", about=user.email, **by)
    return secret


def _given_or_generated(email: str, password: str | None) -> str:
    """The password that is given, or one that is made. Raises Unacceptable for a weak one."""
    if password is not None and (why := password_weakness(password, email)):
        raise ValidationError({"password": f"The password {why}"})
    return password or generate_password()


def _password_fields(secret: str, chosen: str | None) -> dict[str, str | None]:
    """What is stored of a password. Hashing takes a while, so that nobody else should have to wait for it."""
    return {
        "password_hash": hash_password(secret),
        "temporary_until": None if chosen else timestamp(TEMPORARY_DAYS * _DAY),
    }
