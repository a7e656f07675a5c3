"""How many rows there are: exactly, or whether they are more than a page should wait to be told."""

from dataclasses import replace

from app.table.memo import remembered, until_next_load
from app.table.rows import Rows
from models import database

COUNTED = 25_000
"""So many rows are counted before a page is shown. Of more it says so, and asks for their number afterwards."""

FEW = 5_000
"""So many rows are sorted sooner than an order of a million is walked to find a page of them."""

_FAR = 4
"""Of more rows than are counted a walk may be so many times as long: it takes longer to find and sort them, too."""


def planned(rows: Rows) -> Rows:
    """The same rows, to be found in the quicker way."""
    if rows.are_all:
        return rows
    number = _at_most(rows)
    return replace(rows, few=number <= FEW, reach=_FAR if number > COUNTED else 1)


def known_count(rows: Rows) -> int | None:
    """How many rows there are, None when there are many and nobody has counted them since the last import."""
    exact: int | None = remembered((rows.choice, None))
    if exact is not None:
        return exact
    counted = _at_most(rows)
    return counted if counted <= COUNTED else None


def are_more_than(rows: Rows, number: int) -> bool:
    """Whether there are more rows than that. They are counted no further."""
    exact: int | None = remembered((rows.choice, None))
    return (_counted(rows, number + 1) if exact is None else exact) > number


def count(rows: Rows) -> int:
    return _counted(rows, None)


def _at_most(rows: Rows) -> int:
    """How many rows there are, but no more than one above what is counted."""
    return _counted(rows, COUNTED + 1)


def _counted(rows: Rows, at_most: int | None) -> int:
    key = (rows.choice, at_most)
    counted: int = until_next_load(key, lambda: database.execute(rows.count(at_most)).fetchone()[0])
    return counted
