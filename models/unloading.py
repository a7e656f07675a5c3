"""Rows out of PostgreSQL, at the speed of COPY."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import psycopg

_ESCAPED = re.compile(r"\\(.)")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Snapshot:
    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def columns(self, query: Any, size: int) -> Iterator[list[Sequence[str]]]:
        """COPY makes no objects of rows, and its text is what most cells of a file are: all values are text."""
        statement = psycopg.ClientCursor(self._connection).mogrify(*query.sql())
        with self._connection.cursor().copy(f"COPY ({statement}) TO STDOUT") as rows:
            while block := b"".join(islice(rows, size)):
                text = block[:-1].decode()
                width = text.partition("\n")[0].count("\t") + 1
                cells = text.replace("\n", "\t").split("\t")
                if "\\" in text:
                    cells = [_ESCAPED.sub(_meant, cell) for cell in cells]
                yield [cells[column::width] for column in range(width)]


def _meant(escaped: re.Match[str]) -> str:
    return _ESCAPES.get(escaped[1], escaped[1])
