"""The second factor: the codes of an authenticator app (TOTP, RFC 6238), and recovery codes for a lost phone."""

import hmac
import re
import secrets
from base64 import b32encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from hashlib import sha256
from time import time

from pyotp import TOTP

from app.auth import throttle
from app.auth.permissions import Permission, roles_with
from app.auth.sessions import end_user_sessions
from app.auth.visitor import SignInMethod, Visitor
from app.validation import ValidationError
from models import RecoveryCode, SecondFactor, User, access_db, audit, timestamp
from models.audit import AuditActor

RECOVERY_CODES = 10
_RECOVERY_BYTES = 15  # 120 bits: from 112 on, ASVS 5.0 (6.5.2) accepts a hash that isn't slow
_STEP = 30  # seconds, RFC 6238, section 4.1; authenticator apps support no other
_DRIFT = 1  # steps by which a phone's clock may differ, RFC 6238, section 5.2
_SECRET_BYTES = 20  # RFC 4226, section 4, R6
_SEED = re.compile("[0-9a-f]{32}")


class RequiredAction(Enum):
    """A step that a visitor must take before they see anything else."""

    CHOOSE_PASSWORD = auto()
    SET_UP_SECOND_FACTOR = auto()


@dataclass(frozen=True)
class SecondFactors:
    """The second factors of all users. `required` says who must have one: "optional" for nobody, "admins" or "all".

    `issuer` is the name of this installation in the app. The secrets are derived from `key`: with another key,
    only recovery codes are accepted.
    """

    key: str = field(repr=False)
    issuer: str
    required: str

    def is_required(self, role: str) -> bool:
        if self.required == "admins":
            return role in [each.name for each in roles_with(Permission.MANAGE_USERS)]
        return self.required == "all"

    def required_action(self, visitor: Visitor) -> RequiredAction | None:
        """Return the step that a visitor must take before anything else, None for none."""
        if visitor.must_change_password:
            return RequiredAction.CHOOSE_PASSWORD
        has_factor = visitor.has_second_factor or visitor.sign_in_method is SignInMethod.PROVIDER_MFA
        return None if has_factor or not self.is_required(visitor.role) else RequiredAction.SET_UP_SECOND_FACTOR

    def authenticator(self, user_id: int, email: str, seed: str) -> TOTP:
        """Return the authenticator of a user, with the secret for `seed`.

        The secret is stored nowhere: RFC 4226, section 7.5, "deterministic generation". So the database alone doesn't
        tell it.
        """
        secret = hmac.digest(self.key.encode(), f"totp {user_id} {seed}".encode(), "sha256")[:_SECRET_BYTES]
        return TOTP(b32encode(secret).decode(), name=email, issuer=self.issuer)

    def set_up(self, actor: AuditActor, user: User, seed: str, code: str, keep_session: str) -> list[str]:
        """Give a user a second factor, and return its recovery codes. All their sessions but `keep_session` end.

        `code` shows that their app has the secret for `seed`. Raises ValidationError.
        """
        step = self._time_step(self.authenticator(user.id, user.email, seed), code)
        if step is None:
            raise ValidationError({"code": "This code is wrong. Enter the one that the app shows now."})
        with access_db.write_transaction():
            if SecondFactor.select().where(SecondFactor.user == user).exists():
                raise ValidationError({"code": "You have a second factor already."})
            SecondFactor.create(user=user, seed=seed, last_step=step, created_at=timestamp())
            end_user_sessions(user.id, keep=keep_session)
            audit.record("second factor set up", about=user.email, **actor)
            return _new_recovery_codes(user.id)

    def authenticate(self, user: User, code: str, recovery_code: str, address: str, known_browser: str = "") -> str:
        """Use up a code, or without one a recovery code. Return "code" or "recovery code", "" for a wrong one.

        Raises throttle.TooManyAttempts. Attempts have a count of their own, which the right password must not clear.
        """
        account = _throttle_account(user)
        throttle.count_attempt(account, address, known_browser)
        kind = "code" if code else "recovery code"
        if not (self._use_code(user, code) if code else _use_recovery_code(user, recovery_code)):
            return ""
        throttle.clear_attempts(account, address, known_browser)
        return kind

    def remove(self, actor: AuditActor, user: User, keep_session: str) -> None:
        """Remove a user's factor, and end all their sessions but `keep_session`. Raises ValidationError if required."""
        if self.is_required(user.role):
            raise ValidationError({"factor": "You must have a second factor here, so it can't be removed."})
        with _remove_factor(user, keep_session):
            audit.record("second factor removed", about=user.email, **actor)

    def _use_code(self, user: User, code: str) -> bool:
        factor: SecondFactor | None = SecondFactor.get_or_none(SecondFactor.user == user)
        step = self._time_step(self.authenticator(user.id, user.email, str(factor.seed)), code) if factor else None
        if factor is None or step is None:
            return False
        is_new = (SecondFactor.id == factor.id) & (SecondFactor.last_step < step)
        return bool(SecondFactor.update(last_step=step).where(is_new).execute())

    def _time_step(self, authenticator: TOTP, code: str) -> int | None:
        """Return the time step that a code is of, None for none around now."""
        typed, now = "".join(code.split()), int(time()) // _STEP
        steps = [
            step for step in range(now - _DRIFT, now + _DRIFT + 1) if _equal(authenticator.generate_otp(step), typed)
        ]
        return max(steps, default=None)


