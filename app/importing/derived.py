"""Stored data that follows from imported rows: usage sums, days of cancellation, copies of customers' fields."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

from peewee import chunked

from app.importing.names import CachedCustomer, Indexes
from app.importing.results import Change, ChangeLog, Row
from app.importing.row_lines import RowLines
from app.importing.rows import (
    BATCH_ROWS,
    Table,
    execute_updates,
    field_names,
    insert_rows,
    select_rows,
    update_rows,
    write_changes,
)
from app.table.expressions import without_index
from models import (
    NEVER,
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
    today,
)

DERIVED_FIELDS = ("customer_ref", "reseller", "cancelled_on")  # no column of a file sets them

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


class Counts(NamedTuple):
    """The numbers of a holding, or of several: current_inventory = available + used - over_inventory."""

    current_inventory: int
    available: int
    used: int
    over_inventory: int

    def plus(self, other: "Counts") -> "Counts":
        return Counts(*map(sum, zip(self, other, strict=True)))


NO_HOLDING = HoldingKey(NONE_ID, NONE_ID)  # the key of the only row of a customer without holdings, which has zeros
NOTHING = Counts(0, 0, 0, 0)
Inventory = dict[HoldingKey, Counts]


def holding_rows(inventories: Mapping[CachedCustomer, Inventory], indexes: Indexes) -> Iterator[Row]:
    """Yield one row for each holding, or one of zeros for a customer without any."""
    types, products = indexes.certificate_types.names, indexes.products.names
    for customer, inventory in inventories.items():
        for key, counts in (inventory or {NO_HOLDING: NOTHING}).items():
            yield {
                "ref": usage_ref(customer.ref, customer.id, types[key.certificate_type], products[key.product]),
                "customer": customer.id,
                "customer_ref": customer.ref,
                "reseller": customer.reseller,
                **key._asdict(),
                **counts._asdict(),
            }


def sum_rows(rows: Sequence[Row], field: str) -> list[Row]:
    """Sum up usage rows that differ only in `field` and in numbers. `parts` counts those that hold something."""
    sums: dict[str, Row] = {}
    for row in rows:
        ref = row["ref"].rsplit(_REF_SEPARATOR, 2)[0]  # without the last name, which is two parts
        total = sums.get(ref)
        if total is None:
            shared = {name: value for name, value in row.items() if name != field}
            total = sums[ref] = shared | dict.fromkeys(USAGE_COUNTS, 0) | {"parts": 0, "ref": ref}
        for name in USAGE_COUNTS:
            total[name] += row[name]
        total["parts"] += holds_something(row)
    return list(sums.values())


def holds_something(row: Row) -> bool:
    """Whether a usage row is more than the row of zeros that stands for no holding."""
    return any(row.get(name, NONE_ID) != NONE_ID for name in HoldingKey._fields) or any(map(row.get, USAGE_COUNTS))


def find_foreign_rows(table: Table, ids: list[int]) -> list[tuple[int, str, int]]:
    """Find subscriptions or transactions, among `ids`, whose counterpart belongs to another customer.

    Returns the id of each with the ref of its subscription, and the id of its customer.
    """
    other_owner = (Subscription.ref == Transaction.subscription_ref) & (Subscription.customer != Transaction.customer)
    pairs = Transaction.select(table.id, Subscription.ref, table.customer).join(Subscription, on=other_owner).distinct()
    return list(reports_db.execute(pairs.where(reports_db.in_values(table.id, ids))))


CANCELLING_ACTIONS = ("Cancel", "Renew")  # the actions that decide whether a subscription is cancelled
_CANCELLED = ("cancelled_on", "file_cancelled_at")


def update_cancelled(subscriptions: Iterable[str]) -> None:
    """Set the day on which subscriptions, by ref, are cancelled: that of the first Cancel later than every Renew.

    A file that says Cancelled counts as a Cancel. A Renew at the same moment goes before it.
    """
    for batch in chunked(subscriptions, BATCH_ROWS):
        rows = list(select_rows(Subscription, ("ref", *_CANCELLED), reports_db.in_values(Subscription.ref, batch)))
        moves: defaultdict[str, dict[str, list[str]]] = defaultdict(lambda: {"Cancel": [], "Renew": [""]})
        query = Transaction.select(Transaction.subscription_ref, Transaction.action, Transaction.date)
        query = query.where(reports_db.in_values(Transaction.subscription_ref, [row["ref"] for row in rows]))
        # By subscription: some databases would rather read all transactions of these actions.
        query = query.where(without_index(Transaction.action.in_(CANCELLING_ACTIONS)))
        for ref, action, date in reports_db.execute(query):
            moves[ref][action].append(date)
        changed = []
        for row in rows:
            dates = moves[row["ref"]]
            last_renew, by_file = max(dates["Renew"]), [row["file_cancelled_at"]]
            first = min((date for date in dates["Cancel"] + by_file if date > last_renew), default=NEVER)[: len(NEVER)]
            if first != row["cancelled_on"]:
                changed.append((first, row["id"]))
        execute_updates(Subscription, ("cancelled_on",), changed)


def cancel_unnamed(named: RowLines, moment: str, changes: ChangeLog) -> None:
    """Cancel at a moment all subscriptions but those `named`, as a complete file does."""
    query = Subscription.select(Subscription.id).where(Subscription.cancelled_on > str(today()))
    ids = [id_ for (id_,) in reports_db.execute(query) if not named[id_]]
    for batch in chunked(ids, BATCH_ROWS):
        rows = list(select_rows(Subscription, field_names(Subscription), reports_db.in_values(Subscription.id, batch)))
        execute_updates(Subscription, ("file_cancelled_at",), [(moment, row["id"]) for row in rows])
        update_cancelled([row["ref"] for row in rows])
        changes.record("cancelled", [Change(Subscription, row, row | {"file_cancelled_at": moment}) for row in rows])


def find_other_statuses(statuses: Mapping[str, str]) -> Iterator[tuple[int, str, str, str]]:
    """Yield each subscription whose status isn't that in `statuses`: its id and ref, that status, and its own."""
    day = str(today())
    for refs in chunked(statuses, BATCH_ROWS):
        rows = select_rows(
            Subscription, ("ref", "ends_on", "cancelled_on"), reports_db.in_values(Subscription.ref, refs)
        )
        for row in rows:
            actual = _status_on(day, row)
            if statuses[row["ref"]] != actual:
                yield row["id"], row["ref"], statuses[row["ref"]], actual


