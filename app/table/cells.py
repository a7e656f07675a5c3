"""Cells of a CSV, a column of a chunk at a time: what most cells have in common is found out once for all of them."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from app.table.kind import DATE, DATETIME, INTEGER, MONEY, Kind

Writer = Callable[[Sequence[Any]], Iterable[str]]
"""Writes the values of one column as cells."""

_QUOTED = re.compile('[,"\r\n]')
_UNUSUAL = re.compile("[,\"\r]|(?:^|\n)['=+\\-@\t]").search
"""Finds, in cells with line feeds between, one that must be quoted or guarded, or that only looks so."""

_REMEMBERED, _SHORT = 10_000, 200
"""Cells of a column that are remembered, and how long one may be, so that memory stays what it is."""


def writer(kind: Kind) -> Writer:
    """How values of one kind are written."""
    if kind in (INTEGER, DATE, DATETIME):
        return lambda values: map(str, values)
    if kind is MONEY:
        amounts = _Cells(lambda cents: kind.export(int(cents)))
        return lambda values: map(amounts.__getitem__, values)
    cells = _Cells(kind.export)
    return lambda values: values if _usual(values) else map(cells.__getitem__, values)


def looked_up(kind: Kind, names: Iterator[tuple[int, Any]]) -> Writer:
    """How numbers are written that stand for `names`: each name is made a cell once."""
    cells = {number: quoted(kind.export(name)) for number, name in names}
    return lambda values: map(cells.__getitem__, values)


def quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell


def _usual(texts: Sequence[str]) -> bool:
    """Whether all texts are cells as they stand."""
    joined = "\n".join(texts)
    return joined.count("\n") == len(texts) - 1 and not _UNUSUAL(joined)


class _Cells(dict[Any, str]):
    """Amounts, names and the like recur, so that each is written once."""

    def __init__(self, export: Callable[[Any], str]) -> None:
        self.export = export

    def __missing__(self, value: Any) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        cell = quoted(self.export(value))
        if len(cell) <= _SHORT:
            self[value] = cell
        return cell
