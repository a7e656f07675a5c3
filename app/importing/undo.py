"""Undo an import: give back what each row was that the import changed, all of them or none."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from peewee import chunked, fn

from app.importing import derived
from app.importing.derived import NO_HOLDING, NOTHING, HoldingKey
from app.importing.kept_rows import (
    NAME_FIELDS,
    NAME_TABLES,
    TABLES_BY_NAME,
    HistoryWriter,
    customer_ref,
    each_batch,
    holding_ref,
    name_indexes,
    table_name,
)
from app.importing.names import Indexes
from app.importing.options import Options
from app.importing.reader import Progress
from app.importing.results import Change, ChangeLog, Row, quote
from app.importing.rows import BATCH_ROWS, Table, field_names, select_rows, update_rows
from models import (
    NONE_ID,
    USAGE_COUNTS,
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    ChangedRow,
    Customer,
    CustomerUsage,
    Holding,
    Import,
    Product,
    Reseller,
    Subscription,
    Transaction,
    TypeUsage,
    fold,
    reports_db,
    timestamp,
)

_MAX_KEPT = 100  # names of what stays that are listed

# Where names are used: the tables and fields that refer to each table of names.
_USES: dict[Table, tuple[Any, ...]] = {
    Bundle: (Transaction.bundle,),
    Product: (BundleProduct.product, Holding.product),
    CertificateType: (Holding.certificate_type,),
    Actor: (Subscription.modified_by, Transaction.user),
    Reseller: (Customer.reseller,),
}
_HOLDS = (Holding.certificate_type != NONE_ID) | (Holding.product != NONE_ID)
for _count in USAGE_COUNTS:
    _HOLDS |= getattr(Holding, _count) != 0
_WORDS = {
    Bundle: "Products",
    Product: "Product",
    CertificateType: "Certificate type",
    Actor: "User",
    Reseller: "Reseller",
}


class CannotUndo(Exception):
    """An import can't be undone; the message says why, and what can be done."""


@dataclass(frozen=True)
class UndoSummary:
    """What undoing an import does, in numbers of rows: those that go, that come back, that get their old values.

    As text: "12 rows go, 0 come back, 3 get their old values; customers: 1 goes, 2 get their old values".
    """

    removed: int
    restored: int
    updated: int
    customers_removed: int
    customers_updated: int

    def __str__(self) -> str:
        rows = f"{_number(self.removed, 'row')}, {self.restored:,} come back, {self.updated:,} get their old values"
        customers = f"{self.customers_removed:,} go, {self.customers_updated:,} get their old values"
        return f"{rows}; customers: {customers}" if self.customers_removed or self.customers_updated else rows


def _number(count: int, what: str) -> str:
    return f"1 {what} goes" if count == 1 else f"{count:,} {what}s go"


@dataclass(frozen=True)
class UndoPreview:
    """What undoing an import does, or would do. `kept` names the customers and names that newer rows still use."""

    summary: UndoSummary
    kept: list[str]


def undo_preview(number: int) -> UndoPreview:
    """Return what undoing the import would do. Raises CannotUndo."""
    with reports_db.read_transaction():
        undone = _check(number)
        return _preview(undone)


def undo_import(number: int, undo_number: int, who: str, progress: Progress | None = None) -> UndoPreview:
    """Undo the import `number` in one transaction, and record that as the import `undo_number` by `who`.

    `progress` is called with the number of rows that are done since the last call, of Import.changed_rows. Raises
    CannotUndo, and then nothing has changed.
    """
    with reports_db.write_transaction():
        undone = _check(number)
        preview = _preview(undone)
        undo = _Undo(undone, undo_number, progress)
        undo.run()
        undo.record(who)
    return preview


class _Undone(NamedTuple):
    """The import that is undone. `id` is that of its Import."""

    id: int
    number: int
    report: str
    file: str


