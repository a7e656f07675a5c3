"""Sort more rows than the memory should hold."""

import json
from collections.abc import Iterator
from heapq import merge
from tempfile import TemporaryFile
from typing import IO, Any

from peewee import chunked

_RUN_ROWS = 50_000  # that are sorted in memory
_BLOCK_ROWS = 100  # that are written and read at once

AnyRow = tuple[Any, ...]


class SortedRows:
    """Rows of numbers and texts, sorted in temporary files where they are many. Use it in a `with`.

    Raises OSError when the disk is full.
    """

    def __init__(self) -> None:
        self._run: list[AnyRow] = []  # rows that aren't in a file yet
        self._files: list[IO[str]] = []

    def __enter__(self) -> "SortedRows":
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def add(self, row: AnyRow) -> None:
        self._run.append(row)
        if len(self._run) == _RUN_ROWS:
            file = TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - __exit__ closes it
            self._files.append(file)
            file.writelines(f"{json.dumps(block)}\n" for block in chunked(sorted(self._run), _BLOCK_ROWS))
            self._run = []

    def __iter__(self) -> Iterator[AnyRow]:
        return merge(sorted(self._run), *map(_read, self._files))


def _read(file: IO[str]) -> Iterator[AnyRow]:
    file.seek(0)
    for block in map(json.loads, file):
        yield from map(tuple, block)
