"""Rows that have an id of their own: subscriptions and transactions."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

from app.importing import holdings, settle
from app.importing.customers import Known
from app.importing.faults import Refused, quoted
from app.importing.layout import Layout
from app.importing.registry import Registry
from app.importing.statements import BATCH, Row, among, batches, fields, insert, read, update
from app.importing.summary import Tally


class Ledger(ABC):
    """Adds the rows of one table that are new and updates those that differ.

    `id_key` is the column that holds a row's id, and `subscription` the field that names its subscription.
    `foreign` is what to say of a row whose subscription and transactions belong to different customers.
    """

    layout: ClassVar[Layout]
    table: ClassVar[Any]
    id_key: ClassVar[str]
    subscription: ClassVar[str]
    foreign: ClassVar[str]

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.tally = Tally()
        self._own = fields(self.table, *settle.DERIVED)
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
            label = self.layout.report.by_key[self.id_key].label
            raise Refused(f"{label}: {quoted(ref)} stands in line {first} already")
        self._batch.append(_owned(ref, self.registry.customer(record)) | self.row(record))
        if len(self._batch) == BATCH:
            self._flush()

    def conclude(self) -> Iterator[tuple[int, str]]:
        """Write what is left, and yield what only then turns out to be wrong, with its line."""
        self._flush()
        for refs in batches(self._lines):
            for ref, subscription in settle.foreign(self.table, refs):
                yield self._lines[ref], f"Subscription ID: {quoted(subscription)} {self.foreign}"

    def settle(self) -> None:
        """Make everything that follows from the rows true."""
        settle.cancelled(self._touched)
        settle.customers(self.registry)
        holdings.settle(self.registry)

    def _flush(self) -> None:
        self.registry.write()
        refs = [row["ref"] for row in self._batch]
        self._write({row["ref"]: row for row in read(self.table, self._own, among(self.table.ref, refs))})
        self._batch = []

    def _write(self, stored: dict[str, Row]) -> None:
        new = [row for row in self._batch if row["ref"] not in stored]
        known = [(stored[row["ref"]], row) for row in self._batch if row["ref"] in stored]
        different = [(old, row) for old, row in known if any(old[name] != row[name] for name in self._own)]
        insert(self.table, new)
        update(self.table, [{"id": old["id"], **row} for old, row in different])
        self.tally += Tally(len(new), len(different), len(known) - len(different))
        self._touched.update(row[self.subscription] for row in (*new, *(row for pair in different for row in pair)))


def _owned(ref: str, customer: Known) -> Row:
    return {
        "ref": ref,
        "ref_key": ref.casefold(),
        "customer": customer.id,
        "customer_ref": customer.ref,
        "reseller": customer.reseller,
    }
