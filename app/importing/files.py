"""A CSV file's rows, read one at a time in little memory, each with the line where it begins."""

import csv
from collections.abc import Callable, Iterator
from typing import IO

Progress = Callable[[int], None]
"""Is told how many bytes were read since it was last told."""

CELL = 1_000_000
"""Characters that a cell may have."""

ROW = 32_000_000
"""Bytes that a row may have."""

_BOM = b"\xef\xbb\xbf"
_TOLD = 1 << 16
_TOO_LONG = "a cell is over 1 MB"


class Unreadable(Exception):
    """The file can't be read beyond the row that begins in `line`; `text` says why."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(line, text)
        self.line = line
        self.text = text


def rows(stream: IO[bytes], progress: Progress | None) -> Iterator[tuple[int, list[str]]]:
    """Yield each row's line and cells, the heading first. Raises Unreadable."""
    csv.field_size_limit(CELL)
    lines = _Lines(stream, progress or _untold)
    reader = csv.reader(lines, strict=True)
    while True:
        line = reader.line_num + 1
        lines.room = ROW
        try:
            cells = next(reader)
        except StopIteration:
            return
        except (csv.Error, ValueError) as error:
            raise Unreadable(line, _reason(error)) from None
        yield line, cells


class _Lines:
    """The lines of a stream as text, line breaks included. `room` is how many bytes more the present row may have."""

    def __init__(self, stream: IO[bytes], progress: Progress) -> None:
        self._stream = stream
        self._progress = progress
        self._untold = 0
        self._bom = _BOM
        self.room = ROW

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._stream.readline(self.room + 1)
        self._tell(len(line))
        if not line:
            raise StopIteration
        self.room -= len(line)
        if self.room < 0:
            raise ValueError(_TOO_LONG)
        if b"\0" in line:
            raise ValueError("there is a NUL, which no text can have")
        start, self._bom = self._bom, b""
        return line.removeprefix(start).decode()

    def _tell(self, size: int) -> None:
        self._untold += size
        if self._untold >= _TOLD or not size:
            self._progress(self._untold)
            self._untold = 0


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"the text isn't UTF-8: byte {error.object[error.start]:#04x} can't stand where it does"
    if isinstance(error, csv.Error):
        return _TOO_LONG if "field limit" in str(error) else "quotes or line breaks stand where none can"
    return str(error)


def _untold(size: int) -> None:
    pass
