"""Load a file into the database: all of it or nothing."""

from abc import ABC, abstractmethod
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import IO, Any, ClassVar

from peewee import chunked

from app.importing import derived, layouts
from app.importing.customers import CachedCustomer, Indexes
from app.importing.derived import NO_HOLDING, HoldingKey
from app.importing.layouts import Layout, Record, SubscriptionRecord, TransactionRecord
from app.importing.reader import Progress, read_records
from app.importing.results import CHANGES, Fault, Faults, FileRejected, ImportSummary, RowRejected, quote
from app.importing.rows import BATCH_ROWS, Row, field_names, insert_rows, select_rows, update_rows
from models import PRODUCT_SEPARATOR, Import, Subscription, Transaction, fold, reports_db, timestamp


class RowLoader(ABC):
    """Loads a file whose rows have an id of their own: adds new rows, updates those that differ, removes none.

    `id_key` is the column with a row's id, and `subscription_field` the table's field with its Subscription ID.
    `foreign_error` follows a Subscription ID whose subscription and transactions belong to different customers.
    """

    layout: ClassVar[Layout]
    table: ClassVar[Any]
    id_key: ClassVar[str]
    subscription_field: ClassVar[str]
    foreign_error: ClassVar[str]

    def __init__(self, indexes: Indexes) -> None:
        self.indexes = indexes
        self.counts = Counter(dict.fromkeys(CHANGES, 0))
        self._compared_fields = field_names(self.table, *derived.DERIVED_FIELDS)
        self._lines: dict[str, int] = {}
        self._batch: list[Row] = []
        self._changed_subscriptions: set[str] = set()

    @abstractmethod
    def row(self, record: Any) -> Row:
        """The table's fields but for the ids and those of the customer."""

    def add(self, line: int, record: Any) -> None:
        """Raises RowRejected where an earlier row has the same id, or the customer could be any of several."""
        ref = getattr(record, self.id_key)
        first = self._lines.setdefault(ref, line)
        if first != line:
            label = self.layout.report.columns_by_key[self.id_key].label
            raise RowRejected(f"{label}: {quote(ref)} is already in line {first}")
        customer = self.indexes.find_customer(record)
        owner = {"customer": customer.id, "customer_ref": customer.ref, "reseller": customer.reseller}
        self._batch.append({"ref": ref, "ref_key": ref.casefold(), **owner, **self.row(record)})
        if len(self._batch) == BATCH_ROWS:
            self._flush()

    def finish(self) -> Iterator[Fault]:
        """Write the last batch, and yield the faults that show only now."""
        self._flush()
        for refs in chunked(self._lines, BATCH_ROWS):
            for ref, subscription in derived.find_foreign_rows(self.table, refs):
                yield Fault(self._lines[ref], f"Subscription ID: {quote(subscription)} {self.foreign_error}")

    def update_derived(self) -> None:
        """Update what follows from the rows."""
        derived.update_cancelled(self._changed_subscriptions)
        derived.update_customer_copies(self.indexes)
        derived.update_usage_rows(self.indexes)

    def _flush(self) -> None:
        self.indexes.write()
        refs = [row["ref"] for row in self._batch]
        rows = select_rows(self.table, self._compared_fields, reports_db.in_values(self.table.ref, refs))
        stored = {row["ref"]: row for row in rows}
        new = [row for row in self._batch if row["ref"] not in stored]
        pairs = [(stored[row["ref"]], row) for row in self._batch if row["ref"] in stored]
        changed = [(old, row) for old, row in pairs if any(old[name] != row[name] for name in self._compared_fields)]
        insert_rows(self.table, new)
        update_rows(self.table, [{"id": old["id"], **row} for old, row in changed])
        self.counts.update(added=len(new), updated=len(changed), unchanged=len(pairs) - len(changed))
        # A transaction may leave one subscription for another: both change.
        for row in (*new, *(row for pair in changed for row in pair)):
            self._changed_subscriptions.add(row[self.subscription_field])
        self._batch = []


class SubscriptionLoader(RowLoader):
    layout = layouts.SUBSCRIPTIONS
    table = Subscription
    id_key = "subscription_id"
    subscription_field = "ref"
    foreign_error = "is named by transactions of another customer"

    def row(self, record: SubscriptionRecord) -> Row:
        return {
            "name": record.subscription,
            "name_key": fold(record.subscription),
            "cancelled": False,
            "ends_on": record.end,
            "cost": record.cost,
            "ordered_on": record.order_date,
            "modified_by": self.indexes.actors.id_of(record.last_modified_by),
            "modified_at": record.last_modified_date,
            "items_quantity": record.items_quantity,
        }


