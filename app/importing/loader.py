"""Load a file into the database: all of it or nothing."""

from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from typing import IO, Any, ClassVar

from app.importing import derived, layouts, reader
from app.importing.customers import CachedCustomer, Indexes
from app.importing.derived import NO_HOLDING, HoldingKey, usage_counts
from app.importing.errors import FaultList, RowRejected, quote
from app.importing.layouts import Layout, Record, SubscriptionRecord, TransactionRecord, UsageRecord, Values
from app.importing.reader import Progress
from app.importing.rows import BATCH_ROWS, Row, batches, field_names, in_values, insert_rows, select_rows, update_rows
from app.importing.summary import ImportSummary, RowCounts
from app.reports import subscriptions, transactions, usage
from models import (
    ACTIONS,
    PRODUCT_SEPARATOR,
    Import,
    Subscription,
    Transaction,
    fold,
    reports_db,
    timestamp,
    write_transaction,
)


class RowLoader(ABC):
    """Adds the rows of one table that are new and updates those that differ.

    `id_key` is the column that holds a row's id, and `subscription` the field that names its subscription.
    `foreign` is what to say of a row whose subscription and transactions belong to different customers.
    """

    layout: ClassVar[Layout]
    table: ClassVar[Any]
    id_key: ClassVar[str]
    subscription: ClassVar[str]
    foreign: ClassVar[str]

    def __init__(self, registry: Indexes) -> None:
        self.registry = registry
        self.counts = RowCounts()
        self._own = field_names(self.table, *derived.DERIVED_FIELDS)
        self._lines: dict[str, int] = {}
        self._batch: list[Row] = []
        self._touched: set[str] = set()

    @abstractmethod
    def row(self, record: Any) -> Row:
        """The fields that are not the customer's."""

    def add(self, line: int, record: Any) -> None:
        """Raises Refused when the row's id came before or its customer can't be told."""
        ref = getattr(record, self.id_key)
        first = self._lines.setdefault(ref, line)
        if first != line:
            label = self.layout.report.columns_by_key[self.id_key].label
            raise RowRejected(f"{label}: {quote(ref)} stands in line {first} already")
        self._batch.append(_customer_fields(ref, self.registry.customer(record)) | self.row(record))
        if len(self._batch) == BATCH_ROWS:
            self._flush()

    def finish(self) -> Iterator[tuple[int, str]]:
        """Write what is left, and yield what only then turns out to be wrong, with its line."""
        self._flush()
        for refs in batches(self._lines):
            for ref, subscription in derived.find_foreign_rows(self.table, refs):
                yield self._lines[ref], f"Subscription ID: {quote(subscription)} {self.foreign}"

    def update_derived(self) -> None:
        """Make everything that follows from the rows true."""
        derived.update_cancelled(self._touched)
        derived.update_customer_copies(self.registry)
        derived.update_usage_rows(self.registry)

    def _flush(self) -> None:
        self.registry.write()
        refs = [row["ref"] for row in self._batch]
        self._write({row["ref"]: row for row in select_rows(self.table, self._own, in_values(self.table.ref, refs))})
        self._batch = []

    def _write(self, stored: dict[str, Row]) -> None:
        new = [row for row in self._batch if row["ref"] not in stored]
        known = [(stored[row["ref"]], row) for row in self._batch if row["ref"] in stored]
        different = [(old, row) for old, row in known if any(old[name] != row[name] for name in self._own)]
        insert_rows(self.table, new)
        update_rows(self.table, [{"id": old["id"], **row} for old, row in different])
        self.counts += RowCounts(len(new), len(different), len(known) - len(different))
        self._touched.update(row[self.subscription] for row in (*new, *(row for pair in different for row in pair)))


def _customer_fields(ref: str, customer: CachedCustomer) -> Row:
    return {
        "ref": ref,
        "ref_key": ref.casefold(),
        "customer": customer.id,
        "customer_ref": customer.ref,
        "reseller": customer.reseller,
    }


class SubscriptionLoader(RowLoader):
    layout = Layout(
        subscriptions.REPORT,
        SubscriptionRecord,
        parsers={
            "customer": layouts.NAME,
            "reseller": layouts.reseller_name,
            "subscription_id": layouts.IDENTIFIER,
            "subscription": layouts.NAME,
            "items_quantity": layouts.non_negative,
        },
    )
    table = Subscription
    id_key = "subscription_id"
    subscription = "ref"
    foreign = "is named by transactions of another customer"

    def row(self, record: SubscriptionRecord) -> Row:
        return {
            "name": record.subscription,
            "name_key": fold(record.subscription),
            "cancelled": False,
            "ends_on": record.end,
            "cost": record.cost,
            "ordered_on": record.order_date,
            "modified_by": self.registry.actors.id_of(record.last_modified_by),
            "modified_at": record.last_modified_date,
            "items_quantity": record.items_quantity,
        }


