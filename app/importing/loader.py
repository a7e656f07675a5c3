"""Store the records of a file in the database, within the caller's transaction."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from itertools import groupby
from operator import itemgetter
from typing import Any, ClassVar

from peewee import chunked, fn

from app.importing import derived, layouts
from app.importing.derived import NO_HOLDING, Counts, HoldingKey, Inventory
from app.importing.layouts import Layout, SubscriptionRecord, TransactionRecord, UsageRecord
from app.importing.names import CachedCustomer, Indexes, SeveralCustomers
from app.importing.results import MAX_EXAMPLES, Change, ChangeLog, Faults, Row, RowRejected, quote
from app.importing.row_lines import RowLines
from app.importing.rows import BATCH_ROWS, Table, field_names, insert_rows, select_rows, write_changes
from app.importing.sorted_rows import AnyRow, SortedRows
from models import (
    NEVER,
    NEVER_AT,
    CustomerUsage,
    Holding,
    Subscription,
    Transaction,
    TypeUsage,
    fold,
    reports_db,
    timestamp,
)

ROWS_UNTIL_UPDATE = 50_000  # after which subscriptions are brought up to date whose rows would fill the memory
BATCHES_UNTIL_CHECK = 50  # of holdings, after which indexes are dropped or created where that saves time
MAX_SORTED_ROWS = 1_000_000  # of a table whose indexes are created at the end: they are sorted in memory


class Loader(ABC):
    """Loads the records of one file: `add` each, then `finish`, and without faults `update_derived`.

    `given` are the keys of the columns that the file has. Fields of other columns stay as they are in known rows.
    `faults` gets what shows only when rows are written. `resources` are to be closed after `finish`. `searched_fields`
    are the tables' fields by which loading finds rows.
    """

    layout: ClassVar[Layout]
    searched_fields: ClassVar[tuple[Any, ...]]

    def __init__(
        self, indexes: Indexes, changes: ChangeLog, faults: Faults, given: Collection[str], complete: bool
    ) -> None:
        self.indexes, self.changes, self.faults, self.given, self.complete = indexes, changes, faults, given, complete
        self.resources = ExitStack()
        self._dropped_indexes: list[str] = []  # SQL that creates them again

    @abstractmethod
    def add(self, line: int, record: Any) -> None:
        """Raises RowRejected where an earlier row says the same, or the customer could be any of several."""

    @abstractmethod
    def finish(self) -> None:
        """Write the last batch, and add the faults that show only now."""

    @abstractmethod
    def update_derived(self) -> None:
        """Write what follows from the rows, and what a complete file ends."""

    def drop_or_create_indexes(self, table: Table, *sums: Table) -> None:
        """Load without most indexes while most of the table's rows are new, up to MAX_SORTED_ROWS of them.

        The same goes for those of `sums`, which have fewer rows.
        """
        rows = table.select().count()
        if rows > MAX_SORTED_ROWS:
            self.create_indexes()
        elif not self._dropped_indexes and rows <= 2 * self.changes.counts["added"]:
            for each in (table, *sums):
                self._dropped_indexes += reports_db.drop_indexes(each, self.searched_fields)

    def create_indexes(self) -> None:
        """Create the indexes again without which rows were written, for all rows at once."""
        if self._dropped_indexes:
            reports_db.create_indexes(self._dropped_indexes)
            self._dropped_indexes = []


class RowLoader(Loader):
    """Loads a file whose rows have an id of their own: adds new rows, updates those that differ, removes none.

    `id_key` is the column with a row's id, and `subscription_field` the table's field with its Subscription ID.
    `foreign_error` follows a Subscription ID whose subscription and transactions belong to different customers.
    `fields` are the table's fields that a column sets, by its key.
    """

    table: ClassVar[Any]
    id_key: ClassVar[str]
    subscription_field: ClassVar[str]
    foreign_error: ClassVar[str]
    fields: ClassVar[Mapping[str, tuple[str, ...]]]

    def __init__(
        self, indexes: Indexes, changes: ChangeLog, faults: Faults, given: Collection[str], complete: bool
    ) -> None:
        super().__init__(indexes, changes, faults, given, complete)
        lacking = {name for key, names in self.fields.items() if key not in given for name in names}
        self._all_fields = field_names(self.table)
        self._compared_fields = field_names(self.table, *derived.DERIVED_FIELDS, *lacking)
        self._kept_fields = (*lacking, *({"cancelled_on"} & set(self._all_fields)))
        self._last_id: int = self.table.select(fn.MAX(self.table.id)).scalar() or 0
        self._batch: dict[str, tuple[int, Row]] = {}  # rows that aren't written yet, each with its line
        self._rows_until_update = ROWS_UNTIL_UPDATE
        self.lines = RowLines()
        self.changed_subscriptions: set[str] = set()

    @abstractmethod
    def row(self, record: Any, line: int) -> Row:
        """The table's fields but for the ids and those of the customer."""

    def add(self, line: int, record: Any) -> None:
        ref = getattr(record, self.id_key)
        if ref in self._batch:
            raise RowRejected(self._describe_repetition(ref, self._batch[ref][0]))
        try:
            customer = self.indexes.find_customer(record, line)
        except SeveralCustomers as several:
            # Only such a row costs a query, and the next one of the same name may be another customer's.
            owners = self.known_owners(record)
            known = next((customer for owner in owners for customer in several.customers if customer.id == owner), None)
            if known is None:
                raise
            self.indexes.customers.used.add(customer := known)
        owner = {"customer": customer.id, "customer_ref": customer.ref, "reseller": customer.reseller}
        self._batch[ref] = line, {"ref": ref, "ref_key": ref.casefold(), **owner, **self.row(record, line)}
        if len(self._batch) == BATCH_ROWS:
            self._flush()

    def finish(self) -> None:
        self._flush()
        questioned = self.indexes.questioned_customers()
        for lines in self.lines.batches():
            for id_, subscription, customer in derived.find_foreign_rows(self.table, list(lines)):
                if customer not in questioned:
                    self.faults.add(lines[id_], f"Subscription ID: {quote(subscription)} {self.foreign_error}")

    def update_derived(self) -> None:
        self.update_subscriptions()
        derived.update_customer_copies(self.indexes)
        derived.update_usage_rows(self.indexes)

    def update_subscriptions(self) -> None:
        """Bring the subscriptions up to date on which the rows since the last call have a bearing."""
        derived.update_cancelled(self.changed_subscriptions)
        self.changed_subscriptions.clear()

    def known_owners(self, record: Any) -> Iterator[int]:
        """Yield the ids of the customers to whom known rows of the record's IDs belong: the row's own one first."""
        yield from self.owner_of(self.table, getattr(record, self.id_key))

    def owner_of(self, table: Table, ref: str) -> Iterator[int]:
        """Yield the id of the customer to whom a stored row belongs, if there is one of this ID."""
        return (id_ for (id_,) in reports_db.execute_sql(self._owner_sql[table], (ref,)))

    @cached_property
    def _owner_sql(self) -> dict[Table, str]:
        """The SQL of `owner_of`: making it takes longer than running it, and a file may need it for each row."""
        tables: tuple[Table, ...] = (Subscription, Transaction)
        return {table: table.select(table.customer).where(table.ref == "").sql()[0] for table in tables}

    def keep(self, stored: Row, row: Row) -> None:
        """Adapt a row to the stored one before they are compared."""

    def may_cancel(self, row: Row) -> bool:
        """Whether a row has a part in whether its subscription is cancelled."""
        return row.get("action", "Cancel") in derived.CANCELLING_ACTIONS

    def _describe_repetition(self, ref: str, line: int) -> str:
        return f"{self.layout.label(self.id_key)}: {quote(ref)} is already in line {line}"

    def _flush(self) -> None:
        self.indexes.write()
        refs = list(self._batch)
        rows = select_rows(self.table, self._all_fields, reports_db.in_values(self.table.ref, refs))
        stored = {row["ref"]: row for row in rows}
        new, changed, same = list[Change](), list[Change](), list[Change]()
        for ref, (line, row) in self._batch.items():
            old = stored.get(ref)
            if old is None:
                new.append(Change(self.table, None, row))
                self.changes.note_kind(line, "added")
                continue
            if earlier := self.lines[old["id"]]:
                self.faults.add(line, self._describe_repetition(ref, earlier))
                continue
            self.lines[old["id"]] = line
            self.keep(old, row)
            differs = any(old[name] != row[name] for name in self._compared_fields)
            row |= {name: old[name] for name in ("id", *self._kept_fields)}
            (changed if differs else same).append(Change(self.table, old, row))
            if old["customer"] != row["customer"]:
                label = self.layout.label(self.id_key)
                self.indexes.notes.add("owners", line, f"{label} {quote(ref)} was a row of another customer until now")
            self.changes.note_kind(line, "updated" if differs else "unchanged")
        self._insert([change.after for change in new if change.after])
        write_changes(self.table, [(old, row) for _, old, row in changed if old and row])
        for kind, changes in (("added", new), ("updated", changed), ("unchanged", same)):
            self.changes.record(kind, changes)
        # A transaction may leave one subscription for another: both change.
        either = (row for change in (*new, *changed) for row in change[1:] if row and self.may_cancel(row))
        self.changed_subscriptions.update(row[self.subscription_field] for row in either)
        self._rows_until_update -= len(self._batch)
        self._batch = {}
        if self._rows_until_update <= 0:
            self.update_subscriptions()
            self._rows_until_update = ROWS_UNTIL_UPDATE
            self.drop_or_create_indexes(self.table)

    def _insert(self, rows: list[Row]) -> None:
        """Insert rows of the batch, and note their lines by the ids that they get, which are in their order."""
        insert_rows(self.table, rows)
        added = self.table.select(self.table.id).where(self.table.id > self._last_id).order_by(self.table.id)
        for row, (id_,) in zip(rows, reports_db.execute(added), strict=True):
            self._last_id = id_
            self.lines[id_], _ = self._batch[row["ref"]]


