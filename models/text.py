"""Sort and search keys: stored text that every database compares in the same way."""

from functools import lru_cache
from unicodedata import combining, name, normalize

from anyascii import anyascii

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
