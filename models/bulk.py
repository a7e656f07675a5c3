"""Write many rows at once: Peewee makes the SQL once, and the driver executes it for all rows, ten times as fast."""

from collections.abc import Iterable, Sequence
from typing import Any

from models.errors import driver_errors

Table = Any  # a Peewee model class


def execute_many(query: Any, rows: Iterable[Sequence[Any]]) -> None:
    """Execute a model's query once for each of `rows`, which are its parameters in their order."""
    sql, _ = query.sql()
    with driver_errors:
        query.model._meta.database.connection().cursor().executemany(sql, rows)


def insert_query(table: Table, names: Sequence[str]) -> Any:
    """Return the query that inserts one row with values for the fields `names`."""
    return table.insert_many([[0] * len(names)], [getattr(table, name) for name in names]).returning()
