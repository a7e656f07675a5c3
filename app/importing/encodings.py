"""Recognise how the text of a file is encoded, and read its lines."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BufferedReader, RawIOBase, TextIOWrapper
from itertools import islice
from typing import IO

from app.importing.results import quote

MAX_LINE_CHARS = 32_000_000

# What a person may choose: the name of a Python codec → what it is called.
ENCODINGS = {
    "utf-8": "UTF-8", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16 (big-endian)", "twice": "UTF-8, encoded twice",
    "cp1252": "Windows-1252 (Western Europe)", "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
}  # fmt: skip

_UTF8_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF8.decode("cp1252").encode())  # also a mark that was encoded twice
_UTF16_MARKS = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_BLOCK = 1 << 20
_SAMPLE = 512  # bytes of a file in which zeros tell UTF-16
_HIGH_BYTES = bytes(range(0x80, 0x100))
_NOT_ASCII = re.compile("[^\x00-\x7f]+")
_WORD = re.compile(r"\w+")
_SHOWN_WORDS = 3
_BAD = re.compile("[\udc80-\udcff]")  # how Python's surrogateescape decodes a byte that can't stand where it does

# Characters of Windows-1252 that stand there as UTF-8: "Ã©" for "é".
_CP1252 = bytes(range(0x80, 0x100)).decode("cp1252", "ignore")
_UTF8_AS_CP1252 = re.compile("|".join(re.escape(char.encode().decode("cp1252", "replace")) for char in _CP1252))

# The bytes that text had before it was taken for Windows-1252 (or, where that has no character, for Latin-1).
_BYTE_OF = {ord(bytes([byte]).decode("cp1252", "ignore") or chr(byte)): byte for byte in range(0x100)}
_BYTE_OF |= {byte: byte for byte in range(0x80, 0xA0)}


@dataclass(frozen=True)
class Encoding:
    """How a file's text is encoded.

    name:    a key of ENCODINGS.
    reason:  how that shows: "by its byte order mark".
    certain: whether it can't well be anything else.
    start:   the bytes of byte order marks before the text.
    damaged: whether some bytes can't stand where they do; they are read as lone surrogates.
    """

    name: str
    reason: str
    certain: bool = True
    start: int = 0
    damaged: bool = False

    def __str__(self) -> str:
        return f"{ENCODINGS[self.name]}, {self.reason}"


def recognise_encoding(stream: IO[bytes], chosen: str) -> Encoding:
    """Tell the encoding of a file, or read it as a person has `chosen`. Reads all of it unless it begins as UTF-16."""
    stream.seek(0)
    head = stream.read(_SAMPLE)
    for mark, name in _UTF16_MARKS.items():
        if head.startswith(mark):
            return Encoding(chosen or name, "by its byte order mark", start=len(mark), damaged=True)
    if not chosen and (name := _zeros_of_utf16(head)):
        return Encoding(name, "by the zero in every second byte", certain=False, damaged=True)
    start = _length_of_marks(head)
    if chosen:
        return Encoding(chosen, "as chosen", start=start, damaged=True)
    stream.seek(start)
    valid, invalid, twice = _count_characters(stream)
    if invalid > valid:
        against = ", whatever its byte order mark says" if start else ""
        reason = f"since it has bytes that are no UTF-8{against}"
        return Encoding("cp1252", reason, certain=False, start=start, damaged=True)
    if twice:
        return Encoding("twice", "which has been undone", certain=False, start=start)
    reason = "by its byte order mark" if start else "by its characters" if valid else "since all of it is ASCII"
    return Encoding("utf-8", reason, start=start, damaged=invalid > 0)


def read_lines(stream: IO[bytes], encoding: Encoding) -> Iterator[str]:
    """Yield the lines of a file, each ended by one line feed, at most MAX_LINE_CHARS of each and then the rest."""
    codec = "utf-8" if encoding.name == "twice" else encoding.name
    errors = "replace" if codec.startswith("utf-16") else "surrogateescape"
    data = BufferedReader(_Bytes(stream, encoding.start), _BLOCK)  # type: ignore[type-var]
    text = TextIOWrapper(data, codec, errors)
    lines = iter(lambda: text.readline(MAX_LINE_CHARS), "")
    return map(_undo_second_encoding, lines) if encoding.name == "twice" else lines


def find_accents(stream: IO[bytes], encoding: Encoding) -> list[str]:
    """Return the first words of a file with characters beyond ASCII: people see by them whether it is read well."""
    words = (match[0] for line in read_lines(stream, encoding) for match in _WORD.finditer(line))
    return list(islice((word for word in words if not word.isascii()), _SHOWN_WORDS))


def find_bad_bytes(line: str, encoding: Encoding) -> str:
    """What is wrong with the bytes of a line of a damaged file, "" for nothing."""
    name, _, _ = ENCODINGS[encoding.name].partition(" (")
    if match := _BAD.search(line):
        byte = ord(match[0]) - 0xDC00
        other = bytes([byte]).decode("cp1252", "ignore") if name == "UTF-8" else ""
        hint = f"; in Windows-1252 it is {quote(other)}" if other else ""
        return f"the text isn't {name}: byte {byte:#04x} can't stand where it does{hint}"
    if encoding.name == "cp1252" and not encoding.certain and (match := _UTF8_AS_CP1252.search(line)):
        utf8 = match[0].encode("cp1252").decode()
        return f"the text is {name} elsewhere, but here {quote(match[0])} looks like UTF-8, where it is {quote(utf8)}"
    return f"the text isn't {name} here" if "\ufffd" in line and name.startswith("UTF-16") else ""


class _Bytes(RawIOBase):
    """The bytes of a stream from a place on. Several may read one stream in turns."""

    def __init__(self, stream: IO[bytes], start: int) -> None:
        self._stream, self._at = stream, start

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        self._stream.seek(self._at)
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _length_of_marks(head: bytes) -> int:
    length = 0
    while mark := next((mark for mark in _UTF8_MARKS if head.startswith(mark, length)), b""):
        length += len(mark)
    return length


def _zeros_of_utf16(head: bytes) -> str:
    """The kind of UTF-16 in which a heading's letters have their zeros, "" for none."""
    first, second = head[::2].count(0), head[1::2].count(0)
    most, least = max(first, second), min(first, second)
    if len(head) < len("a,b") or most * 5 < len(head) or least * 10 > most:  # two fifths of every second byte
        return ""
    return "utf-16-le" if second > first else "utf-16-be"


