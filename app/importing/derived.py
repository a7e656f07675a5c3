"""What follows from imported rows and is stored: usage sums, cancelled flags, copies of customers' fields."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from peewee import fn

from app.importing.customers import CachedCustomer, Indexes
from app.importing.rows import Row, Table, batches, field_names, in_values, insert_rows, select_rows, update_rows
from app.importing.summary import RowCounts
from models import (
    NONE_ID,
    USAGE_COUNTS,
    Customer,
    CustomerUsage,
    Holding,
    Subscription,
    Transaction,
    TypeUsage,
    fold,
    reports_db,
)

_REF_SEPARATOR = "\x01"
"""Stands between the parts. It comes before everything that can stand within one, so "A" comes before "AB"."""


def usage_ref(customer_ref: str, customer: int, certificate_type: str, product: str) -> str:
    return _REF_SEPARATOR.join(
        (_escape_part(customer_ref), f"{customer:012}", _name_part(certificate_type), _name_part(product))
    )


def parent_ref(reference: str) -> str:
    """The reference of the row that sums up this one and its like."""
    return reference.rsplit(_REF_SEPARATOR, 2)[0]


@lru_cache(maxsize=4096)
def _name_part(name: str) -> str:
    return _escape_part(fold(name)) + _REF_SEPARATOR + _escape_part(name)


def _escape_part(text: str) -> str:
    """`text` without _END, in the same order among others: U+0001 and U+0002 become pairs that start with U+0002."""
    return text.replace("\x02", "\x02\x03").replace(_REF_SEPARATOR, "\x02\x02")


class HoldingKey(NamedTuple):
    """A certificate type and one of its products, by our numbers."""

    certificate_type: int
    product: int


NO_HOLDING = HoldingKey(NONE_ID, NONE_ID)
"""The kind of the one row that a customer without holdings has."""

Inventory = Mapping[HoldingKey, tuple[int, int]]
"""A customer's current inventory of each kind, and how much of it is used."""


def usage_counts(inventory: int, used: int) -> Row:
    over = used - inventory
    return {
        "current_inventory": inventory,
        "available": max(-over, 0),
        "used": used,
        "over_inventory": max(over, 0),
    }


def holding_rows(held: Mapping[CachedCustomer, Inventory], registry: Indexes) -> Iterator[Row]:
    """One row for each holding, or of zeros for a customer without any."""
    types, products = registry.types.by_id(), registry.products.by_id()
    for customer, kinds in held.items():
        for kind, (inventory, used) in (kinds or {NO_HOLDING: (0, 0)}).items():
            yield {
                "ref": usage_ref(customer.ref, customer.id, types[kind.certificate_type], products[kind.product]),
                "customer": customer.id,
                "customer_ref": customer.ref,
                "reseller": customer.reseller,
                **kind._asdict(),
                **usage_counts(inventory, used),
            }


def sum_rows(rows: Sequence[Row], part: str) -> list[Row]:
    """Sum up `rows` that differ only in the field `part` and in numbers. A sum's parts are those that have a name."""
    sums: dict[str, Row] = {}
    for row in rows:
        ref = parent_ref(row["ref"])
        total = sums.get(ref)
        if total is None:
            total = sums[ref] = _zero_row(row, part) | {"ref": ref}
        for number in USAGE_COUNTS:
            total[number] += row[number]
        total["parts"] += row[part] != NONE_ID
    return list(sums.values())


def _zero_row(row: Row, part: str) -> Row:
    kept = {name: value for name, value in row.items() if name != part}
    return kept | dict.fromkeys(USAGE_COUNTS, 0) | {"parts": 0}


DERIVED_FIELDS = ("customer_ref", "reseller", "cancelled")
"""Fields that no file states of a row, so that they don't make it differ."""


def find_foreign_rows(table: Any, refs: list[str]) -> list[tuple[str, str]]:
    """Which of these subscriptions, or transactions, are at odds with their counterpart over whose they are.

    Each comes with its subscription's id.
    """
    at_odds = (Subscription.ref == Transaction.subscription_ref) & (Subscription.customer != Transaction.customer)
    pairs = Transaction.select(table.ref, Subscription.ref).join(Subscription, on=at_odds).distinct()
    return list(reports_db.execute(pairs.where(in_values(table.ref, refs))))


