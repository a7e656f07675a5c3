"""User accounts: add, change, disable, authenticate, set passwords. Each change records its audit event."""

from collections.abc import Iterator
from contextlib import contextmanager

from app.auth import throttle
from app.auth.passwords import generate_password, hash_password, password_weakness, verify_password
from app.auth.permissions import AuditActor, Permission, roles_with
from app.auth.saved_views import unshare_all_views
from app.auth.sessions import end_user_sessions
from app.auth.validation import ValidationError, email_key, find_user, validate_user
from models import User, access_db, audit, timestamp

TEMPORARY_DAYS = 7  # days for which a generated password works
_DAY = 24 * 60 * 60  # seconds


def add_user(actor: AuditActor, email: str, role: str, reseller: str | None, password: str | None = None) -> str:
    """Add an account and return its password. Without `password`, generate a temporary one.

    `reseller` is the name of the reseller whose customers the user sees, None for all. Raises ValidationError.
    """
    email = email.strip()
    secret = _check_or_generate(email, password)
    rights, password_fields = {"role": role, "reseller": reseller}, _password_fields(secret, is_temporary=not password)
    with access_db.write_transaction():
        if errors := validate_user(role, reseller, email):
            raise ValidationError(errors)
        User.create(email=email, email_key=email_key(email), created_at=timestamp(), **rights, **password_fields)
        audit.record("user added", about=email, **rights, **actor)
    return secret


def change_user(actor: AuditActor, user: User, role: str, reseller: str | None) -> None:
    """Change a user's role and reseller. Raises ValidationError.

    The present reseller stays valid even when no import names it any more. With another reseller the user's views are
    no longer shared: new colleagues must not see names of customers from them.
    """
    rights = {"role": role, "reseller": reseller}
    if errors := validate_user(role, None if reseller == user.reseller else reseller):
        raise ValidationError(errors)
    with _keep_one_user_manager():
        User.update(rights).where(User.id == user.id).execute()
        if reseller != user.reseller:
            unshare_all_views(user.id)
        audit.record("user changed", about=user.email, **rights, **actor)


def disable_user(actor: AuditActor, user: User) -> None:
    """Disable an account and end its sessions. Raises ValidationError for the last one that manages users."""
    with _keep_one_user_manager():
        User.update(disabled=True).where(User.id == user.id).execute()
        end_user_sessions(user.id)
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
                {"role": f"This is the last enabled {' or '.join(roles)} of the whole partner, and there must be one"}
            )


def authenticate(email: str, password: str, address: str) -> User | None:
    """Return the user with this email and password, None when there is none. Raises throttle.TooManyAttempts.

    Exactly one hash is verified in any case, so that the time it takes doesn't tell which emails have an account.
    """
    throttle.count_attempt(email_key(email), address)
    user = find_user(email)
    usable = user if user and not login_blocked_reason(user) else None
    if not verify_password(password, usable.password_hash if usable else None):
        return None
    throttle.clear_attempts(email_key(email), address)
    return usable


def login_blocked_reason(user: User) -> str:
    """Say why even the right password is refused, "" if it isn't. For the audit trail: the person must not learn it."""
    if user.disabled:
        return "disabled"
    is_expired = user.temporary_until is not None and str(user.temporary_until) < timestamp()
    return "temporary password expired" if is_expired else ""


def choose_password(actor: AuditActor, user: User, password: str) -> None:
    """Set the password that a user chose, and end their sessions.

    Raises ValidationError, also when the password has changed since `user` was read.
    """
    password_fields = _password_fields(_check_or_generate(user.email, password), is_temporary=False)
    unchanged = (User.id == user.id) & (User.password_hash == user.password_hash) & ~User.disabled
    with access_db.write_transaction():
        if not User.update(password_fields).where(unchanged).execute():
            raise ValidationError({"current": "This is not your present password any more."})
        end_user_sessions(user.id)
        audit.record("password", about=user.email, **actor)


def reset_password(actor: AuditActor, user: User, password: str | None = None) -> str:
    """Replace a user's password, end their sessions, and return the password. Without one, generate a temporary one.

    Raises ValidationError.
    """
    secret = _check_or_generate(user.email, password)
    password_fields = _password_fields(secret, is_temporary=not password)
    with access_db.write_transaction():
        User.update(password_fields).where(User.id == user.id).execute()
        end_user_sessions(user.id)
        audit.record("password replaced", about=user.email, **actor)
    return secret


def _check_or_generate(email: str, password: str | None) -> str:
    """Return `password`, or a generated one for None. Raises ValidationError for a weak one."""
    if password is not None and (weakness := password_weakness(password, email)):
        raise ValidationError({"password": f"The password {weakness}"})
    return password or generate_password()


def _password_fields(password: str, is_temporary: bool) -> dict[str, str | None]:
    """The fields of a user with this password. Call it outside a transaction: hashing is slow by design."""
    return {
        "password_hash": hash_password(password),
        "temporary_until": timestamp(TEMPORARY_DAYS * _DAY) if is_temporary else None,
    }
