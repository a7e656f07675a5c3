"""User accounts: find, add, change, disable, authenticate, set passwords. Each change records its audit event."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from app.auth import throttle
from app.auth.passwords import generate_password, hash_password, hashing_turn, password_weakness, verify_password
from app.auth.permissions import ROLES, Permission, roles_with
from app.auth.sessions import end_user_sessions
from app.validation import ValidationError
from models import NONE_ID, AccessToken, Reseller, SavedView, User, access_db, audit, fold, timestamp
from models.audit import AuditActor

TEMPORARY_DAYS = 7  # days for which a generated password works
MAX_EMAIL_LENGTH = 254  # characters, RFC 5321
_DAY = 24 * 60 * 60  # seconds
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")


def find_user(email: str) -> User | None:
    user: User | None = User.get_or_none(User.email_key == email_key(email)) if email.isprintable() else None
    return user


def email_key(email: str) -> str:
    """Return the form in which emails are compared: case and surrounding spaces don't matter."""
    return email.strip().casefold()


def validate_user(role: str, reseller: str | None, email: str | None = None) -> dict[str, str]:
    """Return an error for each invalid field. Without `email`, as for an existing account, it is not validated."""
    errors = {
        "email": "" if email is None else _email_error(email),
        "role": _role_error(role),
        "reseller": "" if reseller is None else _reseller_error(reseller),
    }
    return {field: error for field, error in errors.items() if error}


def add_user(  # noqa: PLR0913, PLR0917 - each is a field of the account, or makes its password
    actor: AuditActor,
    email: str,
    role: str,
    reseller: str | None,
    password: str | None = None,
    installation_names: Iterable[str] = (),
    may_see_costs: bool = True,
) -> str:
    """Add an account and return its password. Without `password`, generate a temporary one.

    `reseller` is the name of the reseller whose customers the user sees, None for all. `may_see_costs` gives
    Permission.VIEW_COSTS. `installation_names` are names of this installation, which make a poor password. Raises
    ValidationError and HashingBusy.
    """
    email = email.strip()
    secret, password_fields = _password_fields(password, email, reseller or "", *installation_names)
    rights = {"role": role, "reseller": reseller, "may_see_costs": may_see_costs}
    with access_db.write_transaction():
        if errors := validate_user(role, reseller, email):
            raise ValidationError(errors)
        User.create(email=email, email_key=email_key(email), created_at=timestamp(), **rights, **password_fields)
        audit.record("user added", about=email, **rights, **actor)
    return secret


def change_user(actor: AuditActor, user: User, role: str, reseller: str | None, may_see_costs: bool) -> None:
    """Change a user's role, reseller and right to see costs. Raises ValidationError.

    The present reseller stays valid even when no import names it any more. With another reseller the user's views are
    no longer shared: new colleagues must not see names of customers from them.
    """
    rights = {"role": role, "reseller": reseller, "may_see_costs": may_see_costs}
    if errors := validate_user(role, None if reseller == user.reseller else reseller):
        raise ValidationError(errors)
    with _keep_one_user_manager():
        if reseller != User.get_by_id(user.id).reseller:  # `user` may have been read before another change
            SavedView.update(shared=False).where(SavedView.user == user.id).execute()
        User.update(rights).where(User.id == user.id).execute()
        audit.record("user changed", about=user.email, **rights, **actor)


def disable_user(actor: AuditActor, user: User) -> None:
    """Disable an account, end its sessions and tokens. Raises ValidationError for the last one that manages users."""
    with _keep_one_user_manager():
        User.update(disabled=True).where(User.id == user.id).execute()
        end_user_sessions(user.id)
        AccessToken.delete().where(AccessToken.user == user.id).execute()
        audit.record("user disabled", about=user.email, **actor)


def enable_user(actor: AuditActor, user: User) -> None:
    with access_db.write_transaction():
        User.update(disabled=False).where(User.id == user.id).execute()
        audit.record("user enabled", about=user.email, **actor)


def sign_out_user(actor: AuditActor, user: User) -> None:
    with access_db.write_transaction():
        end_user_sessions(user.id)
        audit.record("sessions ended", about=user.email, **actor)


@contextmanager
def _keep_one_user_manager() -> Iterator[None]:
    """Roll back, and raise ValidationError, when the block leaves nobody who can sign in and manage users."""
    roles = [role.name for role in roles_with(Permission.MANAGE_USERS)]
    password_works = User.temporary_until.is_null() | (User.temporary_until > timestamp())
    managers = User.select().where(User.role.in_(roles), User.reseller.is_null(), ~User.disabled, password_works)
    with access_db.write_transaction():
        had_one = managers.exists()
        yield
        if had_one and not managers.exists():
            raise ValidationError(
                {"role": f"This is the last enabled {' or '.join(roles)} of the whole partner, and there must be one."}
            )


