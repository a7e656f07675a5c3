"""Generate, hash, verify and rate passwords."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from zxcvbn import zxcvbn

MIN_LENGTH, MAX_LENGTH = 12, 128  # characters
_MIN_GUESSES = 1_000_000  # zxcvbn's estimate; a password that takes fewer guesses is refused
_ESTIMATE_LENGTH = 72  # characters that zxcvbn reads: its time grows with their square

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY_HASH = _hasher.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    """Hash with argon2id and a random salt. Parameters: OWASP Password Storage Cheat Sheet (t=2, m=19 MiB, p=1)."""
    return _hasher.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Compare a password with a hash. Without a hash, return False after the same time as with one."""
    try:
        return _hasher.verify(password_hash or _DUMMY_HASH, password) and password_hash is not None
    except VerifyMismatchError:
        return False


def generate_password() -> str:
    """Generate a temporary password with 120 random bits."""
    return secrets.token_urlsafe(15)


def password_weakness(password: str, *user_inputs: str) -> str:
    """Say why a password is not accepted, as the rest of a sentence that begins "The password"; "" if it is accepted.

    `user_inputs` are words that an attacker tries first, such as the person's email address.
    """
    if len(password) < MIN_LENGTH:
        return f"has {len(password)} characters; it must have at least {MIN_LENGTH}"
    if len(password) > MAX_LENGTH:
        return f"has {len(password)} characters; it can have at most {MAX_LENGTH}"
    words = [part for text in user_inputs for part in (text, *text.split("@"))]
    if zxcvbn(password[:_ESTIMATE_LENGTH], words)["guesses"] < _MIN_GUESSES:
        return "is among the first that a guesser would try; choose another, perhaps four unrelated words"
    return ""
