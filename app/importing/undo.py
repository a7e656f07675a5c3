"""Undo an import: give back what each row was that the import changed, all of them or none."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from peewee import chunked, fn

from app.importing import derived
from app.importing.derived import NO_HOLDING, NOTHING, HoldingKey
from app.importing.kept_rows import (
    NAME_FIELDS,
    NAME_TABLES,
    TABLES_BY_NAME,
    HistoryWriter,
    each_batch,
    is_row_change,
    name_indexes,
    table_name,
)
from app.importing.names import Indexes
from app.importing.options import Options
from app.importing.reader import Progress
from app.importing.results import Change, ChangeLog, Row
from app.importing.rows import BATCH_ROWS, Table, field_names, select_rows, write_changes
from app.importing.undo_checks import (
    NAME_USES,
    UndoneImport,
    check_undo,
    effective_imports_since,
    other_effective_imports,
    protected_customers,
    remaining_customers,
    remaining_names,
    undone_numbers,
    used_by,
)
from models import (
    Bundle,
    BundleProduct,
    ChangedRow,
    Customer,
    CustomerUsage,
    Holding,
    Import,
    Subscription,
    Transaction,
    TypeUsage,
    fold,
    reports_db,
    timestamp,
)

_MAX_REMAINING = 100  # names of what stays that are listed


@dataclass(frozen=True)
class UndoSummary:
    """The numbers of rows that undoing an import removes, restores, and changes back; and of customers.

    As text, without those that are 0: "12 rows are removed, 3 get their old values; 1 customer is removed".
    """

    removed: int
    restored: int
    updated: int
    customers_removed: int
    customers_updated: int

    def __str__(self) -> str:
        rows = _count_words("row", self.removed, self.restored, self.updated)
        customers = _count_words("customer", self.customers_removed, 0, self.customers_updated)
        return "; ".join(filter(None, (rows, customers))) or "no row changes"


def _count_words(noun: str, removed: int, restored: int, updated: int) -> str:
    """Say what becomes of rows: "1 row is removed, 3 get their old values"; "" where nothing does."""
    verbs = (
        (removed, "is removed", "are removed"),
        (restored, "is restored", "are restored"),
        (updated, "gets its old values", "get their old values"),
    )
    texts = [f"{count:,} {one if count == 1 else many}" for count, one, many in verbs if count]
    if texts:
        number, verb = texts[0].split(" ", 1)
        texts[0] = f"{number} {noun}{'' if number == '1' else 's'} {verb}"
    return ", ".join(texts)


@dataclass(frozen=True)
class UndoPreview:
    """What undoing an import does, or would do. `remaining` tells of customers and names that newer rows use."""

    summary: UndoSummary
    remaining: list[str]


def undo_preview(number: int) -> UndoPreview:
    """Return what undoing the import would do. Raises CannotUndo."""
    with reports_db.read_transaction():
        undone = check_undo(number)
        return _preview(undone)


def undo_import(
    number: int,
    undo_number: int,
    who: str,
    progress: Progress | None = None,
    wait: Callable[[], object] = lambda: None,
) -> UndoPreview:
    """Undo the import `number` in one transaction, and record that as the import `undo_number` by `who`.

    `progress` is called with the number of rows that are done since the last call, of Import.changed_rows, and `wait`
    while an import is under way, as by `check_file`. Raises CannotUndo, and then nothing has changed.
    """
    with reports_db.patient_write_transaction(wait):
        undone = check_undo(number)
        preview = _preview(undone)
        undo = _Undo(undone, undo_number, progress)
        undo.run()
        undo.record(who, preview.summary)
    return preview


# --- Preview


def _preview(undone: UndoneImport) -> UndoPreview:
    query = ChangedRow.select(ChangedRow.table, ChangedRow.kind, fn.COUNT(ChangedRow.id))
    query = query.where(ChangedRow.number == undone.number).group_by(ChangedRow.table, ChangedRow.kind)
    counts: Counter[str] = Counter()
    customers: Counter[str] = Counter()
    for table, kind, count in reports_db.execute(query):
        if table in TABLES_BY_NAME:
            (customers if table == "customer" else counts)[kind] += count
    owners, remaining = list[int](), list[str]()
    if effective_imports_since(undone).exists():
        owners = sorted(remaining_customers(undone))
        remaining = list(remaining_names(undone, owners))
    summary = UndoSummary(
        removed=counts["added"],
        restored=counts["removed"],
        updated=counts["updated"] + counts["cancelled"],
        customers_removed=customers["added"] - len(owners),
        customers_updated=customers["updated"],
    )
    if len(remaining) > _MAX_REMAINING:
        remaining = [*remaining[:_MAX_REMAINING], f"… and {len(remaining) - _MAX_REMAINING:,} more"]
    return UndoPreview(summary, remaining)


# --- Undo


class _Undo:
    """One undo on its way, in the caller's transaction."""

    def __init__(self, undone: UndoneImport, number: int, progress: Progress | None) -> None:
        reports_db.prepare_bulk_load()
        self._undone, self._progress, self._changes = undone, progress or (lambda rows: None), ChangeLog()
        self._indexes = Indexes(Options(names="new"))
        self._history = HistoryWriter(number, self._indexes)
        self._changes.keep = self._history.keep
        self._customers = {customer.id: customer for customer in self._indexes.customers.all()}
        self._name_indexes = name_indexes(self._indexes)
        self._subscriptions: set[str] = set()  # whose transactions change

    def run(self) -> None:
        """Restore all rows, then write what follows from them, then remove what nothing uses any more."""
        self._restore_customers()
        for table in (Subscription, Transaction):
            self._restore_rows(table)
        self._restore_holdings()
        derived.update_cancelled(self._subscriptions)
        derived.update_customer_copies(self._indexes)
        derived.update_usage_rows(self._indexes)
        self._history.finish()  # first: a customer that gets its name back and then goes is kept in this order
        self._remove_customers()
        self._remove_names()

    def record(self, who: str, summary: UndoSummary) -> None:
        """Record the undo as an import, which makes it the version of all data."""
        file = f"Undo of import {self._undone.number}: {self._undone.file}"
        counts = {"added": summary.restored, "updated": summary.updated, "removed": summary.removed, "unchanged": 0}
        numbers = {"number": self._history.number, "undoes": self._undone.number, "changed_rows": self._history.rows}
        Import.create(report=self._undone.report, file=file, loaded_at=timestamp(), who=who, **counts, **numbers)

    def _kept(self, table: Table) -> Iterator[dict[str, dict[str, Any] | None]]:
        """Yield what is kept of a table's rows, by ref; None for rows that the import added."""
        condition = (ChangedRow.table == table_name(table)) & is_row_change()
        for batch in each_batch(self._undone.number, condition):
            yield {row.ref: row.values() if row.before else None for row in batch}
            self._progress(len(batch))

    def _with_ids(self, table: Table, before: dict[str, Any]) -> Row:
        """What was kept of a row, with ids in the place of names."""
        names = NAME_FIELDS[table]
        return {
            field: self._name_indexes[names[field]].id_of(value) if field in names else value
            for field, value in before.items()
        }

    def _restore_customers(self) -> None:
        for batch in self._kept(Customer):
            for ref, before in batch.items():
                if before:
                    customer = self._customers[int(ref)]
                    self._indexes.customers.restore(customer, self._with_ids(Customer, before))
        self._indexes.write()

    def _restore_rows(self, table: Table) -> None:
        """Restore subscriptions or transactions: remove those that the import added."""
        for batch in self._kept(table):
            stored = select_rows(table, field_names(table), reports_db.in_values(table.ref, list(batch)))
            removed, updated = list[Change](), list[Change]()
            for row in stored:
                before = batch[row["ref"]]
                if before is None:
                    removed.append(Change(table, row, None))
                else:
                    updated.append(Change(table, row, self._restored_row(table, row, before)))
            self._indexes.write()
            table.delete().where(reports_db.in_values(table.id, [row["id"] for _, row, _ in removed if row])).execute()
            write_changes(table, [(old, row) for _, old, row in updated if old and row])
            for change in (*removed, *updated):
                for row in filter(None, change[1:]):
                    self._subscriptions.add(row["ref"] if table is Subscription else row["subscription_ref"])
            self._changes.record("removed", removed)
            self._changes.record("updated", updated)

    def _restored_row(self, table: Table, row: Row, before: dict[str, Any]) -> Row:
        restored = row | self._with_ids(table, before)
        owner = self._customers[restored["customer"]]
        restored |= {"customer_ref": owner.ref, "reseller": owner.reseller}
        if table is Subscription:
            return restored | {"name_key": fold(restored["name"])}
        return restored | {"subscription_key": restored["subscription_ref"].casefold()}

    def _restore_holdings(self) -> None:
        types, products = self._indexes.certificate_types, self._indexes.products
        for batch in self._kept(Holding):
            changes = [(json.loads(ref), before) for ref, before in batch.items()]
            owners = list({owner: self._customers[owner] for (owner, *_), _ in changes}.values())
            inventories = derived.stored_inventories(owners)
            for (owner, type_name, product_name), before in changes:
                inventory = inventories[self._customers[owner]]
                key = HoldingKey(types.id_of(type_name), products.id_of(product_name))
                counts = inventory.pop(key, NOTHING)
                if before is not None:
                    inventory[key] = counts._replace(**before)
            for inventory in inventories.values():
                if inventory.get(NO_HOLDING) == NOTHING:
                    del inventory[NO_HOLDING]
            self._indexes.write()
            derived.replace_holdings(inventories, self._indexes, self._changes)

    def _is_undone(self) -> Any:
        """The condition that this undo or an earlier one takes a kept row back."""
        return (ChangedRow.number == self._undone.number) | ChangedRow.number.in_(undone_numbers())

    def _remove_customers(self) -> None:
        """Remove the customers that undone imports have added and that nothing uses any more."""
        query = ChangedRow.select(ChangedRow.ref).where(
            ChangedRow.table == table_name(Customer),
            ChangedRow.kind == "added",
            self._is_undone(),
        )
        added = [int(ref) for (ref,) in reports_db.execute(query) if int(ref) in self._customers]
        for batch in chunked(added, BATCH_ROWS):
            used = set(protected_customers(batch, self._undone))
            for table in (Subscription, Transaction, Holding):
                used |= {owner for owner, _ in used_by(table, reports_db.in_values(table.customer, batch))}
            unused = [id_ for id_ in batch if id_ not in used]
            for usage in (Holding, TypeUsage, CustomerUsage):
                usage.delete().where(reports_db.in_values(usage.customer, unused)).execute()
            self._history.keep_removed_customers([self._customers[id_] for id_ in unused])
            Customer.delete().where(reports_db.in_values(Customer.id, unused)).execute()

    def _remove_names(self) -> None:
        """Remove the names that undone imports have added and that nothing uses any more."""
        for table in NAME_TABLES:
            added = ChangedRow.select(ChangedRow.ref).where(
                ChangedRow.table == table_name(table),
                ChangedRow.kind == "added",
            )
            by_undone = added.where(self._is_undone())
            names = table.select(table.id).where(
                table.name.in_(by_undone),
                table.name.not_in(added.where(ChangedRow.number.in_(other_effective_imports(self._undone)))),
            )
            for (id_,) in list(reports_db.execute(names)):
                if not any(field.model.select().where(field == id_).exists() for field in NAME_USES[table]):
                    if table is Bundle:
                        BundleProduct.delete().where(BundleProduct.bundle == id_).execute()
                    table.delete().where(table.id == id_).execute()