def authenticate(email: str, password: str, address: str, known_browser: str = "") -> User | None:
    """Return the user with this email and password, None when there is none.

    `known_browser` names a browser in which this user has signed in before. Raises throttle.TooManyAttempts, and
    HashingBusy for an attempt that isn't counted. Exactly one hash is verified in any other case, so that the time it
    takes doesn't tell which emails have an account.
    """
    throttle.raise_if_refused(email_key(email), address, known_browser)
    with hashing_turn(bool(known_browser)):
        throttle.count_attempt(email_key(email), address, known_browser)
        user = find_user(email)
        usable = user if user and not sign_in_blocked_reason(user) else None
        if not verify_password(password, usable.password_hash if usable else None):
            return None
    throttle.clear_attempts(email_key(email), address, known_browser)
    return usable


def sign_in_blocked_reason(user: User) -> str:
    """Say why even the right password is refused, "" if it isn't. For the audit trail: the person must not learn it."""
    if user.disabled:
        return "disabled"
    is_expired = user.temporary_until is not None and str(user.temporary_until) < timestamp()
    return "temporary password expired" if is_expired else ""


def choose_password(actor: AuditActor, user: User, password: str, installation_names: Iterable[str] = ()) -> None:
    """Set the password that a user chose, and end their sessions.

    Raises HashingBusy, and ValidationError, also when the password has changed since `user` was read.
    """
    _, password_fields = _password_fields(password, *_own_words(user), *installation_names)
    unchanged = (User.id == user.id) & (User.password_hash == user.password_hash) & ~User.disabled
    with access_db.write_transaction():
        if not User.update(password_fields).where(unchanged).execute():
            raise ValidationError({"current": "This is not your present password any more."})
        end_user_sessions(user.id)
        audit.record("password", about=user.email, **actor)


def reset_password(
    actor: AuditActor, user: User, password: str | None = None, installation_names: Iterable[str] = ()
) -> str:
    """Replace a user's password, end their sessions, and return the password. Without one, generate a temporary one.

    Failed attempts at the account are forgotten. Raises ValidationError and HashingBusy.
    """
    secret, password_fields = _password_fields(password, *_own_words(user), *installation_names)
    with access_db.write_transaction():
        throttle.clear_account(email_key(user.email))
        User.update(password_fields).where(User.id == user.id).execute()
        end_user_sessions(user.id)
        audit.record("password replaced", about=user.email, **actor)
    return secret


def _own_words(user: User) -> tuple[str, str]:
    return str(user.email), str(user.reseller or "")


def _password_fields(password: str | None, *own_words: str) -> tuple[str, dict[str, str | None]]:
    """Return `password`, or a temporary one for None, and the fields of a user who has it.

    Raises ValidationError for a weak one. Call it outside a transaction: hashing is slow by design.
    """
    if password is None:
        password, temporary_until = generate_password(), timestamp(TEMPORARY_DAYS * _DAY)
    elif weakness := password_weakness(password, own_words):
        raise ValidationError({"password": f"The password {weakness}."})
    else:
        temporary_until = None
    return password, {"password_hash": hash_password(password), "temporary_until": temporary_until}


def _email_error(email: str) -> str:
    if not email:
        return "Enter an email address."
    if len(email) > MAX_EMAIL_LENGTH:
        return f"An email address has at most {MAX_EMAIL_LENGTH} characters; this one has {len(email)}."
    if not _EMAIL.fullmatch(email) or not email.isprintable():
        return f"“{email}” is not an email address such as ann@partner.example."
    return f"“{email}” has an account already." if find_user(email) else ""


def _role_error(role: str) -> str:
    if not role:
        return "Choose a role."
    return "" if role in ROLES else f"“{role}” is not a role; choose {' or '.join(ROLES)}."


def _reseller_error(name: str) -> str:
    if not name:
        return "Enter the name of a reseller."
    if name != name.encode("utf-8", "ignore").decode():  # command line arguments may hold lone surrogates
        return f"“{name}” is not the name of a reseller."
    if Reseller.select().where(Reseller.name == name).exists():
        return ""
    similar = Reseller.get_or_none(Reseller.name_key == fold(name.strip()), Reseller.id != NONE_ID)
    return f"“{name}” is not the name of a reseller" + (f"; did you mean “{similar.name}”?" if similar else ".")