def _count_characters(stream: IO[bytes]) -> tuple[int, int, bool]:
    """Count a file's characters beyond ASCII and the bytes that are no UTF-8; tell whether all is encoded twice."""
    valid, invalid, twice, rest = 0, 0, True, b""
    while block := stream.read(_BLOCK):
        if block.isascii() and not rest:
            continue
        block = rest + block
        whole = block.rstrip(_HIGH_BYTES) or block  # a character's bytes end before the next ASCII
        rest = block[len(whole) :]
        counts = _count_in_block(whole, twice)
        valid, invalid, twice = valid + counts[0], invalid + counts[1], counts[2]
    counts = _count_in_block(rest, twice)
    return valid + counts[0], invalid + counts[1], counts[2] and valid + counts[0] > 0


def _count_in_block(block: bytes, twice: bool) -> tuple[int, int, bool]:
    text = block.decode("utf-8", "surrogateescape")
    invalid = len(_BAD.findall(text))
    valid = len(text) - len(text.encode("ascii", "ignore")) - invalid
    return valid, invalid, twice and not invalid and all(map(_was_encoded_twice, _NOT_ASCII.findall(text)))


def _was_encoded_twice(text: str) -> bool:
    try:
        return _undo_second_encoding(text) != text
    except ValueError:
        return False


def _undo_second_encoding(text: str) -> str:
    """Raises ValueError where the text wasn't encoded twice."""
    return codecs.charmap_encode(text, "strict", _BYTE_OF)[0].decode() if not text.isascii() else text