def _status_on(day: str, subscription: Row) -> str:
    """The status of a subscription, as `status_conditions` of its report says it in SQL."""
    if subscription["cancelled_on"] <= day:
        return "Cancelled"
    return "Ended" if subscription["ends_on"] < day else "Active"


def update_customer_copies(indexes: Indexes) -> None:
    """Write the customers that changed, and copy their fields to their subscriptions and transactions."""
    update_rows(Customer, [customer.row() for customer in indexes.customers.before])
    for batch in chunked([customer.id for customer in indexes.customers.before], BATCH_ROWS):
        for table in (Subscription, Transaction):
            owner = Customer.id == table.customer
            copies = {
                table.customer_ref: Customer.select(Customer.ref).where(owner),
                table.reseller: Customer.select(Customer.reseller).where(owner),
            }
            table.update(copies).where(reports_db.in_values(table.customer, batch)).execute()


def update_usage_rows(indexes: Indexes) -> None:
    """Bring the usage rows of customers that are new or changed up to date."""
    customers = indexes.customers.new | indexes.customers.before.keys()
    for batch in chunked(sorted(customers, key=attrgetter("id")), BATCH_ROWS):
        replace_holdings(stored_inventories(batch), indexes, ChangeLog())


def keep_known_details(
    inventories: MutableMapping[CachedCustomer, Inventory], levels: Sequence[str], numbers: Sequence[str]
) -> dict[CachedCustomer, tuple[int, int]]:
    """Replace holdings of a file that are less detailed by the known ones, if these add up to the file's numbers.

    `levels` are the fields of HoldingKey that the file has, `numbers` those of Counts. Returns the customers whose
    numbers differ, so that details are lost: (how many detailed holdings, how many of the file replace them).
    """
    lost: dict[CachedCustomer, tuple[int, int]] = {}
    known = stored_inventories(list(inventories))
    for customer, inventory in inventories.items():
        sums: dict[HoldingKey, Counts] = {}
        for key, counts in known[customer].items():
            coarse = _without_details(key, levels)
            sums[coarse] = sums.get(coarse, NOTHING).plus(counts)
        same = {key for key, counts in inventory.items() if key in sums and _equal(counts, sums[key], numbers)}
        kept = {key: counts for key, counts in known[customer].items() if _without_details(key, levels) in same}
        inventories[customer] = {key: counts for key, counts in inventory.items() if key not in same} | kept
        detailed = [key for key in known[customer] if _without_details(key, levels) != key]
        coarse_keys = [_without_details(key, levels) for key in detailed]
        if replaced := [key for key in coarse_keys if key in inventory and key not in same]:
            lost[customer] = len(replaced), len(set(replaced))
    return lost


