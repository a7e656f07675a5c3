"""Values as both databases store them: days, moments, and the sort keys of text."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from unicodedata import combining, name, normalize

from anyascii import anyascii


def today() -> date:
    """Return the current day in UTC."""
    return datetime.now(UTC).date()


def timestamp(seconds: int = 0) -> str:
    """Return the time in UTC, `seconds` from now: "2026-11-22 13:05:00". Times compare as text."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")


MAX_CHAR = "\U0010ffff"  # sorts behind every character that a text may continue with


def fold(text: str) -> str:
    """Return `text` without case and accents, in its own script: "Łódź" and "LODZ" become "lodz".

    All sort and search keys are made here. Combining marks go (Unicode's canonical combining class), and Latin letters
    that Unicode doesn't decompose (ł ø ı æ) become ASCII.
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


def printable(text: str, keep: str = "\n") -> str:
    """Return `text` with characters escaped that control a terminal or reorder what it shows, but those to `keep`."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() or char in keep else char.encode("unicode_escape").decode() for char in text
    )