class TransactionLoader(RowLoader):
    layout = Layout(
        transactions.REPORT,
        TransactionRecord,
        parsers={
            "customer": layouts.NAME,
            "reseller": layouts.reseller_name,
            "product": layouts.product_names,
            "transaction_id": layouts.IDENTIFIER,
            "action": layouts.one_of_values(ACTIONS),
        },
        renamed={"products": "product"},
    )
    table = Transaction
    id_key = "transaction_id"
    subscription = "subscription_ref"
    foreign = "belongs to another customer"

    def row(self, record: TransactionRecord) -> Row:
        return {
            "subscription_ref": record.subscription_id,
            "subscription_key": record.subscription_id.casefold(),
            "bundle": self.registry.bundles.id_of(PRODUCT_SEPARATOR.join(record.products)),
            "action": record.action,
            "date": record.date,
            "total": record.total,
            "cost": record.cost,
            "user": self.registry.actors.id_of(record.user),
        }


def _usage_errors(row: Values) -> Iterator[str]:
    if bool(row["certificate_type"]) != bool(row["product"]):
        yield "Certificate Type, Product: both must be given or, for a customer that holds nothing, neither"
    elif not row["product"] and (row["current_inventory"] or row["used"]):
        yield "Current Inventory, Used: must be 0 for a customer that holds nothing"
    expected = usage_counts(row["current_inventory"], row["used"])
    for key in ("available", "over_inventory"):
        if row[key] not in ("", expected[key]):
            label, value = usage.REPORT.columns_by_key[key].label, quote(str(row[key]))
            yield f"{label}: {value} is not what Current Inventory and Used make, {expected[key]}"


class UsageLoader:
    """States what customers hold. It is kept until the whole file was read: only then is it known what is removed."""

    layout = Layout(
        usage.REPORT,
        UsageRecord,
        parsers={
            "customer": layouts.NAME,
            "reseller": layouts.reseller_name,
            "product": layouts.product_name,
            "current_inventory": layouts.non_negative,
            "available": layouts.optional_count,
            "used": layouts.non_negative,
            "over_inventory": layouts.optional_count,
        },
        check=_usage_errors,
    )

    def __init__(self, registry: Indexes) -> None:
        self.registry = registry
        self.counts = RowCounts()
        self._held: defaultdict[CachedCustomer, dict[HoldingKey, tuple[int, int]]] = defaultdict(dict)
        self._lines: defaultdict[CachedCustomer, dict[HoldingKey, int]] = defaultdict(dict)

    def add(self, line: int, record: Any) -> None:
        """Raises Refused when the row contradicts an earlier one or its customer can't be told."""
        customer = self.registry.customer(record)
        kind = HoldingKey(
            self.registry.types.id_of(record.certificate_type),
            self.registry.products.id_of(record.product),
        )
        _check_consistent(kind, self._lines[customer])
        self._lines[customer][kind] = line
        self._held[customer][kind] = record.current_inventory, record.used

    def finish(self) -> Iterable[tuple[int, str]]:
        """Nothing more can be wrong once every row was added."""
        return ()

    def update_derived(self) -> None:
        """Write what the file says."""
        self.registry.write()
        derived.update_customer_copies(self.registry)
        for batch in batches(self._held.items()):
            self.counts += derived.replace_holdings(dict(batch), self.registry)


def _check_consistent(kind: HoldingKey, lines: dict[HoldingKey, int]) -> None:
    if kind in lines:
        raise RowRejected(f"Product: line {lines[kind]} already says what the customer holds of it")
    if kind == NO_HOLDING and lines:
        raise RowRejected(f"Product: is empty, but the customer holds something in line {min(lines.values())}")
    if NO_HOLDING in lines:
        raise RowRejected(f"Product: the customer holds nothing in line {lines[NO_HOLDING]}")


_LOADERS = {loader.layout.report.slug: loader for loader in (SubscriptionLoader, TransactionLoader, UsageLoader)}


class _DryRun(Exception):
    """Undoes a load that went well."""


def load_file(
    slug: str, stream: IO[bytes], name: str, dry_run: bool = False, progress: Progress | None = None, who: str = ""
) -> ImportSummary:
    """Load one CSV file, called `name` in messages, into the report `slug`, and say what it did, or would have done.

    `who` loads it. `progress` is told every so often how many bytes were read since. Raises Faulty, and then nothing
    has changed.
    """
    faults = FaultList(name)
    records = reader.read_records(_LOADERS[slug].layout, stream, faults, progress)
    with suppress(_DryRun), write_transaction():
        summary = _load(slug, records, name, faults, who)
        if dry_run:
            raise _DryRun
    return summary


def load_records(slug: str, records: Iterable[tuple[int, Record]], name: str, who: str = "") -> ImportSummary:
    """Load records, each with its line, as if `who` had them read from a file, in the caller's `writing()`.

    It opens none of its own: a savepoint over a million rows costs SQLite more than the rows. Raises Faulty.
    """
    return _load(slug, records, name, FaultList(name), who)


def _load(slug: str, records: Iterable[tuple[int, Record]], name: str, faults: FaultList, who: str) -> ImportSummary:
    reports_db.prepare_bulk_load()
    registry = Indexes()
    loader = _LOADERS[slug](registry)
    for line, record in records:
        try:
            loader.add(line, record)
        except RowRejected as why:
            faults.add_rejection(line, why)
    for line, text in loader.finish():
        faults.add(line, text)
    faults.check()
    loader.update_derived()
    counts = asdict(loader.counts)
    Import.create(report=slug, file=name, loaded_at=timestamp(), who=who, **counts)
    return ImportSummary(**counts, renamed=len(registry.customers.renamed), moved=len(registry.customers.moved))
