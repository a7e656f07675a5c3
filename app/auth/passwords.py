"""Generate, hash, verify and judge passwords."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from app.auth.password_strength import MIN_BITS, estimate

MIN_LENGTH, MAX_LENGTH = 12, 128  # characters

# A hash takes a core for 22 ms. At most one request of a process hashes and two wait, one of them from somebody known.
# So of the six threads that exports leave (see gunicorn.conf.py) three stay free for pages, however many guess at once.
MAX_WAITING = 1
_MAX_WAIT = 1  # seconds

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY_HASH = _hasher.hash(secrets.token_urlsafe())
_slots, _slots_of_known, _turn = BoundedSemaphore(1 + MAX_WAITING), BoundedSemaphore(1), Lock()


class HashingBusy(Exception):
    """This process computes as many password hashes as it may; the request should be sent again in a second."""


@contextmanager
def hashing_turn(is_known: bool = False) -> Iterator[None]:
    """Let one thread at a time hash inside, and few others wait. Raises HashingBusy.

    `is_known` is for requests of people who are signed in, or were before in the same browser: strangers can't take
    all slots from them.
    """
    slots = [_slots_of_known, _slots] if is_known else [_slots]
    slot = next((slot for slot in slots if slot.acquire(blocking=False)), None)
    if slot is None:
        raise HashingBusy
    try:
        if not _turn.acquire(timeout=_MAX_WAIT):
            raise HashingBusy
        try:
            yield
        finally:
            _turn.release()
    finally:
        slot.release()


def hash_password(password: str) -> str:
    """Hash with argon2id and a random salt. Parameters: OWASP Password Storage Cheat Sheet (t=2, m=19 MiB, p=1).

    Raises HashingBusy.
    """
    with hashing_turn(is_known=True):
        return _hasher.hash(password)


def verify_password(password: str, password_hash: str | None) -> bool:
    """Compare a password with a hash. Without a hash, return False after the same time as with one.

    Call it inside `hashing_turn`.
    """
    try:
        return _hasher.verify(password_hash or _DUMMY_HASH, password) and password_hash is not None
    except VerifyMismatchError:
        return False


def generate_password() -> str:
    """Generate a temporary password with 120 random bits."""
    return secrets.token_urlsafe(15)


def password_weakness(password: str, own_words: Iterable[str] = ()) -> str:
    """Say why a password is not accepted, as the rest of a sentence that begins "The password"; "" if it is accepted.

    `own_words` are texts whose words an attacker tries first: the person's email address, the names of their company
    and of the installation. The answer never repeats the password.
    """
    if len(password) < MIN_LENGTH:
        return f"has {len(password)} characters; it must have at least {MIN_LENGTH}"
    if len(password) > MAX_LENGTH:
        return f"has {len(password)} characters; it can have at most {MAX_LENGTH}"
    bits, kinds = estimate(password, own_words)
    if bits >= MIN_BITS:
        return ""
    made_of = ", ".join(kinds[:-1]) + (" and " if kinds[1:] else "") + kinds[-1]
    return f"is among the first that a guesser would try: {made_of}; choose another, perhaps four unrelated words"
