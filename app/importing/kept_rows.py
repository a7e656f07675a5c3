"""Keep the rows that an import changes as they were, so that it can be undone.

What is kept are rows of the tables below. Everything that follows from them is computed anew when an import is undone:
sums, days of cancellation, keys, copies of a customer's fields. Names are kept as texts, since a name that nothing uses
goes with the import that added it, and its id with it.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from app.importing.derived import holds_something
from app.importing.names import CachedCustomer, Indexes, NameIndex
from app.importing.results import Change, Row
from app.importing.rows import BATCH_ROWS, Table
from app.table.expressions import without_index
from models import (
    USAGE_COUNTS,
    Actor,
    Bundle,
    CertificateType,
    ChangedRow,
    Customer,
    Holding,
    Product,
    Reseller,
    Subscription,
    Transaction,
)
from models.connections import insert_many

# The fields of each table that are kept. Names are the values of those in NAME_FIELDS.
KEPT_FIELDS: dict[Table, tuple[str, ...]] = {
    Customer: ("name", "ref", "reseller"),
    Subscription: (
        *("customer", "name", "file_cancelled_at", "ends_on", "cost", "ordered_on", "modified_by", "modified_at"),
        "items_quantity",
    ),
    Transaction: ("customer", "subscription_ref", "bundle", "action", "date", "total", "cost", "user"),
    Holding: USAGE_COUNTS,
}
NAME_FIELDS: dict[Table, dict[str, Table]] = {
    Customer: {"reseller": Reseller},
    Subscription: {"modified_by": Actor},
    Transaction: {"bundle": Bundle, "user": Actor},
    Holding: {},
}
# Tables of names in the order in which unused ones can be removed.
NAME_TABLES = (Bundle, Product, CertificateType, Actor, Reseller)

_FIELDS = ("number", "kind", "table", "ref", "before")
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def table_name(table: Table) -> str:
    """The name of a table in ChangedRow."""
    return str(table._meta.table_name)


TABLES_BY_NAME = {table_name(table): table for table in KEPT_FIELDS}


def customer_ref(id_: int) -> str:
    """What identifies a customer in ChangedRow: the id, so that the last ref is that of the highest id."""
    return f"{id_:012}"


def holding_ref(customer: int, certificate_type: str, product: str) -> str:
    """What identifies a holding in ChangedRow: JSON of the customer's id and two names."""
    return _encode([customer, certificate_type, product])


class RowReader:
    """Turns stored rows into what is kept of them."""

    def __init__(self, indexes: Indexes) -> None:
        self._types, self._products = indexes.certificate_types.names, indexes.products.names
        self._names = {table: index.names for table, index in name_indexes(indexes).items()}

    def ref(self, table: Table, row: Row) -> str:
        """What identifies a row in ChangedRow."""
        if table is Holding:
            return holding_ref(row["customer"], self._types[row["certificate_type"]], self._products[row["product"]])
        return customer_ref(row["id"]) if table is Customer else row["ref"]

    def values(self, table: Table, row: Row, fields: Iterable[str] = ()) -> Row:
        """The kept values of a row: those of `fields`, or all."""
        names = NAME_FIELDS[table]
        return {
            field: self._names[names[field]][row[field]] if field in names else row[field]
            for field in fields or KEPT_FIELDS[table]
        }