def _check(number: int) -> _Undone:
    """Return the import of a number. Raises CannotUndo."""
    undone = Import.get_or_none(Import.number == number)
    if undone is None:
        raise CannotUndo(f"There is no import {number}.")
    if undone.undoes is not None:
        raise CannotUndo(f"Import {number} undid import {undone.undoes}; import the file of that one again instead.")
    if undo := Import.get_or_none(Import.undoes == number):
        raise CannotUndo(f"Import {number} is undone already, by import {undo.number}.")
    if undone.changed_rows == 0:
        raise CannotUndo(f"Import {number} changed nothing, so that there is nothing to undo.")
    if undone.discarded:
        raise CannotUndo(f"What import {number} changed is no longer known: it is older than HISTORY_DAYS.")
    newer = Import.select().where(Import.id > undone.id)
    if unknown := newer.where(Import.number.is_null()).order_by(Import.id.desc()).first():
        raise CannotUndo(
            f"The import of {quote(unknown.file)} at {unknown.loaded_at}, which is newer, was made without history, "
            f"so that import {number} can't be undone."
        )
    checked = _Undone(undone.id, number, undone.report, undone.file)
    if _effective_since(checked).exists() and (conflicts := _changed_since(checked) or _moved_since(checked)):
        raise CannotUndo(_describe_conflicts(conflicts))
    return checked


def _describe_conflicts(numbers: set[int]) -> str:
    newer = Import.select(Import.number).where(Import.number.in_(list(numbers))).order_by(Import.id.desc())
    first, *others = [str(number) for (number,) in reports_db.execute(newer)]
    if not others:
        return f"Import {first}, which is newer, changed the same rows; undo that first."
    return f"Newer imports changed the same rows; undo these first, in this order: {', '.join([first, *others])}."


def _effective_since(undone: _Undone) -> Any:
    """The numbers of newer imports that changed something, neither undone nor undoing another."""
    return _effective_beside(undone).where(Import.id > undone.id)


def _effective_beside(undone: _Undone) -> Any:
    """The numbers of all other imports that changed something, neither undone nor undoing another."""
    return Import.select(Import.number).where(
        *(Import.number != undone.number, Import.changed_rows > 0),
        *(Import.undoes.is_null(), Import.number.not_in(_undone_numbers())),
    )


def _undone_numbers() -> Any:
    return Import.select(Import.undoes).where(Import.undoes.is_null(False))


def _changed_since(undone: _Undone) -> set[int]:
    """The numbers of newer imports that changed rows of this import."""
    other = ChangedRow.alias()
    same = (other.table == ChangedRow.table) & (other.ref == ChangedRow.ref) & (other.number != ChangedRow.number)
    query = ChangedRow.select(other.number).distinct().join(other, on=same)
    query = query.where(
        *(ChangedRow.number == undone.number, ChangedRow.table.in_(list(TABLES_BY_NAME)), ChangedRow.kind != "left"),
        *(other.kind != "left", other.number.in_(_effective_since(undone))),
    )
    return {number for (number,) in reports_db.execute(query)}


def _moved_since(undone: _Undone) -> set[int]:
    """The numbers of newer imports that rely on a row's belonging to the customer to whom this import moved it.

    A subscription and its transactions belong to one customer, also afterwards.
    """
    subscriptions: dict[str, int] = {}
    transactions: dict[str, dict[str, Any]] = {}
    moved = ChangedRow.before.contains('"customer"') | ChangedRow.before.contains('"subscription_ref"')
    for batch in each_batch(undone.number, (ChangedRow.kind == "updated") & moved):
        for changed in batch:
            before = changed.values()
            if changed.table == "subscription" and "customer" in before:
                subscriptions[changed.ref] = before["customer"]
            elif changed.table == "transaction":
                transactions[changed.ref] = before
    found: set[tuple[str, str]] = set()
    for refs in chunked(subscriptions, BATCH_ROWS):
        names = ("ref", "customer", "subscription_ref")
        for row in select_rows(Transaction, names, reports_db.in_values(Transaction.subscription_ref, refs)):
            restored = row | transactions.get(row["ref"], {})
            if subscriptions.get(restored["subscription_ref"], restored["customer"]) != restored["customer"]:
                found.add(("transaction", row["ref"]))
    for refs in chunked(transactions, BATCH_ROWS):
        names = ("ref", "customer", "subscription_ref")
        rows = select_rows(Transaction, names, reports_db.in_values(Transaction.ref, refs))
        restored_rows = [row | transactions[row["ref"]] for row in rows]
        named = [row["subscription_ref"] for row in restored_rows]
        owners = select_rows(Subscription, ("ref", "customer"), reports_db.in_values(Subscription.ref, named))
        owner_of = {row["ref"]: subscriptions.get(row["ref"], row["customer"]) for row in owners}
        for row in restored_rows:
            if owner_of.get(row["subscription_ref"], row["customer"]) != row["customer"]:
                found.add(("subscription", row["subscription_ref"]))
    numbers: set[int] = set()
    for table in ("subscription", "transaction"):
        for refs in chunked([ref for each, ref in found if each == table], BATCH_ROWS):
            same = (ChangedRow.table == table) & reports_db.in_values(ChangedRow.ref, refs)
            query = ChangedRow.select(ChangedRow.number).where(same, ChangedRow.number.in_(_effective_since(undone)))
            numbers |= {number for (number,) in reports_db.execute(query)}
    return numbers