def valid_seed(seed: str) -> str:
    """Return a seed that a form has sent back, or a new one if it is none."""
    return seed if _SEED.fullmatch(seed) else secrets.token_hex(16)


def renew_recovery_codes(actor: AuditActor, user: User) -> list[str]:
    """Replace a user's recovery codes. Raises ValidationError without a second factor."""
    with access_db.write_transaction():
        if not SecondFactor.select().where(SecondFactor.user == user).exists():
            raise ValidationError({"factor": "Set up a second factor first."})
        audit.record("recovery codes renewed", about=user.email, **actor)
        return _new_recovery_codes(user.id)


def reset_second_factor(actor: AuditActor, user: User) -> None:
    """Remove somebody's second factor, because they lost phone and recovery codes, and end their sessions.

    Raises ValidationError if they have none.
    """
    with _remove_factor(user):
        throttle.clear_account(_throttle_account(user))
        audit.record("second factor reset", about=user.email, **actor)


def find_second_factor(user_id: int) -> SecondFactor | None:
    factor: SecondFactor | None = SecondFactor.get_or_none(SecondFactor.user == user_id)
    return factor


def users_with_second_factor() -> set[int]:
    """Return the ids of users."""
    return {user for (user,) in access_db.execute(SecondFactor.select(SecondFactor.user))}


def count_recovery_codes(user_id: int) -> int:
    """Count those that aren't used."""
    return int(RecoveryCode.select().where(RecoveryCode.user == user_id).count())


@contextmanager
def _remove_factor(user: User, keep_session: str = "") -> Iterator[None]:
    """Remove a user's factor and end their sessions, in a transaction for which the block records the event."""
    with access_db.write_transaction():
        if not SecondFactor.delete().where(SecondFactor.user == user).execute():
            raise ValidationError({"factor": f"{user.email} has no second factor."})
        RecoveryCode.delete().where(RecoveryCode.user == user).execute()
        end_user_sessions(user.id, keep_session)
        yield


def _use_recovery_code(user: User, code: str) -> bool:
    is_code = (RecoveryCode.user == user) & (RecoveryCode.code_hash == _recovery_hash(code))
    return bool(RecoveryCode.delete().where(is_code).execute())


def _new_recovery_codes(user_id: int) -> list[str]:
    """Replace a user's recovery codes: "k7qx-m2pd-9hwt-c4vn-b5zr-j3fy"."""
    codes = [b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)]
    RecoveryCode.delete().where(RecoveryCode.user == user_id).execute()
    for code in codes:
        RecoveryCode.create(user=user_id, code_hash=_recovery_hash(code))
    return [group_by_four(code, "-") for code in codes]


def _recovery_hash(code: str) -> str:
    """Hash a code without the hyphens, spaces and capitals with which people may type it."""
    return sha256(re.sub(r"[\s-]", "", code).lower().encode("utf-8", "replace")).hexdigest()


def group_by_four(text: str, separator: str) -> str:
    return separator.join(text[start : start + 4] for start in range(0, len(text), 4))


def _throttle_account(user: User) -> str:
    """Return the account under which the throttle counts attempts; it is no email."""
    return f"second factor of {user.id}"


def _equal(expected: str, typed: str) -> bool:
    return hmac.compare_digest(expected.encode(), typed.encode("utf-8", "replace"))