def update_cancelled(subscriptions: Iterable[str]) -> None:
    """Say of each of these subscriptions whether its last Cancel has no later Renew."""
    for refs in batches(subscriptions):
        change = Subscription.update(cancelled=Subscription.ref.in_(_cancelled_refs(refs)))
        change.where(in_values(Subscription.ref, refs)).execute()


def _cancelled_refs(refs: list[str]) -> Any:
    cancelled, renewed = _last_date("Cancel"), _last_date("Renew")
    stands = cancelled.is_null(False) & (renewed.is_null() | (cancelled >= renewed))
    subscription = Transaction.subscription_ref
    return Transaction.select(subscription).where(in_values(subscription, refs)).group_by(subscription).having(stands)


def _last_date(action: str) -> Any:
    return fn.MAX(Transaction.date).filter(Transaction.action == action)


def update_customer_copies(registry: Indexes) -> None:
    """Write the customers that changed and bring the copies of their fields up to date, save on usage rows."""
    registry.customers.write_changes()
    for batch in batches(registry.customers.changed):
        for table in (Subscription, Transaction):
            _copy_customer_fields(table, [known.id for known in batch])


def _copy_customer_fields(table: Any, customers: list[int]) -> None:
    owner = Customer.id == table.customer
    copies = {
        table.customer_ref: Customer.select(Customer.ref).where(owner),
        table.reseller: Customer.select(Customer.reseller).where(owner),
    }
    table.update(copies).where(in_values(table.customer, customers)).execute()


def update_usage_rows(registry: Indexes) -> None:
    """Bring the usage rows of customers that are new or changed up to date, whatever file brought them."""
    customers = registry.customers.new | registry.customers.changed
    for batch in batches(sorted(customers, key=attrgetter("id"))):
        held: dict[int, dict[HoldingKey, tuple[int, int]]] = {known.id: {} for known in batch}
        for row in _stored_rows(Holding, list(held)):
            kind = HoldingKey(row["certificate_type"], row["product"])
            held[row["customer"]][kind] = row["current_inventory"], row["used"]
        replace_holdings({known: held[known.id] for known in batch}, registry)


def replace_holdings(held: Mapping[CachedCustomer, Inventory], registry: Indexes) -> RowCounts:
    """Make this all that these customers hold, and count what became of the rows of their holdings."""
    customers = [customer.id for customer in held]
    rows = list(holding_rows(held, registry))
    types = sum_rows(rows, "product")
    before = _replace_rows(Holding, rows, customers)
    _replace_rows(TypeUsage, types, customers)
    _replace_rows(CustomerUsage, sum_rows(types, "certificate_type"), customers)
    return _count_changes(before, rows)


def _stored_rows(table: Table, customers: list[int]) -> Iterator[Row]:
    return select_rows(table, field_names(table), in_values(table.customer, customers))


def _replace_rows(table: Table, rows: list[Row], customers: list[int]) -> dict[Any, Row]:
    """Make `rows` the only ones of these customers, and return what was there before."""
    key = _row_key(table)
    before = {key(row): row for row in _stored_rows(table, customers)}
    insert_rows(table, [row for row in rows if key(row) not in before])
    kept = [(before[key(row)], row) for row in rows if key(row) in before]
    update_rows(table, [{**old, **row} for old, row in kept if {**old, **row} != old])
    gone = before.keys() - set(map(key, rows))
    for ids in batches(before[each]["id"] for each in gone):
        table.delete().where(in_values(table.id, ids)).execute()
    return before


def _row_key(table: Table) -> Any:
    """What tells a table's rows apart, whatever their customers' identifiers are."""
    return itemgetter(*(name for name in ("customer", *HoldingKey._fields) if name in table._meta.fields))


def _count_changes(before: Mapping[Any, Row], rows: list[Row]) -> RowCounts:
    """A customer's row of zeros counts when the file names it, and never as removed."""
    key, known = _row_key(Holding), {row["customer"] for row in before.values()}
    became = Counter(_change_of(before.get(key(row)), row, row["customer"] in known) for row in rows)
    named = set(map(key, rows))
    became["removed"] = sum(row["product"] != NONE_ID and each not in named for each, row in before.items())
    return RowCounts(**became)


def _change_of(old: Row | None, row: Row, known: bool) -> str:
    if old is None:
        return "updated" if known and row["product"] == NONE_ID else "added"
    return "unchanged" if all(old[number] == row[number] for number in USAGE_COUNTS) else "updated"