class TransactionLoader(RowLoader):
    layout = layouts.TRANSACTIONS
    table = Transaction
    id_key = "transaction_id"
    subscription_field = "subscription_ref"
    foreign_error = "belongs to another customer"

    def row(self, record: TransactionRecord) -> Row:
        return {
            "subscription_ref": record.subscription_id,
            "subscription_key": record.subscription_id.casefold(),
            "bundle": self.indexes.bundles.id_of(PRODUCT_SEPARATOR.join(record.products)),
            "action": record.action,
            "date": record.date,
            "total": record.total,
            "cost": record.cost,
            "user": self.indexes.actors.id_of(record.user),
        }


class UsageLoader:
    """Replaces the holdings of every customer that the file names.

    It writes at the end: only the whole file shows which holdings a customer no longer has.
    """

    layout = layouts.USAGE

    def __init__(self, indexes: Indexes) -> None:
        self.indexes = indexes
        self.counts = Counter(dict.fromkeys(CHANGES, 0))
        self._inventories: defaultdict[CachedCustomer, dict[HoldingKey, tuple[int, int]]] = defaultdict(dict)
        self._lines: defaultdict[CachedCustomer, dict[HoldingKey, int]] = defaultdict(dict)

    def add(self, line: int, record: Any) -> None:
        """Raises RowRejected where the row contradicts an earlier one, or the customer could be any of several."""
        customer = self.indexes.find_customer(record)
        key = HoldingKey(
            self.indexes.certificate_types.id_of(record.certificate_type),
            self.indexes.products.id_of(record.product),
        )
        lines = self._lines[customer]
        if key in lines:
            raise RowRejected(f"Product: line {lines[key]} already says what the customer holds of it")
        if key == NO_HOLDING and lines:
            raise RowRejected(f"Product: is empty, but the customer holds something in line {min(lines.values())}")
        if NO_HOLDING in lines:
            raise RowRejected(f"Product: the customer holds nothing in line {lines[NO_HOLDING]}")
        lines[key] = line
        self._inventories[customer][key] = record.current_inventory, record.used

    def finish(self) -> Iterable[Fault]:
        """No faults show this late."""
        return ()

    def update_derived(self) -> None:
        """Write the holdings, and what follows from them."""
        self.indexes.write()
        derived.update_customer_copies(self.indexes)
        for batch in chunked(self._inventories.items(), BATCH_ROWS):
            self.counts.update(derived.replace_holdings(dict(batch), self.indexes))


_LOADERS = {loader.layout.report.slug: loader for loader in (SubscriptionLoader, TransactionLoader, UsageLoader)}
IMPORTABLE = tuple(_LOADERS)  # the slugs of reports that have an import file


def load_file(
    slug: str, stream: IO[bytes], name: str, dry_run: bool = False, progress: Progress | None = None, who: str = ""
) -> ImportSummary:
    """Load one CSV file into the report `slug`, one of IMPORTABLE, and return what that did, or would do in a dry run.

    Messages call the file `name`; `who` is recorded with the import. `progress` is called with the number of bytes of
    each line. Raises FileRejected, and then nothing has changed.
    """
    faults = Faults()
    records = read_records(_LOADERS[slug].layout, stream, faults, progress)
    with reports_db.write_transaction() as transaction:
        summary = load_records(slug, records, name, who, faults)
        if dry_run:
            transaction.rollback()
    return summary


def load_records(
    slug: str, records: Iterable[tuple[int, Record]], name: str, who: str = "", faults: Faults | None = None
) -> ImportSummary:
    """Load records, each with a line number, as if they came from a file, in the caller's write transaction.

    It opens none of its own: a savepoint over a million rows costs SQLite more than the rows. `faults` has those that
    are found while `records` are read. Raises FileRejected.
    """
    reports_db.prepare_bulk_load()
    indexes = Indexes()
    loader, faults = _LOADERS[slug](indexes), faults or Faults()
    for line, record in records:
        try:
            loader.add(line, record)
        except RowRejected as rejection:
            faults.add(line, *rejection.args)
    for line, reason in loader.finish():
        faults.add(line, reason)
    if faults.number:
        raise FileRejected(name, faults)
    loader.update_derived()
    Import.create(report=slug, file=name, loaded_at=timestamp(), who=who, **loader.counts)
    return ImportSummary(**loader.counts, renamed=len(indexes.customers.renamed), moved=len(indexes.customers.moved))