# --- Preview


def _preview(undone: _Undone) -> UndoPreview:
    query = ChangedRow.select(ChangedRow.table, ChangedRow.kind, fn.COUNT(ChangedRow.id))
    query = query.where(ChangedRow.number == undone.number).group_by(ChangedRow.table, ChangedRow.kind)
    counts: Counter[str] = Counter()
    customers: Counter[str] = Counter()
    for table, kind, count in reports_db.execute(query):
        if table in TABLES_BY_NAME:
            (customers if table == "customer" else counts)[kind] += count
    kept_customers, kept = [], []
    if _effective_since(undone).exists():
        kept_customers = sorted(_kept_customers(undone))
        kept = list(_kept_names(undone, kept_customers))
    summary = UndoSummary(
        removed=counts["added"],
        restored=counts["removed"],
        updated=counts["updated"] + counts["cancelled"],
        customers_removed=customers["added"] - len(kept_customers),
        customers_updated=customers["updated"],
    )
    if len(kept) > _MAX_KEPT:
        kept = [*kept[:_MAX_KEPT], f"… and {len(kept) - _MAX_KEPT:,} more"]
    return UndoPreview(summary, kept)


def _kept_customers(undone: _Undone) -> Iterator[int]:
    """Yield the ids of customers that the import added and that stay, since newer rows belong to them."""
    added = ChangedRow.select(ChangedRow.ref).where(*_added(undone.number, Customer))
    for batch in chunked([int(ref) for (ref,) in reports_db.execute(added)], BATCH_ROWS):
        kept = set(_protected_customers(batch, undone))
        for table in (Subscription, Transaction, Holding):
            uses = _used_by(table, reports_db.in_values(table.customer, batch))
            kept |= {customer for customer, _ in _not_changed_by(undone, table, uses)}
        yield from kept


def _kept_names(undone: _Undone, kept_customers: Sequence[int]) -> Iterator[str]:
    """Yield what stays of what the import added, in words."""
    customers = set(kept_customers)
    for batch in chunked(kept_customers, BATCH_ROWS):
        query = Customer.select(Customer.name).where(reports_db.in_values(Customer.id, batch))
        for (name,) in reports_db.execute(query.order_by(Customer.name_key, Customer.name, Customer.id)):
            yield _stays("Customer", name)
    going: set[int] = set()  # bundles
    for table in NAME_TABLES:
        added = ChangedRow.select(ChangedRow.ref).where(*_added(undone.number, table))
        names = table.select(table.id, table.name).where(table.name.in_(added)).order_by(table.name_key, table.name)
        for id_, name in list(reports_db.execute(names)):
            if _stays_used(table, id_, undone, customers, going):
                yield _stays(_WORDS[table], name)
            elif table is Bundle:
                going.add(id_)


def _stays_used(table: Table, id_: int, undone: _Undone, customers: set[int], going: set[int]) -> bool:
    """Whether something refers to a name when the import is undone, which `customers` and all but `going` survive."""
    for field in _USES[table]:
        if field.model is BundleProduct:
            bundles = reports_db.execute(BundleProduct.select(BundleProduct.bundle).where(field == id_))
            if any(bundle not in going for (bundle,) in bundles):
                return True
        elif field.model is Customer:
            owners = [owner for (owner,) in reports_db.execute(Customer.select(Customer.id).where(field == id_))]
            if customers.intersection(owners):
                return True
            if any(_not_changed_by(undone, Customer, ((owner, customer_ref(owner)) for owner in owners))):
                return True
        elif any(_not_changed_by(undone, field.model, _used_by(field.model, field == id_))):
            return True
    return False


def _stays(what: str, name: str) -> str:
    return f"{what} {quote(name)} stays, because something newer uses it."


def _added(number: int, table: Table) -> tuple[Any, ...]:
    return ChangedRow.number == number, ChangedRow.table == table_name(table), ChangedRow.kind == "added"


