"""Generate, hash, verify and judge passwords."""

import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from models import fold

MIN_LENGTH, MAX_LENGTH = 12, 128  # characters
MIN_GUESSES = 10**11  # a password that takes fewer is refused
_JUDGED_LENGTH = 32  # characters; zxcvbn's time grows steeply with signs that stand for letters
_MIN_WORD_LENGTH = 3

# Words that are common in passwords but not in zxcvbn's English lists, and the words of this product.
_COMMON_WORDS = """
passwort kennwort heslo haslo parola senha contrasena clave salasana wachtwoord lozinka geheim motdepasse welcome
willkommen bienvenue bienvenido benvenuto vitejte witamy welkom hallo ahoj bonjour administrator security changeme
spring summer autumn winter fruehling sommer herbst jaro leto podzim zima printemps automne hiver primavera verano
otono invierno estate inverno lente zomer herfst wiosna jesien christmas xmas easter weihnachten vanoce noel navidad
certificate certificates partner partners portal report reports reseller resellers customer customers subscription
subscriptions transaction transactions usage inventory
"""

# What a part of a password is, by zxcvbn's name of it, as a refusal says it.
_KINDS = {
    "dictionary": "a common word or password",
    "spatial": "neighbouring keys",
    "repeat": "a repetition",
    "sequence": "a sequence",
    "regex": "a year or date",
    "date": "a year or date",
    "bruteforce": "few other characters",
}

# A hash takes a core for 22 ms. At most one request of a process hashes and two wait, one of them from somebody known.
# So of the six threads that exports leave (see gunicorn.conf.py) three stay free for pages, however many guess at once.
MAX_WAITING = 1
_MAX_WAIT = 1  # seconds

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_DUMMY_HASH = _hasher.hash(secrets.token_urlsafe())
_slots, _slots_of_known, _turn = BoundedSemaphore(1 + MAX_WAITING), BoundedSemaphore(1), Lock()
_zxcvbn_lock = Lock()  # it keeps the words of a call in a global variable


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
    from zxcvbn import zxcvbn  # noqa: PLC0415 - it takes 12 MB, which most processes never need

    own = {word for text in own_words for word in _words(text)}
    with _zxcvbn_lock:
        estimate = zxcvbn(fold(password)[:_JUDGED_LENGTH], [*own, *_COMMON_WORDS.split()])
    if estimate["guesses"] >= MIN_GUESSES:
        return ""
    *others, last = dict.fromkeys(_describe_part(part, own) for part in estimate["sequence"])
    made_of = f"{', '.join(others)} and {last}" if others else last
    return f"is among the first that a guesser would try: {made_of}; choose another, perhaps four unrelated words"


def _words(text: str) -> list[str]:
    """A text as it may stand in a password: its words, all of them as one, and as it is."""
    words = [word for word in re.split(r"[\W_]+", fold(text)) if len(word) >= _MIN_WORD_LENGTH]
    return [*words, "".join(words), fold(text)[:_JUDGED_LENGTH]]


def _describe_part(part: Mapping[str, Any], own_words: Collection[str]) -> str:
    is_own = part.get("matched_word") in own_words
    return "a word of yours or of this site" if is_own else _KINDS[part["pattern"]]
