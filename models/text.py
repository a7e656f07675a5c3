"""How text is compared: the stored keys that make order and search the same on every database."""

from functools import lru_cache
from unicodedata import combining, name, normalize

from anyascii import anyascii

MAX_CHAR = "\U0010ffff"
"""Sorts behind whatever a text may go on with."""


def fold(text: str) -> str:
    """Return `text` without case and accents, in its own script: "Łódź" and "LODZ" become "lodz".

    Sort and search keys are made by this one function. Combining marks go (Unicode's canonical combining
    class), and Latin letters that Unicode doesn't decompose (ł ø ı æ) become their ASCII neighbours.
    """
    if text.isascii():
        return text.lower()
    marked = normalize("NFKD", normalize("NFKD", text).casefold())
    return normalize("NFC", "".join(_plain(letter) for letter in marked)).casefold()


@lru_cache(maxsize=4096)
def _plain(letter: str) -> str:
    if combining(letter):
        return ""
    if not letter.isascii() and name(letter, "").startswith("LATIN "):
        return anyascii(letter)
    return letter
