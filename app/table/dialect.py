"""The dialects of CSV: in what the programs and countries that open files differ, and nothing else."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.table.asked import Complaint
from app.table.kind import MONEY, Kind

KEY = "dialect"
"""In a query string. It belongs to the file, not to the view."""


_GUARDED = frozenset("'=+-@\t")
"""How texts begin that `guard` may change."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV is written: behind `start`, with `delimiter` between cells and `decimal` before the cents."""

    name: str
    start: str = "\ufeff"
    delimiter: str = ","
    decimal: str = "."

    def cell(self, kind: Kind, value: Any) -> str:
        text = kind.export(value)
        return self.quoted(text.replace(".", self.decimal) if kind is MONEY else text)

    def quoted(self, text: str) -> str:
        return '"' + text.replace('"', '""') + '"' if self._special(text) else text

    def takes(self, texts: Sequence[str]) -> bool:
        """Whether all texts are cells as they stand, told of a thousand in a third of the time that a pattern takes."""
        joined = "\n".join(texts)
        spoiled = any(each in joined for each in (self.delimiter, '"', "\r")) or joined.count("\n") >= len(texts)
        return not spoiled and _GUARDED.isdisjoint([text[:1] for text in texts])

    @cached_property
    def _special(self) -> Callable[[str], Any]:
        return re.compile(f'[{self.delimiter}"\r\n]').search


EXCEL = Dialect("excel")
"""The contract's, and what is meant when none is named."""

SEMICOLON = Dialect("semicolon", delimiter=";", decimal=",")
"""What spreadsheets expect where a comma stands before the cents."""

PLAIN = Dialect("plain", start="")
"""Without the byte order mark that tells Excel of UTF-8, and that other programs take for a part of the heading."""

DIALECTS = {each.name: each for each in (EXCEL, SEMICOLON, PLAIN)}


def parse_dialect(pairs: Iterable[tuple[str, str]]) -> tuple[Dialect, list[Complaint]]:
    """Read the dialect that a query string names."""
    named = [value for key, value in pairs if key == KEY and value]
    right = f"is not a dialect of CSV; use one of {', '.join(DIALECTS)}"
    complaints = [Complaint(KEY, value, right) for value in named if value not in DIALECTS]
    complaints += [Complaint(KEY, value, f"is a second value; {KEY} can have only one") for value in named[1:]]
    return (DIALECTS.get(named[0], EXCEL) if named else EXCEL), complaints