class SubscriptionLoader(RowLoader):
    layout = layouts.SUBSCRIPTIONS
    table = Subscription
    id_key = "subscription_id"
    subscription_field = "ref"
    foreign_error = "is named by transactions of another customer"
    fields: ClassVar = {
        "subscription": ("name", "name_key"),
        "status": ("file_cancelled_at",),
        "end": ("ends_on",),
        "cost": ("cost",),
        "order_date": ("ordered_on",),
        "last_modified_by": ("modified_by",),
        "last_modified_date": ("modified_at",),
        "items_quantity": ("items_quantity",),
    }
    searched_fields = (Subscription.customer,)

    def __init__(
        self, indexes: Indexes, changes: ChangeLog, faults: Faults, given: Collection[str], complete: bool
    ) -> None:
        super().__init__(indexes, changes, faults, given, complete)
        self._now = timestamp()
        self._statuses: dict[str, str] = {}  # that the file gives, by ref, of the rows since update_subscriptions

    def row(self, record: SubscriptionRecord, line: int) -> Row:  # noqa: ARG002
        if record.status:
            self._statuses[record.subscription_id] = record.status
        return {
            "name": record.subscription,
            "name_key": fold(record.subscription),
            "cancelled_on": NEVER,
            "file_cancelled_at": self._cancelled_at(record),
            "ends_on": record.end,
            "cost": record.cost,
            "ordered_on": record.order_date,
            "modified_by": self.indexes.actors.id_of(record.last_modified_by),
            "modified_at": record.last_modified_date,
            "items_quantity": record.items_quantity,
        }

    def keep(self, stored: Row, row: Row) -> None:
        """An empty status says nothing, and Cancelled nothing new of what is cancelled already."""
        status = self._statuses.get(row["ref"])
        if not status or (status == "Cancelled" and stored["cancelled_on"] <= self._now):
            row["file_cancelled_at"] = stored["file_cancelled_at"]

    def update_derived(self) -> None:
        if self.complete:
            derived.cancel_unnamed(self.lines, self._now, self.changes)
        super().update_derived()

    def update_subscriptions(self) -> None:
        super().update_subscriptions()
        for id_, ref, status, actual in derived.find_other_statuses(self._statuses):
            text = f"Subscription {quote(ref)}: the file says {status}, by its dates it is {actual}"
            self.indexes.notes.add("statuses", self.lines[id_], text)
        self._statuses.clear()

    def _cancelled_at(self, record: SubscriptionRecord) -> str:
        """A file that says Cancelled stands for a Cancel at the row's last change, and at the latest now."""
        if record.status != "Cancelled":
            return NEVER_AT
        return min(record.last_modified_date, self._now) if "last_modified_date" in self.given else self._now


