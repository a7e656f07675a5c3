"""Check whether an import can be undone, and find what stays of it because something newer uses it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from peewee import chunked

from app.importing.kept_rows import (
    NAME_TABLES,
    TABLES_BY_NAME,
    customer_ref,
    each_batch,
    holding_ref,
    is_row_change,
    table_name,
)
from app.importing.results import Row, quote
from app.importing.rows import BATCH_ROWS, Table, select_rows
from app.table.expressions import without_index
from models import (
    NONE_ID,
    USAGE_COUNTS,
    Actor,
    Bundle,
    BundleProduct,
    CertificateType,
    ChangedRow,
    Customer,
    Holding,
    Import,
    Product,
    Reseller,
    Subscription,
    Transaction,
    reports_db,
)

# Where names are used: the tables and fields that refer to each table of names.
NAME_USES: dict[Table, tuple[Any, ...]] = {
    Bundle: (Transaction.bundle,),
    Product: (BundleProduct.product, Holding.product),
    CertificateType: (Holding.certificate_type,),
    Actor: (Subscription.modified_by, Transaction.user),
    Reseller: (Customer.reseller,),
}
# The condition that a usage row is more than the row of zeros that stands for no holding.
_HOLDS_SOMETHING = reduce(
    or_,
    (getattr(Holding, name) != 0 for name in USAGE_COUNTS),
    (Holding.certificate_type != NONE_ID) | (Holding.product != NONE_ID),
)
_OWNERSHIP = ("ref", "customer", "subscription_ref")  # fields of a transaction that tell to whom it belongs
_WORDS = {
    Bundle: "Products",
    Product: "Product",
    CertificateType: "Certificate type",
    Actor: "User",
    Reseller: "Reseller",
}


class CannotUndo(Exception):
    """An import can't be undone; the message says why, and what can be done. `newer` are to be undone before."""

    def __init__(self, message: str, newer: Sequence[int] = ()) -> None:
        super().__init__(message)
        self.newer = newer


class UndoneImport(NamedTuple):
    """The import that is undone. `id` is that of its Import."""

    id: int
    number: int
    report: str
    file: str


def check_undo(number: int) -> UndoneImport:
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
    checked = UndoneImport(undone.id, number, undone.report, undone.file)
    if effective_imports_since(checked).exists() and (conflicts := _changed_since(checked) or _moved_since(checked)):
        newest_first = _newest_first(conflicts)
        raise CannotUndo(_describe_conflicts(newest_first), newest_first)
    return checked


def _newest_first(numbers: set[int]) -> list[int]:
    newer = Import.select(Import.number).where(Import.number.in_(list(numbers))).order_by(Import.id.desc())
    return [number for (number,) in reports_db.execute(newer)]


