"""An installation moved from one database to another: SQLite to PostgreSQL, or back."""

from collections.abc import Callable, Iterator
from typing import Any

from peewee import SQL, BooleanField, fn

from models.accounts import Attempt, SavedView, Session, User
from models.audit import AuditEvent
from models.bulk import Table, inserting, run_many
from models.catalogue import Bundle, BundleProduct, CertificateType, Product
from models.database import access, database, databases
from models.load import Load
from models.parties import Actor, Customer, Reseller
from models.rows import CustomerUsage, Holding, Subscription, Transaction, TypeUsage

_NAMES = (Reseller, Actor, Product, CertificateType, Bundle)
_ROWS = (Subscription, Transaction, CustomerUsage, TypeUsage, Holding)
_REPORTS = (*_NAMES, Customer, BundleProduct, *_ROWS, Load)
_ACCESS = (User, Session, SavedView, Attempt, AuditEvent)

_BATCH = 5000

Progress = Callable[[int], object]
"""Is told how many rows were copied since it was last told."""


class NotEmpty(Exception):
    """The database that should be filled holds something already."""


class Copy:
    """All rows of the databases at `url`, for those that are open; to be closed at the end. Raises BadAddress."""

    def __init__(self, url: str) -> None:
        reports, users = databases(url)
        self._parts = ((reports, database, _REPORTS), (users, access, _ACCESS))

    def size(self) -> int:
        """How many rows there are to copy."""
        return sum(_count(source, table) for source, _, tables in self._parts for table in tables)

    def close(self) -> None:
        for source, _, _ in self._parts:
            source.close()

    def run(self, progress: Progress | None = None) -> None:
        """Copy all rows as they were at one moment, or none. Raises NotEmpty."""
        with database.writing(), access.writing():
            for source, target, tables in self._parts:
                if any(_count(target, table) for table in tables):
                    raise NotEmpty("The database already holds something; a copy fills only a new one.")
                with source.reading():
                    for table in tables:
                        _copy(source, table, progress)
                        target.renumber(table)


def _count(source: Any, table: Table) -> int:
    """How many rows a table has besides the nameless one, which every database brings."""
    number: int = source.execute(_from(table, 0, [fn.COUNT(SQL("*"))])).fetchone()[0]
    return number


def _copy(source: Any, table: Table, progress: Progress | None) -> None:
    fields = table._meta.sorted_fields
    query = inserting(table, [field.name for field in fields])
    truths = [index for index, field in enumerate(fields) if isinstance(field, BooleanField)]
    for rows in _batches(source, table, fields):
        run_many(query, _truthful(rows, truths) if truths else rows)
        if progress:
            progress(len(rows))


def _truthful(rows: list[Any], truths: list[int]) -> Iterator[list[Any]]:
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
    rows = source.execute(_from(table, 0, fields).order_by(table.id).limit(_BATCH)).fetchall()
    while rows:
        yield rows
        rows = source.execute(_from(table, rows[-1][number], fields).order_by(table.id).limit(_BATCH)).fetchall()


def _from(table: Table, number: int, values: list[Any]) -> Any:
    query = table.select(*values)
    return query if table._meta.composite_key else query.where(table.id > number)
