"""Values as both databases store them: days, moments, and the sort keys of text. Text as people type or paste it."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from unicodedata import combining, name, normalize

from anyascii import anyascii


def utc_now() -> datetime:
    """Return the time in UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def today() -> date:
    """Return the current day in UTC."""
    return utc_now().date()


def timestamp(seconds: int = 0) -> str:
    """Return the time in UTC, `seconds` from now, as `format_time` returns it."""
    return format_time(utc_now() + timedelta(seconds=seconds))


def format_time(time: datetime) -> str:
    """Return a time as databases store it: "2026-11-22 13:05:00". Such texts compare as the times do."""
    return time.strftime("%Y-%m-%d %H:%M:%S")


# Characters that nobody sees: controls other than white space, soft hyphens, zero-width spaces, marks of direction.
_INVISIBLE = re.compile(
    "[\x01-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]"
)
_JOINERS = "\u200c\u200d"  # inside a word they belong to its spelling, in Persian or Hindi


def clean_text(text: str) -> str:
    """Return a text that somebody typed or pasted without what they don't mean, in Unicode's form NFC.

    White space is removed at the ends and becomes one blank inside. Invisible characters are removed.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # most texts, and much faster
    words = normalize("NFC", _INVISIBLE.sub("", text)).split()
    return " ".join(filter(None, (word.strip(_JOINERS) for word in words)))


MAX_CHAR = "\U0010ffff"  # sorts after every character that a text may continue with


def fold(text: str) -> str:
    """Return `text` without case and accents, in its own script: "Łódź" and "LODZ" become "lodz".

    All sort and search keys are made here. Combining marks (by Unicode's canonical combining class) are removed, and
    Latin letters that Unicode doesn't decompose (ł ø ı æ) become ASCII.
    """
    if text.isascii():
        return text.lower()
    decomposed = normalize("NFKD", normalize("NFKD", text).casefold())
    return normalize("NFC", "".join(map(_fold_char, decomposed))).casefold()


@lru_cache(maxsize=4096)
def _fold_char(char: str) -> str:
    if combining(char):
        return ""
    if not char.isascii() and name(char, "").startswith("LATIN "):
        return anyascii(char)
    return char


def shorten(text: str, limit: int) -> str:
    """Return `text` with at most `limit` characters, of which the last is "…" where some were left out."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def printable(text: str, keep: str = "\n") -> str:
    """Return `text` with all characters escaped that control a terminal or reorder its text, except those in `keep`."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text
    )
