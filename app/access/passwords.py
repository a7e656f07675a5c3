"""Passwords: how they are made, kept and compared."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from zxcvbn import zxcvbn

SHORTEST, LONGEST = 12, 128
_GUESSES = 1_000_000
"""A password that a guesser would try among so many first is on everybody's list."""

_READ = 72
"""Characters that the estimate reads; its time grows with their square."""

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_NOBODYS = _hasher.hash(secrets.token_urlsafe())


def hashed(password: str) -> str:
    return _hasher.hash(password)


def matches(password: str, password_hash: str | None) -> bool:
    """Whether the hash was made from the password. Without a hash it takes as long to say no."""
    try:
        return _hasher.verify(password_hash or _NOBODYS, password) and password_hash is not None
    except VerifyMismatchError:
        return False


def generated() -> str:
    """A password that nobody guesses, short enough to be typed once."""
    return secrets.token_urlsafe(15)


def weakness(password: str, *known: str) -> str:
    """What keeps a password from being used, "" when nothing does. `known` are words that a guesser would try first."""
    if len(password) < SHORTEST:
        return f"has {len(password)} characters; it must have at least {SHORTEST}"
    if len(password) > LONGEST:
        return f"has {len(password)} characters; it can have at most {LONGEST}"
    words = [part for word in known for part in (word, *word.split("@"))]
    if zxcvbn(password[:_READ], words)["guesses"] < _GUESSES:
        return "is among the first that a guesser would try; choose another, perhaps four unrelated words"
    return ""
