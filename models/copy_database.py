"""An installation moved from one database to another: SQLite to PostgreSQL, or back."""

from collections.abc import Callable, Iterator
from typing import Any

from peewee import SQL, BooleanField, fn

from models.access import Attempt, SavedView, Session, User
from models.audit import AuditEvent
from models.bulk import Table, execute_many, insert_query
from models.connections import access_db, databases_at, reports_db
from models.reports import (
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    Customer,
    CustomerUsage,
    Holding,
    Import,
    Product,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
)

_NAME_TABLES = (Reseller, Actor, Product, CertificateType, Bundle)
_ROW_TABLES = (Subscription, Transaction, CustomerUsage, TypeUsage, Holding)
_REPORT_TABLES = (*_NAME_TABLES, Customer, BundleProduct, *_ROW_TABLES, Import)
_ACCESS_TABLES = (User, Session, SavedView, Attempt, AuditEvent)

_BATCH = 5000

Progress = Callable[[int], object]
"""Is told how many rows were copied since it was last told."""


class DatabaseNotEmpty(Exception):
    """The database that should be filled holds something already."""


class DatabaseCopy:
    """All rows of the databases at `url`, for those that are open; to be closed at the end. Raises BadAddress."""

    def __init__(self, url: str) -> None:
        reports, users = databases_at(url)
        self._parts = ((reports, reports_db, _REPORT_TABLES), (users, access_db, _ACCESS_TABLES))

    def size(self) -> int:
        """How many rows there are to copy."""
        return sum(_count(source, table) for source, _, tables in self._parts for table in tables)

    def close(self) -> None:
        for source, _, _ in self._parts:
            source.close()

    def run(self, progress: Progress | None = None) -> None:
        """Copy all rows as they were at one moment, or none. Raises NotEmpty."""
        with reports_db.write_transaction(), access_db.write_transaction():
            for source, target, tables in self._parts:
                if any(_count(target, table) for table in tables):
                    raise DatabaseNotEmpty("The database already holds something; a copy fills only a new one.")
                with source.read_transaction():
                    for table in tables:
                        _copy(source, table, progress)
                        target.reset_sequence(table)


def _count(source: Any, table: Table) -> int:
    """How many rows a table has besides the nameless one, which every database brings."""
    number: int = source.execute(_select_after(table, 0, [fn.COUNT(SQL("*"))])).fetchone()[0]
    return number


def _copy(source: Any, table: Table, progress: Progress | None) -> None:
    fields = table._meta.sorted_fields
    query = insert_query(table, [field.name for field in fields])
    truths = [index for index, field in enumerate(fields) if isinstance(field, BooleanField)]
    for rows in _batches(source, table, fields):
        execute_many(query, _with_booleans(rows, truths) if truths else rows)
        if progress:
            progress(len(rows))


def _with_booleans(rows: list[Any], truths: list[int]) -> Iterator[list[Any]]:
    """The rows with True and False where SQLite has 1 and 0."""
    for row in map(list, rows):
        for index in truths:
            row[index] = bool(row[index])
        yield row


def _batches(source: Any, table: Table, fields: list[Any]) -> Iterator[list[Any]]:
    """The rows of a table, each batch found behind the last; one without numbers, which is short, at once."""
    if table._meta.composite_key:
        yield source.execute(table.select(*fields)).fetchall()
        return
    number = fields.index(table.id)
    rows = source.execute(_select_after(table, 0, fields).order_by(table.id).limit(_BATCH)).fetchall()
    while rows:
        yield rows
        rows = source.execute(
            _select_after(table, rows[-1][number], fields).order_by(table.id).limit(_BATCH)
        ).fetchall()


def _select_after(table: Table, number: int, values: list[Any]) -> Any:
    query = table.select(*values)
    return query if table._meta.composite_key else query.where(table.id > number)