def _describe_conflicts(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"Import {numbers[0]}, which is newer, changed the same rows; undo that first."
    in_order = ", ".join(map(str, numbers))
    return f"Newer imports changed the same rows; undo these first, in this order: {in_order}."


def effective_imports_since(undone: UndoneImport) -> Any:
    """The numbers of newer imports that changed something, neither undone nor undoing another."""
    return other_effective_imports(undone).where(Import.id > undone.id)


def other_effective_imports(undone: UndoneImport) -> Any:
    """The numbers of all other imports that changed something, neither undone nor undoing another."""
    return Import.select(Import.number).where(
        Import.number != undone.number,
        Import.changed_rows > 0,
        Import.undoes.is_null(),
        Import.number.not_in(undone_numbers()),
    )


def undone_numbers() -> Any:
    return Import.select(Import.undoes).where(Import.undoes.is_null(False))


def _changed_since(undone: UndoneImport) -> set[int]:
    """The numbers of newer imports that changed rows of this import."""
    other = ChangedRow.alias()
    same = (other.table == ChangedRow.table) & (other.ref == ChangedRow.ref) & (other.number != ChangedRow.number)
    query = ChangedRow.select(other.number).distinct().join(other, on=same)
    query = query.where(
        ChangedRow.number == undone.number,
        ChangedRow.table.in_(list(TABLES_BY_NAME)),
        is_row_change(),
        is_row_change(other),
        without_index(other.number.in_(effective_imports_since(undone))),
    )
    return {number for (number,) in reports_db.execute(query)}


def _moved_since(undone: UndoneImport) -> set[int]:
    """The numbers of newer imports that rely on a row's belonging to the customer to whom this import moved it.

    A subscription and its transactions belong to one customer, also afterwards.
    """
    numbers: set[int] = set()
    subscriptions, transactions = _moved_rows(undone)
    for table, separated in (
        ("subscription", _separated_subscriptions(subscriptions, transactions)),
        ("transaction", _separated_transactions(subscriptions, transactions)),
    ):
        for refs in chunked(separated, BATCH_ROWS):
            same = (ChangedRow.table == table) & reports_db.in_values(ChangedRow.ref, refs)
            query = ChangedRow.select(ChangedRow.number).where(
                same, without_index(ChangedRow.number.in_(effective_imports_since(undone)))
            )
            numbers |= {number for (number,) in reports_db.execute(query)}
    return numbers


def _moved_rows(undone: UndoneImport) -> tuple[dict[str, int], dict[str, Row]]:
    """What moved rows were before, by ref: the customer of each subscription, and the fields of each transaction."""
    subscriptions: dict[str, int] = {}
    transactions: dict[str, Row] = {}
    moved = ChangedRow.before.contains('"customer"') | ChangedRow.before.contains('"subscription_ref"')
    for batch in each_batch(undone.number, (ChangedRow.kind == "updated") & moved):
        for changed in batch:
            before = changed.values()
            if changed.table == "subscription" and "customer" in before:
                subscriptions[changed.ref] = before["customer"]
            elif changed.table == "transaction":
                transactions[changed.ref] = before
    return subscriptions, transactions


def _separated_transactions(subscriptions: Mapping[str, int], transactions: Mapping[str, Row]) -> set[str]:
    """The transactions, by ref, that wouldn't belong to the customer of their subscription if it were moved back."""
    separated = set()
    for refs in chunked(subscriptions, BATCH_ROWS):
        for row in select_rows(Transaction, _OWNERSHIP, reports_db.in_values(Transaction.subscription_ref, refs)):
            restored = row | transactions.get(row["ref"], {})
            if subscriptions.get(restored["subscription_ref"], restored["customer"]) != restored["customer"]:
                separated.add(row["ref"])
    return separated


def _separated_subscriptions(subscriptions: Mapping[str, int], transactions: Mapping[str, Row]) -> set[str]:
    """The subscriptions, by ref, that wouldn't belong to the customer of a transaction if that were moved back."""
    separated = set()
    for refs in chunked(transactions, BATCH_ROWS):
        rows = select_rows(Transaction, _OWNERSHIP, reports_db.in_values(Transaction.ref, refs))
        restored = [row | transactions[row["ref"]] for row in rows]
        named = [row["subscription_ref"] for row in restored]
        owners = select_rows(Subscription, ("ref", "customer"), reports_db.in_values(Subscription.ref, named))
        owner_of = {row["ref"]: subscriptions.get(row["ref"], row["customer"]) for row in owners}
        for row in restored:
            if owner_of.get(row["subscription_ref"], row["customer"]) != row["customer"]:
                separated.add(row["subscription_ref"])
    return separated


def remaining_customers(undone: UndoneImport) -> Iterator[int]:
    """Yield the ids of customers that the import added and that stay, since newer rows belong to them."""
    added = ChangedRow.select(ChangedRow.ref).where(*_added(undone.number, Customer))
    for batch in chunked([int(ref) for (ref,) in reports_db.execute(added)], BATCH_ROWS):
        remaining = set(protected_customers(batch, undone))
        for table in (Subscription, Transaction, Holding):
            uses = used_by(table, reports_db.in_values(table.customer, batch))
            remaining |= {customer for customer, _ in _not_changed_by(undone, table, uses)}
        yield from remaining


def remaining_names(undone: UndoneImport, remaining: Sequence[int]) -> Iterator[str]:
    """Yield what stays of what the import added, in words."""
    customers = set(remaining)
    for batch in chunked(remaining, BATCH_ROWS):
        query = Customer.select(Customer.name).where(reports_db.in_values(Customer.id, batch))
        for (name,) in reports_db.execute(query.order_by(Customer.name_key, Customer.name, Customer.id)):
            yield _describe_remaining("Customer", name)
    going: set[int] = set()  # bundles
    for table in NAME_TABLES:
        added = ChangedRow.select(ChangedRow.ref).where(*_added(undone.number, table))
        names = table.select(table.id, table.name).where(table.name.in_(added)).order_by(table.name_key, table.name)
        for id_, name in list(reports_db.execute(names)):
            if _is_used_after(undone, table, id_, customers, going):
                yield _describe_remaining(_WORDS[table], name)
            elif table is Bundle:
                going.add(id_)


def _is_used_after(undone: UndoneImport, table: Table, id_: int, customers: set[int], going: set[int]) -> bool:
    """Whether something refers to a name when the import is undone: one of `customers`, or a bundle not in `going`."""
    for field in NAME_USES[table]:
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
        elif any(_not_changed_by(undone, field.model, used_by(field.model, field == id_))):
            return True
    return False


def _describe_remaining(what: str, name: str) -> str:
    return f"{what} {quote(name)} stays, because something newer uses it."


def _added(number: int, table: Table) -> tuple[Any, ...]:
    return ChangedRow.number == number, ChangedRow.table == table_name(table), ChangedRow.kind == "added"


def used_by(table: Table, condition: Any) -> Iterator[tuple[int, str]]:
    """Yield the customer, and the ref in ChangedRow, of each row that is more than zeros."""
    if table is Holding:
        query = Holding.select(Holding.customer, CertificateType.name, Product.name)
        query = query.join_from(Holding, CertificateType).join_from(Holding, Product).where(condition, _HOLDS_SOMETHING)
        return ((customer, holding_ref(customer, kind, name)) for customer, kind, name in reports_db.execute(query))
    return iter(reports_db.execute(table.select(table.customer, table.ref).where(condition)))


def _not_changed_by(undone: UndoneImport, table: Table, uses: Iterable[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Yield those of some rows that the import hasn't changed."""
    for batch in chunked(uses, BATCH_ROWS):
        query = ChangedRow.select(ChangedRow.ref).where(
            ChangedRow.table == table_name(table),
            reports_db.in_values(ChangedRow.ref, [ref for _, ref in batch]),
            without_index(ChangedRow.number == undone.number),
            is_row_change(),
        )
        changed = {ref for (ref,) in reports_db.execute(query)}
        yield from (use for use in batch if use[1] not in changed)


def protected_customers(ids: Sequence[int], undone: UndoneImport) -> Iterator[int]:
    """Yield the customers that stay for what other imports keep: undoing one of these may need them."""
    refs = [customer_ref(id_) for id_ in ids]
    query = ChangedRow.select(ChangedRow.ref).where(
        ChangedRow.table == table_name(Customer),
        reports_db.in_values(ChangedRow.ref, refs),
        ChangedRow.kind != "added",
        without_index(ChangedRow.number.in_(other_effective_imports(undone))),
    )
    return (int(ref) for (ref,) in reports_db.execute(query))
