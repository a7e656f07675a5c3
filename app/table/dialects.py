"""The dialects of CSV: how the files differ that spreadsheets of different countries expect."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.table.kinds import MONEY, Kind

DIALECT_KEY = "dialect"  # its key in the query string of a CSV; it is no part of a view
_FORMULA_STARTS = frozenset("'=+-@\t")  # first characters of texts that `kinds.guard` may change


@dataclass(frozen=True)
class Dialect:
    """A way to write CSV.

    name:      its value in the query string.
    start:     what the file begins with: the byte order mark tells Excel that it is UTF-8.
    delimiter: stands between cells.
    decimal:   stands before the cents of an amount.
    """

    name: str
    start: str = "\ufeff"
    delimiter: str = ","
    decimal: str = "."

    def cell(self, kind: Kind, value: Any) -> str:
        text = kind.export(value)
        return self.quote(text.replace(".", self.decimal) if kind is MONEY else text)

    def quote(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if self._special(text) else text

    def all_plain(self, texts: Sequence[str]) -> bool:
        """Whether no text needs quotes or a guard. To search all texts as one string is faster than each by itself."""
        joined = "\n".join(texts)
        special = any(each in joined for each in (self.delimiter, '"', "\r")) or joined.count("\n") >= len(texts)
        return not special and _FORMULA_STARTS.isdisjoint([text[:1] for text in texts])

    @cached_property
    def _special(self) -> Callable[[str], Any]:
        return re.compile(f'[{self.delimiter}"\r\n]').search


EXCEL = Dialect("excel")  # the default
SEMICOLON = Dialect("semicolon", delimiter=";", decimal=",")  # for countries with a decimal comma
PLAIN = Dialect("plain", start="")  # for programs that take the byte order mark for a part of the heading
DIALECTS = {dialect.name: dialect for dialect in (EXCEL, SEMICOLON, PLAIN)}
