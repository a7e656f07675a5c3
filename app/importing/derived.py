"""Stored data that follows from imported rows: usage sums, cancelled flags, copies of customers' fields."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from peewee import chunked, fn

from app.importing.customers import CachedCustomer, Indexes
from app.importing.layouts import usage_counts
from app.importing.rows import BATCH_ROWS, Row, Table, field_names, insert_rows, select_rows, update_rows
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

DERIVED_FIELDS = ("customer_ref", "reseller", "cancelled")  # no column of a file sets them

# Separates the parts of a usage row's ref. It sorts before everything within a part, so that "A" comes before "AB".
_REF_SEPARATOR = "\x01"


def usage_ref(customer_ref: str, customer: int, certificate_type: str, product: str) -> str:
    """The text that identifies a holding, and by which usage rows sort: by customer, certificate type, product."""
    return _REF_SEPARATOR.join(
        (_escape_part(customer_ref), f"{customer:012}", _name_part(certificate_type), _name_part(product))
    )


@lru_cache(maxsize=4096)
def _name_part(name: str) -> str:
    return _escape_part(fold(name)) + _REF_SEPARATOR + _escape_part(name)


def _escape_part(text: str) -> str:
    """Replace U+0001 and U+0002 by pairs that start with U+0002, which keeps the sort order."""
    return text.replace("\x02", "\x02\x03").replace(_REF_SEPARATOR, "\x02\x02")


class HoldingKey(NamedTuple):
    """The ids of a certificate type and of one of its products."""

    certificate_type: int
    product: int


NO_HOLDING = HoldingKey(NONE_ID, NONE_ID)  # the key of the only row of a customer without holdings
Inventory = Mapping[HoldingKey, tuple[int, int]]  # a customer's current inventory, and how much of it is used


def holding_rows(inventories: Mapping[CachedCustomer, Inventory], indexes: Indexes) -> Iterator[Row]:
    """Yield one row for each holding, or one of zeros for a customer without any."""
    types, products = indexes.certificate_types.names_by_id(), indexes.products.names_by_id()
    for customer, inventory in inventories.items():
        for key, (bought, used) in (inventory or {NO_HOLDING: (0, 0)}).items():
            yield {
                "ref": usage_ref(customer.ref, customer.id, types[key.certificate_type], products[key.product]),
                "customer": customer.id,
                "customer_ref": customer.ref,
                "reseller": customer.reseller,
                **key._asdict(),
                **usage_counts(bought, used),
            }


def sum_rows(rows: Sequence[Row], field: str) -> list[Row]:
    """Sum up usage rows that differ only in `field` and in numbers. `parts` counts those with a `field`."""
    sums: dict[str, Row] = {}
    for row in rows:
        ref = row["ref"].rsplit(_REF_SEPARATOR, 2)[0]  # without the last name, which is two parts
        total = sums.get(ref)
        if total is None:
            shared = {name: value for name, value in row.items() if name != field}
            total = sums[ref] = shared | dict.fromkeys(USAGE_COUNTS, 0) | {"parts": 0, "ref": ref}
        for name in USAGE_COUNTS:
            total[name] += row[name]
        total["parts"] += row[field] != NONE_ID
    return list(sums.values())


def find_foreign_rows(table: Table, refs: list[str]) -> list[tuple[str, str]]:
    """Find subscriptions or transactions, among `refs`, whose counterpart belongs to another customer.

    Returns the ref of each with that of its subscription.
    """
    other_owner = (Subscription.ref == Transaction.subscription_ref) & (Subscription.customer != Transaction.customer)
    pairs = Transaction.select(table.ref, Subscription.ref).join(Subscription, on=other_owner).distinct()
    return list(reports_db.execute(pairs.where(reports_db.in_values(table.ref, refs))))


def update_cancelled(subscriptions: Iterable[str]) -> None:
    """Set the cancelled flag of subscriptions, by ref: a Cancel cancels until a later Renew."""
    for refs in chunked(subscriptions, BATCH_ROWS):
        change = Subscription.update(cancelled=Subscription.ref.in_(_cancelled_refs(refs)))
        change.where(reports_db.in_values(Subscription.ref, refs)).execute()


def _cancelled_refs(refs: list[str]) -> Any:
    last_date = fn.MAX(Transaction.date)
    cancelled, renewed = (last_date.filter(Transaction.action == action) for action in ("Cancel", "Renew"))
    is_cancelled = cancelled.is_null(False) & (renewed.is_null() | (cancelled >= renewed))
    ref = Transaction.subscription_ref
    return Transaction.select(ref).where(reports_db.in_values(ref, refs)).group_by(ref).having(is_cancelled)


def update_customer_copies(indexes: Indexes) -> None:
    """Write the customers that changed, and copy their fields to their subscriptions and transactions."""
    update_rows(Customer, [customer.row() for customer in indexes.customers.changed])
    for batch in chunked([customer.id for customer in indexes.customers.changed], BATCH_ROWS):
        for table in (Subscription, Transaction):
            owner = Customer.id == table.customer
            copies = {
                table.customer_ref: Customer.select(Customer.ref).where(owner),
                table.reseller: Customer.select(Customer.reseller).where(owner),
            }
            table.update(copies).where(reports_db.in_values(table.customer, batch)).execute()


def update_usage_rows(indexes: Indexes) -> None:
    """Bring the usage rows of customers that are new or changed up to date."""
    customers = indexes.customers.new | indexes.customers.changed
    for batch in chunked(sorted(customers, key=attrgetter("id")), BATCH_ROWS):
        stored: dict[int, dict[HoldingKey, tuple[int, int]]] = {customer.id: {} for customer in batch}
        for row in _stored_rows(Holding, list(stored)):
            key = HoldingKey(row["certificate_type"], row["product"])
            stored[row["customer"]][key] = row["current_inventory"], row["used"]
        replace_holdings({customer: stored[customer.id] for customer in batch}, indexes)


def replace_holdings(inventories: Mapping[CachedCustomer, Inventory], indexes: Indexes) -> Counter[str]:
    """Replace all holdings of these customers, with their sums, and count how the rows of holdings changed."""
    customer_ids = [customer.id for customer in inventories]
    holdings = list(holding_rows(inventories, indexes))
    by_type = sum_rows(holdings, "product")
    before = _replace_rows(Holding, holdings, customer_ids)
    _replace_rows(TypeUsage, by_type, customer_ids)
    _replace_rows(CustomerUsage, sum_rows(by_type, "certificate_type"), customer_ids)
    return _count_changes(before, holdings)


def _stored_rows(table: Table, customer_ids: list[int]) -> Iterator[Row]:
    return select_rows(table, field_names(table), reports_db.in_values(table.customer, customer_ids))


def _replace_rows(table: Table, rows: list[Row], customer_ids: list[int]) -> dict[Any, Row]:
    """Make `rows` the only ones of these customers, and return those of before by key. Rows that stay keep their id."""
    key = _row_key(table)
    before = {key(row): row for row in _stored_rows(table, customer_ids)}
    insert_rows(table, [row for row in rows if key(row) not in before])
    pairs = [(before[key(row)], row) for row in rows if key(row) in before]
    update_rows(table, [{**old, **row} for old, row in pairs if {**old, **row} != old])
    removed = before.keys() - set(map(key, rows))
    for ids in chunked([before[each]["id"] for each in removed], BATCH_ROWS):
        table.delete().where(reports_db.in_values(table.id, ids)).execute()
    return before


def _row_key(table: Table) -> Callable[[Row], Any]:
    """The key that identifies a usage row even when its customer's ref changes."""
    return itemgetter(*(name for name in ("customer", *HoldingKey._fields) if name in table._meta.fields))


def _count_changes(before: Mapping[Any, Row], rows: list[Row]) -> Counter[str]:
    """Count added, updated, unchanged and removed holdings. A customer's row of zeros never counts as removed."""
    key, customer_ids = _row_key(Holding), {row["customer"] for row in before.values()}
    counts = Counter(_change_of(before.get(key(row)), row, row["customer"] in customer_ids) for row in rows)
    keys = set(map(key, rows))
    counts["removed"] = sum(row["product"] != NONE_ID and each not in keys for each, row in before.items())
    return counts


def _change_of(old: Row | None, row: Row, had_rows: bool) -> str:
    if old is None:
        return "updated" if had_rows and row["product"] == NONE_ID else "added"
    return "unchanged" if all(old[name] == row[name] for name in USAGE_COUNTS) else "updated"
