"""Reading and writing many rows of one table at once."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, TypeVar

from models import database
from models.bulk import inserting, run_many

BATCH = 1000
"""Rows that are read or written by one statement."""

Row = dict[str, Any]
"""A table row's values by field name."""

Table = Any
"""A Peewee model class."""

T = TypeVar("T")


def batches(items: Iterable[T]) -> Iterator[list[T]]:
    """Yield `items` in lists of at most BATCH."""
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch


def fields(table: Table, *derived: str) -> list[str]:
    """The names of the fields of `table` besides its number and those named."""
    return [field.name for field in table._meta.sorted_fields if field.name not in ("id", *derived)]


def insert(table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, each with the same fields."""
    if rows:
        names = list(rows[0])
        run_many(inserting(table, names), map(itemgetter(*names), rows))


def update(table: Table, rows: Sequence[Row]) -> None:
    """Update rows by their id, each with the same fields."""
    if rows:
        names = [name for name in fields(table) if name in rows[0]]
        query = table.update(dict.fromkeys(names, 0)).where(table.id == 0)
        run_many(query, map(itemgetter(*names, "id"), rows))


def read(table: Table, names: Sequence[str], condition: Any) -> Iterator[Row]:
    """The rows that meet a condition, with their id and the fields `names`. Dates are text, as files have them."""
    chosen = ["id", *names]
    query = table.select(*(getattr(table, name) for name in chosen)).where(condition)
    return (dict(zip(chosen, values, strict=True)) for values in database.execute(query))


def among(field: Any, values: Sequence[str | int]) -> Any:
    """The condition that `field` is one of `values`. They are one parameter: Peewee is slow with thousands."""
    return database.among(field, values)
