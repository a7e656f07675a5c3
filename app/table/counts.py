"""How many rows there are: exactly, or whether they are more than a page should wait to be told."""

from dataclasses import replace

from app.table.cache import cached, cached_until_import
from app.table.query import RowQuery
from models import reports_db

COUNT_LIMIT = 25_000
"""So many rows are counted before a page is shown. Of more it says so, and asks for their number afterwards."""

SORT_LIMIT = 5_000
"""So many rows are sorted sooner than an order of a million is walked to find a page of them."""

_LONG_SCAN = 4
"""Of more rows than are counted a walk may be so many times as long: it takes longer to find and sort them, too."""


def choose_strategy(rows: RowQuery) -> RowQuery:
    """The same rows, to be found in the quicker way."""
    if rows.is_unfiltered:
        return rows
    number = _bounded_count(rows)
    return replace(rows, sort_matches=number <= SORT_LIMIT, scan_budget=_LONG_SCAN if number > COUNT_LIMIT else 1)


def count_if_quick(rows: RowQuery) -> int | None:
    """How many rows there are, None when there are many and nobody has counted them since the last import."""
    exact: int | None = cached((rows.cache_key, None))
    if exact is not None:
        return exact
    counted = _bounded_count(rows)
    return counted if counted <= COUNT_LIMIT else None


def has_more_than(rows: RowQuery, number: int) -> bool:
    """Whether there are more rows than that. They are counted no further."""
    exact: int | None = cached((rows.cache_key, None))
    return (_cached_count(rows, number + 1) if exact is None else exact) > number


def count_rows(rows: RowQuery) -> int:
    return _cached_count(rows, None)


def _bounded_count(rows: RowQuery) -> int:
    """How many rows there are, but no more than one above what is counted."""
    return _cached_count(rows, COUNT_LIMIT + 1)


def _cached_count(rows: RowQuery, at_most: int | None) -> int:
    key = (rows.cache_key, at_most)
    counted: int = cached_until_import(key, lambda: reports_db.execute(rows.count(at_most)).fetchone()[0])
    return counted
