"""Copy an installation from one database to another: SQLite to PostgreSQL, or back."""

from collections.abc import Callable
from typing import Any

from peewee import SQL, BooleanField, fn

from models import access, audit, reports
from models.connections import access_db, databases_at, insert_many, reports_db

_BATCH_ROWS = 5000

Progress = Callable[[int], object]  # called with the number of rows that the last step has copied


class DatabaseNotEmpty(Exception):
    """The database to fill holds something already."""


class DatabaseCopy:
    """Copies all rows of the databases at a URL into those that are open. To be closed. Raises BadDatabaseURL."""

    def __init__(self, url: str) -> None:
        source_reports, source_access = databases_at(url)
        self._parts = (
            (source_reports, reports_db, reports.TABLES),
            (source_access, access_db, (*access.TABLES, audit.AuditEvent)),
        )

    def size(self) -> int:
        """The number of rows to copy."""
        return sum(_count(source, table) for source, _, tables in self._parts for table in tables)

    def run(self, progress: Progress | None = None) -> None:
        """Copy all rows, as they are at one moment, or none. Raises DatabaseNotEmpty."""
        with reports_db.write_transaction(), access_db.write_transaction():
            for source, target, tables in self._parts:
                if any(_count(target, table) for table in tables):
                    raise DatabaseNotEmpty("The database already holds something; a copy fills only a new one.")
                with source.snapshot() as snapshot:
                    for table in tables:
                        _copy_table(snapshot, table, progress)
                        target.reset_sequence(table)

    def close(self) -> None:
        for source, _, _ in self._parts:
            source.close()


def _count(database: Any, table: Any) -> int:
    return int(database.execute(_select(table, fn.COUNT(SQL("*")))).fetchone()[0])


def _copy_table(snapshot: Any, table: Any, progress: Progress | None) -> None:
    fields = table._meta.sorted_fields
    for columns in snapshot.columns(_select(table, *fields).order_by(fields[0]), _BATCH_ROWS):
        # SQLite has 0 and 1 for what PostgreSQL takes as booleans only.
        values = [
            map(bool, column) if isinstance(field, BooleanField) else column
            for field, column in zip(fields, columns, strict=True)
        ]
        insert_many(table, [field.name for field in fields], zip(*values, strict=True))
        if progress:
            progress(len(columns[0]))


def _select(table: Any, *values: Any) -> Any:
    """Select from the rows of a table, except the nameless row with the id 0 that every database brings."""
    query = table.select(*values)
    return query if table._meta.composite_key else query.where(table.id > 0)