def _used_by(table: Table, condition: Any) -> Iterator[tuple[int, str]]:
    """Yield the customer, and the ref in ChangedRow, of each row that is more than zeros."""
    if table is Holding:
        query = Holding.select(Holding.customer, CertificateType.name, Product.name)
        query = query.join_from(Holding, CertificateType).join_from(Holding, Product).where(condition, _HOLDS)
        return ((customer, holding_ref(customer, kind, name)) for customer, kind, name in reports_db.execute(query))
    return iter(reports_db.execute(table.select(table.customer, table.ref).where(condition)))


def _not_changed_by(undone: _Undone, table: Table, uses: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield those of some rows that the import hasn't changed."""
    for batch in chunked(uses, BATCH_ROWS):
        query = ChangedRow.select(ChangedRow.ref).where(
            *(ChangedRow.number == undone.number, ChangedRow.table == table_name(table), ChangedRow.kind != "left"),
            reports_db.in_values(ChangedRow.ref, [ref for _, ref in batch]),
        )
        changed = {ref for (ref,) in reports_db.execute(query)}
        yield from (use for use in batch if use[1] not in changed)


def _protected_customers(ids: Sequence[int], undone: _Undone) -> Iterator[int]:
    """Yield the customers that stay for what other imports keep: undoing one of these may need them."""
    refs = [customer_ref(id_) for id_ in ids]
    query = ChangedRow.select(ChangedRow.ref).where(
        *(ChangedRow.table == table_name(Customer), reports_db.in_values(ChangedRow.ref, refs)),
        *(ChangedRow.kind != "added", ChangedRow.number.in_(_effective_beside(undone))),
    )
    return (int(ref) for (ref,) in reports_db.execute(query))


# --- Undo


class _Undo:
    """One undo on its way, in the caller's transaction."""

    def __init__(self, undone: _Undone, number: int, progress: Progress | None) -> None:
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
        self._history.finish()
        self._remove_customers()
        self._remove_names()

    def record(self, who: str) -> None:
        """Record the undo as an import, which makes it the version of all data."""
        counts = {**self._changes.counts, "unchanged": 0}
        Import.create(
            report=self._undone.report, file=f"Undo of import {self._undone.number}: {self._undone.file}",
            loaded_at=timestamp(), who=who, number=self._history.number, undoes=self._undone.number,
            changed_rows=self._history.rows, **counts,
        )  # fmt: skip

    def _kept(self, table: Table) -> Iterator[dict[str, dict[str, Any] | None]]:
        """Yield what is kept of a table's rows, by ref; None for rows that the import added."""
        condition = (ChangedRow.table == table_name(table)) & (ChangedRow.kind != "left")
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
            update_rows(table, [change.after for change in updated if change.after])
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
        return (ChangedRow.number == self._undone.number) | ChangedRow.number.in_(_undone_numbers())

    def _remove_customers(self) -> None:
        """Remove the customers that undone imports have added and that nothing uses any more."""
        query = ChangedRow.select(ChangedRow.ref).where(
            *(ChangedRow.table == table_name(Customer), ChangedRow.kind == "added"),
            self._is_undone(),
        )
        added = [int(ref) for (ref,) in reports_db.execute(query) if int(ref) in self._customers]
        for batch in chunked(added, BATCH_ROWS):
            used = set(_protected_customers(batch, self._undone))
            for table in (Subscription, Transaction, Holding):
                used |= {owner for owner, _ in _used_by(table, reports_db.in_values(table.customer, batch))}
            unused = [id_ for id_ in batch if id_ not in used]
            for usage in (Holding, TypeUsage, CustomerUsage):
                usage.delete().where(reports_db.in_values(usage.customer, unused)).execute()
            self._history.keep_removed_customers([self._customers[id_] for id_ in unused])
            Customer.delete().where(reports_db.in_values(Customer.id, unused)).execute()

    def _remove_names(self) -> None:
        """Remove the names that undone imports have added and that nothing uses any more."""
        for table in NAME_TABLES:
            added = ChangedRow.select(ChangedRow.ref).where(
                *(ChangedRow.table == table_name(table), ChangedRow.kind == "added")
            )
            by_undone = added.where(self._is_undone())
            names = table.select(table.id).where(
                table.name.in_(by_undone),
                table.name.not_in(added.where(ChangedRow.number.in_(_effective_beside(self._undone)))),
            )
            for (id_,) in list(reports_db.execute(names)):
                if not any(field.model.select().where(field == id_).exists() for field in _USES[table]):
                    if table is Bundle:
                        BundleProduct.delete().where(BundleProduct.bundle == id_).execute()
                    table.delete().where(table.id == id_).execute()