def _without_details(key: HoldingKey, levels: Sequence[str]) -> HoldingKey:
    """The key that a file with these levels has for a holding."""
    return HoldingKey(*(getattr(key, name) if name in levels else NONE_ID for name in HoldingKey._fields))


def _equal(one: Counts, other: Counts, names: Sequence[str]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def stored_inventories(customers: Sequence[CachedCustomer]) -> dict[CachedCustomer, Inventory]:
    """The holdings of customers; of one without any it is the row of zeros."""
    stored: dict[int, dict[HoldingKey, Counts]] = {customer.id: {} for customer in customers}
    for row in _stored_rows(Holding, list(stored)):
        key = HoldingKey(row["certificate_type"], row["product"])
        stored[row["customer"]][key] = Counts(*(row[name] for name in Counts._fields))
    return {customer: stored[customer.id] for customer in customers}


def replace_holdings(inventories: Mapping[CachedCustomer, Inventory], indexes: Indexes, changes: ChangeLog) -> None:
    """Replace all holdings of these customers, with their sums, and record how the rows of holdings changed.

    The row of zeros of a customer with no inventory is none of the file's.
    """
    customer_ids = [customer.id for customer in inventories]
    holdings = list(holding_rows(inventories, indexes))
    by_type = sum_rows(holdings, "product")
    before = _replace_rows(Holding, holdings, customer_ids)
    _replace_rows(TypeUsage, by_type, customer_ids)
    _replace_rows(CustomerUsage, sum_rows(by_type, "certificate_type"), customer_ids)
    empty = {customer.id for customer, inventory in inventories.items() if not inventory}
    _record_changes(before, [row for row in holdings if row["customer"] not in empty], changes)


def _stored_rows(table: Table, customer_ids: list[int]) -> Iterator[Row]:
    return select_rows(table, field_names(table), reports_db.in_values(table.customer, customer_ids))


def _replace_rows(table: Table, rows: list[Row], customer_ids: list[int]) -> dict[Any, Row]:
    """Make `rows` the only ones of these customers, and return the former ones by key. Rows that stay keep their id."""
    key = _row_key(table)
    before = {key(row): row for row in _stored_rows(table, customer_ids)}
    insert_rows(table, [row for row in rows if key(row) not in before])
    pairs = [(before[key(row)], row) for row in rows if key(row) in before]
    write_changes(table, ((old, {**old, **row}) for old, row in pairs))
    removed = before.keys() - set(map(key, rows))
    for ids in chunked([before[key]["id"] for key in removed], BATCH_ROWS):
        table.delete().where(reports_db.in_values(table.id, ids)).execute()
    return before


def _row_key(table: Table) -> Callable[[Row], Any]:
    """The key that identifies a usage row even when its customer's ref changes."""
    return itemgetter(*(name for name in ("customer", *HoldingKey._fields) if name in table._meta.fields))


def _record_changes(before: Mapping[Any, Row], rows: list[Row], changes: ChangeLog) -> None:
    """Record added, updated, unchanged and removed holdings. A customer's row of zeros never counts as removed."""
    key, customer_ids = _row_key(Holding), {row["customer"] for row in before.values()}
    by_kind: defaultdict[str, list[Change]] = defaultdict(list)
    for row in rows:
        old = before.get(key(row))
        by_kind[_change_of(old, row, row["customer"] in customer_ids)].append(Change(Holding, old, row))
    keys = set(map(key, rows))
    removed = [row for key, row in before.items() if key not in keys and holds_something(row)]
    by_kind["removed"] = [Change(Holding, row, None) for row in removed]
    for kind, of_kind in by_kind.items():
        changes.record(kind, of_kind)


def _change_of(old: Row | None, row: Row, had_rows: bool) -> str:
    if old is None:
        return "updated" if had_rows and not holds_something(row) else "added"
    return "unchanged" if all(old[name] == row[name] for name in USAGE_COUNTS) else "updated"