class HistoryWriter:
    """Writes the changes of one import into ChangedRow. `rows` is how many it has written."""

    def __init__(self, number: int, indexes: Indexes) -> None:
        self.number, self.rows = number, 0
        self._indexes, self._reader = indexes, RowReader(indexes)
        self._left: set[int] = set()  # customers to whom a row belonged before

    def keep(self, kind: str, changes: Sequence[Change]) -> None:
        """Keep rows of subscriptions, transactions or holdings. Each may change once in an import."""
        keep_row = self._keep_holding if changes and changes[0].table is Holding else self._keep_row
        self._write(filter(None, (keep_row(kind, change) for change in changes)))

    def finish(self) -> None:
        """Keep the customers and names that the import has added or changed, after all rows."""
        customers = self._indexes.customers
        known = [customer for customer in customers.before if customer not in customers.new]
        changed = [customer for customer in known if self._changed_fields(customer)]
        added = sorted(customers.new, key=attrgetter("id"))  # in the order of the file
        self._write(("added", "customer", customer_ref(customer.id), None) for customer in added)
        self._write(
            ("updated", "customer", customer_ref(customer.id), self._customer_before(customer)) for customer in changed
        )
        left = self._left.difference(customer.id for customer in (*changed, *added))
        self._write(("left", "customer", customer_ref(id_), None) for id_ in sorted(left))
        for table, index in name_indexes(self._indexes).items():
            self._write(("added", table_name(table), name, None) for name in index.new)

    def keep_removed_customers(self, customers: Iterable[CachedCustomer]) -> None:
        """Keep customers that an undo removes."""
        self._write(
            ("removed", "customer", customer_ref(customer.id), _encode(self._reader.values(Customer, customer.row())))
            for customer in customers
        )

    def _keep_row(self, kind: str, change: Change) -> tuple[Any, ...] | None:
        table, before, after = change
        if before is None:
            return kind, table_name(table), after and after["ref"], None
        fields = KEPT_FIELDS[table]
        changed = fields if after is None else [field for field in fields if before[field] != after[field]]
        if not changed:
            return None
        if "customer" in changed:
            self._left.add(before["customer"])
        return kind, table_name(table), before["ref"], _encode(self._reader.values(table, before, changed))

    def _keep_holding(self, kind: str, change: Change) -> tuple[Any, ...] | None:
        """A customer's row of zeros stands for no holding."""
        before, after = (row if row and holds_something(row) else None for row in change[1:])
        row = before or after
        if row is None:
            return None
        ref = self._reader.ref(Holding, row)
        if before is None:
            return "added", "holding", ref, None
        if after is None:
            self._left.add(before["customer"])
            return "removed", "holding", ref, _encode(self._reader.values(Holding, before))
        changed = [field for field in USAGE_COUNTS if before[field] != after[field]]
        return (kind, "holding", ref, _encode(self._reader.values(Holding, before, changed))) if changed else None

    def _changed_fields(self, customer: CachedCustomer) -> list[str]:
        before = self._indexes.customers.before[customer]
        return [field for field in KEPT_FIELDS[Customer] if getattr(before, field) != getattr(customer, field)]

    def _customer_before(self, customer: CachedCustomer) -> str:
        before = self._indexes.customers.before[customer]
        fields = self._changed_fields(customer)
        return _encode(self._reader.values(Customer, {field: getattr(before, field) for field in fields}, fields))

    def _write(self, rows: Iterable[tuple[Any, ...]]) -> None:
        numbered = [(self.number, *row) for row in rows]
        if numbered:
            insert_many(ChangedRow, _FIELDS, numbered)
            self.rows += len(numbered)


def name_indexes(indexes: Indexes) -> dict[Table, NameIndex]:
    """The index of each table of names."""
    return {
        Bundle: indexes.bundles,
        Product: indexes.products,
        CertificateType: indexes.certificate_types,
        Actor: indexes.actors,
        Reseller: indexes.resellers,
    }


def is_row_change(kept: Any = ChangedRow) -> Any:
    """The condition that what is kept is a row that changed, not the mark of a customer that lost a row to another."""
    return kept.kind != "left"


def each_batch(number: int, condition: Any) -> Iterator[list[ChangedRow]]:
    """Yield what is kept of an import and meets a condition, in the order of its changes.

    It comes in batches, each as of its start.
    """
    last = 0
    while True:
        later = (ChangedRow.number == number) & (ChangedRow.id > last)
        query = ChangedRow.select().where(later, without_index(condition))
        batch = list(query.order_by(ChangedRow.id).limit(BATCH_ROWS))
        if not batch:
            return
        yield batch
        last = batch[-1].id
