"""Passwords: how they are made, kept and compared."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from zxcvbn import zxcvbn

MIN_LENGTH, MAX_LENGTH = 12, 128
_MIN_GUESSES = 1_000_000
"""A password that a guesser would try among so many first is on everybody's list."""

_ESTIMATE_LENGTH = 72
"""Characters that the estimate reads; its time grows with their square."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY_HASH = _hasher.hash(secrets.token_urlsafe())


def hash_password(password: str) -> str:
    return _hasher.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the hash was made from the password. Without a hash it takes as long to say no."""
    try:
        return _hasher.verify(password_hash or _DUMMY_HASH, password) and password_hash is not None
    except VerifyMismatchError:
        return False


def generate_password() -> str:
    """A password that nobody guesses, short enough to be typed once."""
    return secrets.token_urlsafe(15)


def password_weakness(password: str, *known: str) -> str:
    """What keeps a password from being used, "" when nothing does. `known` are words that a guesser would try first."""
    if len(password) < MIN_LENGTH:
        return f"has {len(password)} characters; it must have at least {MIN_LENGTH}"
    if len(password) > MAX_LENGTH:
        return f"has {len(password)} characters; it can have at most {MAX_LENGTH}"
    words = [part for word in known for part in (word, *word.split("@"))]
    if zxcvbn(password[:_ESTIMATE_LENGTH], words)["guesses"] < _MIN_GUESSES:
        return "is among the first that a guesser would try; choose another, perhaps four unrelated words"
    return ""