class TransactionLoader(RowLoader):
    layout = layouts.TRANSACTIONS
    table = Transaction
    id_key = "transaction_id"
    subscription_field = "subscription_ref"
    foreign_error = "belongs to another customer"
    fields: ClassVar = {
        "subscription_id": ("subscription_ref", "subscription_key"),
        "product": ("bundle",),
        "total": ("total",),
        "cost": ("cost",),
        "user": ("user",),
    }
    searched_fields = (Transaction.customer, Transaction.subscription_ref)

    def row(self, record: TransactionRecord, line: int) -> Row:
        return {
            "subscription_ref": record.subscription_id,
            "subscription_key": record.subscription_id.casefold(),
            "bundle": self.indexes.bundles.id_of_products(record.products, line),
            "action": record.action,
            "date": record.date,
            "total": record.total,
            "cost": record.cost,
            "user": self.indexes.actors.id_of(record.user),
        }

    def known_owners(self, record: TransactionRecord) -> Iterator[int]:
        yield from super().known_owners(record)
        yield from self.owner_of(Subscription, record.subscription_id)


class UsageLoader(Loader):
    """Replaces the holdings of every customer that the file names.

    It sorts the rows by customer, and writes at the end: only the whole file shows which holdings a customer no longer
    has.
    """

    layout = layouts.USAGE
    searched_fields = (Holding.customer,)

    def __init__(
        self, indexes: Indexes, changes: ChangeLog, faults: Faults, given: Collection[str], complete: bool
    ) -> None:
        super().__init__(indexes, changes, faults, given, complete)
        self._rows = self.resources.enter_context(SortedRows())
        self._first_lines = RowLines()  # the first line of each customer, by id
        self._first: dict[int, tuple[CachedCustomer, HoldingKey]] = {}  # what the first rows name, by line
        self._levels = [name for name in HoldingKey._fields if name in given]
        self._numbers = [name for name in Counts._fields if name in given]
        self._is_partial = len(self._levels) < len(HoldingKey._fields) or not {"current_inventory", "used"}.issubset(
            self._numbers
        )
        self._adds_up = "product" in given and "certificate_type" not in given

    def add(self, line: int, record: UsageRecord) -> None:
        customer = self.indexes.find_customer(record, line)
        key = HoldingKey(
            self.indexes.certificate_types.id_of(record.certificate_type),
            self.indexes.products.id_of(record.product, line),
        )
        counts = Counts(record.current_inventory, record.available or 0, record.used, record.over_inventory or 0)
        if record.available is None:
            counts = Counts(**layouts.usage_counts(record.current_inventory, record.used))
        if len(self._first) < MAX_EXAMPLES:
            self._first[line] = customer, key
        first_line = self._first_lines[customer.id]
        if not first_line:
            first_line = self._first_lines[customer.id] = line
        self._rows.add((first_line, line, customer.id, *key, *counts))

    def finish(self) -> None:
        """Replace the holdings of all customers up to the first fault, and look for further ones."""
        self.indexes.write()
        for number, inventories in enumerate(self._inventories(), 1):
            lost = {}
            if self._is_partial:
                lost = derived.keep_known_details(inventories, self._levels, self._numbers)
            self._note_first_rows(inventories)
            if not self.faults:
                self._note_lost_details(lost)
                derived.replace_holdings(inventories, self.indexes, self.changes)
                if number % BATCHES_UNTIL_CHECK == 0:
                    self.drop_or_create_indexes(Holding, TypeUsage, CustomerUsage)

    def update_derived(self) -> None:
        derived.update_customer_copies(self.indexes)
        if self.complete:
            self._remove_unnamed()

    def _inventories(self) -> Iterator[dict[CachedCustomer, Inventory]]:
        """Yield what the customers hold, in the order of their first lines, some thousand holdings at a time."""
        inventories, count = dict[CachedCustomer, Inventory](), 0
        for customer, rows in groupby(self._rows, itemgetter(2)):
            inventory = inventories[self.indexes.customers.with_id(customer)] = self._inventory(rows)
            count += len(inventory)
            if count >= BATCH_ROWS:
                yield inventories
                inventories, count = {}, 0
        yield inventories

    def _inventory(self, rows: Iterable[AnyRow]) -> Inventory:
        """What all rows of a customer say."""
        inventory, lines = Inventory(), dict[HoldingKey, int]()
        for first_line, line, _, certificate_type, product, *numbers in rows:
            key, counts = HoldingKey(certificate_type, product), Counts(*numbers)
            nothing = key == NO_HOLDING and not any(counts)
            if key in lines and self._adds_up and key != NO_HOLDING:  # the same product of several types
                inventory[key] = inventory[key].plus(counts)
            elif key in lines:
                self.faults.add(line, f"Product: line {lines[key]} already says what the customer holds of it")
            elif nothing and lines:
                self.faults.add(line, f"Product: is empty, but the customer holds something in line {first_line}")
            elif NO_HOLDING in lines and not any(inventory[NO_HOLDING]):
                self.faults.add(line, f"Product: the customer holds nothing in line {lines[NO_HOLDING]}")
            else:
                lines[key] = line
                inventory[key] = counts
        return inventory

    def _note_first_rows(self, inventories: Mapping[CachedCustomer, Inventory]) -> None:
        """Note what kind the first rows are that name these customers."""
        first = {line: named for line, named in self._first.items() if named[0] in inventories}
        stored = derived.stored_inventories([customer for customer, _ in first.values()])
        for line, (customer, key) in first.items():
            counts, known = inventories[customer].get(key), stored[customer]
            is_same = counts is None or counts == known.get(key)  # None: in the place of known details
            was_there = key in known or (key == NO_HOLDING and known)
            self.changes.note_kind(line, "unchanged" if is_same else "updated" if was_there else "added")

    def _note_lost_details(self, lost: Mapping[CachedCustomer, tuple[int, int]]) -> None:
        without = " and ".join(self.layout.label(name) for name in HoldingKey._fields if name not in self._levels)
        why = f"has no {without}" if self._levels else "has totals only"
        for customer, (known, lines) in lost.items():
            less = f"one line without {without} replaces" if lines == 1 else f"{lines:,} without {without} replace"
            text = f"{quote(customer.name)}: the file {why}; {less} {known:,} known holding{'s' if known > 1 else ''}"
            self.indexes.notes.add("details", self._first_lines[customer.id], text)

    def _remove_unnamed(self) -> None:
        """Remove the holdings of all customers that the file doesn't name."""
        holders = CustomerUsage.select(CustomerUsage.customer).where(CustomerUsage.parts > 0)
        holders = reports_db.execute(holders.order_by(CustomerUsage.customer))
        unnamed = [id_ for (id_,) in holders if not self._first_lines[id_]]
        for batch in chunked(map(self.indexes.customers.with_id, unnamed), BATCH_ROWS):
            derived.replace_holdings({customer: {} for customer in batch}, self.indexes, self.changes)


LOADERS: dict[str, type[Loader]] = {
    loader.layout.report.slug: loader for loader in (SubscriptionLoader, TransactionLoader, UsageLoader)
}
