"""Read and write many rows of one table at once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from app.importing.results import Row
from models import reports_db
from models.connections import execute_many, insert_many

BATCH_ROWS = 1000  # rows that one statement reads or writes

Table = Any  # a Peewee model class


def field_names(table: Table, *excluded: str) -> list[str]:
    """The names of a table's fields but for `id` and those `excluded`."""
    return [field.name for field in table._meta.sorted_fields if field.name not in ("id", *excluded)]


def insert_rows(table: Table, rows: Sequence[Row]) -> None:
    """Insert rows, all with the same fields."""
    if rows:
        names = list(rows[0])
        insert_many(table, names, map(itemgetter(*names), rows))


def update_rows(table: Table, rows: Sequence[Row]) -> None:
    """Update rows by their `id`, all with the same fields."""
    if rows:
        names = [name for name in field_names(table) if name in rows[0]]
        execute_updates(table, names, list(map(itemgetter(*names, "id"), rows)))


def write_changes(table: Table, changes: Iterable[tuple[Row, Row]]) -> None:
    """Update rows, given as they are stored and as they become: only fields that differ.

    A database writes every index on a field that an UPDATE names, whether its value changes or not.
    """
    by_names: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for old, new in changes:
        by_names[tuple(name for name in old if old[name] != new[name])].append(new)
    for names, rows in by_names.items():
        if names:
            execute_updates(table, names, list(map(itemgetter(*names, "id"), rows)))


def execute_updates(table: Table, names: Sequence[str], values: Sequence[Sequence[Any]]) -> None:
    """Update the fields `names` of rows to `values`, each of which ends with the row's id."""
    if values:
        execute_many(table.update(dict.fromkeys(names, 0)).where(table.id == 0), values)


def select_rows(table: Table, names: Sequence[str], condition: Any) -> Iterator[Row]:
    """Read the fields `names`, and `id`, of the rows that meet a condition."""
    selected = ["id", *names]
    query = table.select(*(getattr(table, name) for name in selected)).where(condition)
    return (dict(zip(selected, values, strict=True)) for values in reports_db.execute(query))
