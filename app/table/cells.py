"""Cells of a CSV, a column of a chunk at a time: what most cells have in common is found out once for all of them."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from app.table.dialect import Dialect
from app.table.kind import DATE, DATETIME, INTEGER, MONEY, Kind

Writer = Callable[[Sequence[Any]], Iterable[Any]]
"""Writes the values of one column as cells."""

Names = Iterable[tuple[int, Any]]
"""Names by the numbers that stand for them."""

_REMEMBERED, _SHORT = 10_000, 200
"""Cells of a column that are remembered, and how long one may be, so that memory stays what it is."""

_SMALL = len("-99")
"""Characters of an amount in cents that may be less than a whole unit."""


def writer(dialect: Dialect, kind: Kind, names: Names | None = None) -> Writer:
    """How values of one kind are written, or numbers that stand for `names`: each name is made a cell once."""
    if names is not None:
        known = {number: dialect.cell(kind, name) for number, name in names}
        return lambda values: map(known.__getitem__, values)
    if kind in (DATE, DATETIME):
        return lambda values: values
    if kind is INTEGER:
        return lambda values: map(str, values)
    if kind is MONEY:
        return partial(_amounts, dialect, _Cells(lambda cents: dialect.cell(kind, int(cents))))
    cells = _Cells(partial(dialect.cell, kind))
    return lambda values: values if dialect.takes(values) else map(cells.__getitem__, values)


def _amounts(dialect: Dialect, small: "_Cells", values: Sequence[Any]) -> list[str]:
    """Amounts of a whole unit or more differ from their cents in nothing but the sign between the two."""
    between, cents = dialect.decimal, map(str, values)
    return [f"{each[:-2]}{between}{each[-2:]}" if len(each) > _SMALL else small[each] for each in cents]


class _Cells(dict[Any, str]):
    """Names and the like recur, so that each is written once."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        self.write = write

    def __missing__(self, value: Any) -> str:
        if len(self) >= _REMEMBERED:
            self.clear()
        cell = self.write(value)
        if len(cell) <= _SHORT:
            self[value] = cell
        return cell
