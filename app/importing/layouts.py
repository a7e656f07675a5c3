"""The columns of each import file: their headings, what their cells may be, and the records that rows become."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from app.importing.results import RowRejected, quote
from app.reports import subscriptions, transactions, usage
from app.reports.subscriptions import STATUSES
from app.table.definitions import Column, Report
from models import ACTIONS, PRODUCT_SEPARATOR, fold, timestamp, today


class SubscriptionRecord(NamedTuple):
    """`cost` is in cents; dates are "2026-11-22", `last_modified_date` is "2026-11-22 13:05:00". `status` may be ""."""

    customer: str | None
    customer_id: str
    reseller: str | None
    subscription_id: str
    subscription: str
    end: str
    cost: int
    order_date: str
    last_modified_by: str
    last_modified_date: str
    items_quantity: int
    status: str = ""


class TransactionRecord(NamedTuple):
    """`cost` is in cents; `date` is "2026-11-22 13:05:00"."""

    customer: str | None
    customer_id: str
    reseller: str | None
    subscription_id: str
    products: tuple[str, ...]
    transaction_id: str
    action: str
    date: str
    total: int
    cost: int
    user: str


class UsageRecord(NamedTuple):
    """One holding, of an unspecified type or product where that is "". One of zeros without both stands for no holding.

    `available` and `over_inventory` are None where they follow from the others.
    """

    customer: str | None
    customer_id: str
    reseller: str | None
    certificate_type: str
    product: str
    current_inventory: int
    used: int
    available: int | None = None
    over_inventory: int | None = None


# In all records `customer` is None where the file has ids only, and `reseller` where it doesn't name resellers.
Record = SubscriptionRecord | TransactionRecord | UsageRecord
Check = Callable[[Any], Any]  # a cell's value → the record's. Raises ValueError with words like "is not a name".


@dataclass(frozen=True, eq=False)
class FileColumn:
    """What an import file may have under a heading.

    synonyms: other headings that mean this column. Case, blanks and punctuation don't count.
    check:    checks and converts a cell's value, which was parsed as the column's kind says, or is a cleaned text.
    default:  the value in new rows of files that lack the column: a value, or a function that returns it;
              `default_text` says it in words, "" where the value follows from other columns.
    field:    the record's field, if it isn't called as the column's key.
    optional: whether cells of numbers may be empty, which makes them None.
    """

    synonyms: tuple[str, ...] = ()
    check: Check | None = None
    default: Any = ""
    default_text: str = "empty"
    field: str = ""
    optional: bool = False


@dataclass(frozen=True, eq=False)
class Layout:
    """The file of a report: a `FileColumn` for each of the report's columns, by its key.

    required: groups of columns, of each of which a file must have at least one.
    can_be_complete: whether what a complete file doesn't name ends (`Options.complete`).
    fill_in: derives what a record leaves open. Raises RowRejected where its values contradict each other.
    """

    report: Report
    record: type[Record]
    columns: Mapping[str, FileColumn]
    required: tuple[tuple[str, ...], ...]
    can_be_complete: bool = True
    fill_in: Callable[[Any], Any] | None = None

    @cached_property
    def keys_by_heading(self) -> dict[str, str]:
        """The keys of columns by `heading_key` of their labels and synonyms."""
        synonyms = {heading_key(name): key for key, column in self.columns.items() for name in column.synonyms}
        return synonyms | {heading_key(column.label): column.key for column in self.report.columns}

    def column(self, key: str) -> Column:
        return self.report.columns_by_key[key]

    def label(self, key: str) -> str:
        return self.column(key).label

    def missing(self, keys: set[str]) -> list[tuple[str, ...]]:
        """The groups of required columns that a file with these columns lacks."""
        return [group for group in self.required if not keys.intersection(group)]

    def defaults(self) -> dict[str, Any]:
        """The values of the record's fields in a file without any column."""
        values = {column.field or key: column.default for key, column in self.columns.items()}
        return {name: value() if callable(value) else value for name, value in values.items()}


def heading_key(heading: str) -> str:
    """The key that headings with the same meaning have in common: that of "Cust. No." and "CUST_NO" is "custno"."""
    return re.sub(r"[\W_]+", "", fold(heading))


def describe_cell_error(heading: str, cell: str, error: ValueError) -> str:
    """Turn a parser's error into a fault: "End: “x” is not a date", or "End: is empty; it must be a date"."""
    reason = str(error)
    if cell:
        return f"{heading}: {quote(cell)} {reason}"
    return f"{heading}: is empty; it must be {reason.removeprefix('is not ')}"


def usage_counts(inventory: int, used: int) -> dict[str, int]:
    """The four numbers of a usage row, by field name: what is available and over inventory follows from the others."""
    return {
        "current_inventory": inventory,
        "available": max(inventory - used, 0),
        "used": used,
        "over_inventory": max(used - inventory, 0),
    }


def _required(what: str) -> Check:
    def check(text: str) -> str:
        if not text:
            raise ValueError(f"is not {what}")
        return text

    return check


def _one_of(names: tuple[str, ...], or_none: bool = False) -> Check:
    """One of some words, in any case; with `or_none` also ""."""
    by_key = {name.casefold(): name for name in names} | ({"": ""} if or_none else {})

    def check(text: str) -> str:
        if (name := by_key.get(text.casefold())) is None:
            raise ValueError(f"is not one of {', '.join(names)}")
        return name

    return check


def _reseller(name: str) -> str:
    if name == "-":  # the filter's value for "No reseller"
        raise ValueError("is not a reseller's name; a customer without one has an empty cell")
    return name


def _count(number: int) -> int:
    if number < 0:
        raise ValueError("is not a whole number of 0 or more")
    return number


def _product(name: str) -> str:
    if PRODUCT_SEPARATOR.strip() in name:
        raise ValueError(f"is not one product's name, which can't contain {quote(PRODUCT_SEPARATOR.strip())}")
    return name


def _products(text: str) -> tuple[str, ...]:
    """Any number of products' names, in their order: "DV Wildcard; OV Wildcard"."""
    names = tuple(name.strip() for name in text.split(PRODUCT_SEPARATOR.strip())) if text else ()
    if not all(names):
        separator = quote(PRODUCT_SEPARATOR)
        raise ValueError(f"is not products with {separator} between any two: one of them has no name")
    return names


def _is_total(name: str | None) -> bool:
    return fold(name or "").strip(" :") in _TOTALS


def _fill_in_usage(record: Any) -> UsageRecord:
    """Derive the numbers of a holding that a file lacks: Current Inventory = Available + Used - Over Inventory.

    A row without type or product may be the sum of several holdings, of which one is over and another one not.
    """
    if not (record.customer_id or record.product or record.certificate_type) and _is_total(record.customer):
        name = quote(record.customer)
        raise RowRejected(f"the row of {name} is a line of totals: take it out, or give the customer a Customer ID")
    inventory, available = record.current_inventory, record.available
    used, over = record.used, record.over_inventory
    if available is None and (inventory is None or used is None):
        raise RowRejected(f"{USAGE.label('available')}: is empty, but the file has no other number to make it of")
    if inventory is None:
        inventory = available + used - (over or 0)
    elif used is None:
        used = inventory - available + (over or 0)
    for key, number in (("current_inventory", inventory), ("used", used)):
        if number < 0:
            raise RowRejected(f"{USAGE.label(key)}: the other numbers make it {number:,}, which is less than 0")
    expected = usage_counts(inventory, used)
    if not (record.product and record.certificate_type):
        if available is not None and over is None:
            over = available + used - inventory
        elif over is not None and available is None:
            available = inventory - used + over
        if (
            available is not None
            and over is not None
            and min(available, over) >= 0
            and available - over == inventory - used
        ):
            expected |= {"available": available, "over_inventory": over}
    given = {"available": available, "over_inventory": over}
    if errors := [*_contradictions(given, expected)]:
        raise RowRejected(*errors)
    return UsageRecord(*record[:5], **expected)  # type: ignore[arg-type]


def _contradictions(given: Mapping[str, int | None], expected: Mapping[str, int]) -> Iterator[str]:
    for key, number in given.items():
        if number not in (None, expected[key]):
            label, made = USAGE.label(key), expected[key]
            yield f"{label}: {quote(str(number))} is not what Current Inventory and Used make, {made}"


_ZERO: dict[str, Any] = {"default": 0, "default_text": "0"}
_TODAY: dict[str, Any] = {"default": lambda: str(today()), "default_text": "the day of the import"}
_FOLLOWS: dict[str, Any] = {"default": None, "default_text": ""}
_OWNER = {
    "customer": FileColumn(
        (
            "Customer Name",
            "Client",
            "Client Name",
            "Account",
            "Account Name",
            "Company",
            "Organization",
            "Organisation",
        ),
        _required("a name"),
        default=None,
        default_text="the Customer ID",
    ),
    "customer_id": FileColumn(
        ("Cust. No.", "Customer No.", "Customer Number", "Cust ID", "Client ID", "Account ID", "Account No.")
    ),
    "reseller": FileColumn(("Reseller Name", "Partner", "Partner Name"), _reseller, default=None),
}
_SUBSCRIPTION_ID = ("Sub ID", "Subscription No.", "Subscription Number", "Sub No.")
_COST = ("Amount", "Price", "Amount USD", "Cost USD", "Total Cost")
_HAS_OWNER = ("customer", "customer_id")

# How the line of totals at the end of a table begins: it would be a customer with the holdings of all others.
_TOTALS = frozenset(
    ("total", "totals", "grand total", "sum", "summe", "gesamt", "gesamtsumme", "totaal", "totale", "suma", "razem")
)

SUBSCRIPTIONS = Layout(
    subscriptions.REPORT,
    SubscriptionRecord,
    {
        **_OWNER,
        "subscription_id": FileColumn(_SUBSCRIPTION_ID, _required("an ID")),
        "subscription": FileColumn(("Subscription Name", "Plan")),
        "status": FileColumn(("State", "Subscription Status"), _one_of(STATUSES, or_none=True), default_text=""),
        "end": FileColumn(
            ("End Date", "Ends", "Ends on", "Expires", "Expiry", "Expiry Date", "Expiration", "Expiration Date",
             "Valid until", "Valid to"), **_TODAY,
        ),
        "cost": FileColumn(_COST, **_ZERO),
        "order_date": FileColumn(("Ordered", "Ordered on", "Date ordered"), **_TODAY),
        "last_modified_by": FileColumn(("Modified by", "Changed by", "Last changed by")),
        "last_modified_date": FileColumn(
            ("Last modified", "Last modified on", "Modified", "Modified on", "Modified date"),
            default=timestamp, default_text="the time of the import",
        ),
        "items_quantity": FileColumn(("Items", "Quantity", "Qty", "Number of items"), _count, **_ZERO),
    },
    required=(_HAS_OWNER, ("subscription_id",)),
)  # fmt: skip
TRANSACTIONS = Layout(
    transactions.REPORT,
    TransactionRecord,
    {
        **_OWNER,
        "subscription_id": FileColumn(_SUBSCRIPTION_ID),
        "product": FileColumn(("Products", "Product Name"), _products, default=(), field="products"),
        "transaction_id": FileColumn(
            ("Trans ID", "Transaction", "Transaction No.", "Transaction Number"), _required("an ID")
        ),
        "action": FileColumn(("Transaction Type", "Action Type"), _one_of(ACTIONS)),
        "date": FileColumn(("Transaction Date", "Date and time", "Booked", "Booked on")),
        "total": FileColumn(("Quantity", "Qty", "Certificates"), **_ZERO),
        "cost": FileColumn(_COST, **_ZERO),
        "user": FileColumn(("User Name", "Performed by")),
    },
    required=(_HAS_OWNER, ("transaction_id",), ("action",), ("date",)),
    can_be_complete=False,  # no transaction ever ends
)
USAGE = Layout(
    usage.REPORT,
    UsageRecord,
    {
        **_OWNER,
        "certificate_type": FileColumn(("Cert Type", "Type"), default_text="Not specified"),
        "product": FileColumn(("Product Name", "Certificate"), _product, default_text="Not specified"),
        "current_inventory": FileColumn(("Inventory", "Purchased", "Bought"), _count, **_FOLLOWS),
        "available": FileColumn(("Free", "Left", "Remaining"), optional=True, **_FOLLOWS),
        "used": FileColumn(("In use",), _count, **_FOLLOWS),
        "over_inventory": FileColumn(("Over", "Overage"), optional=True, **_FOLLOWS),
    },
    required=(
        _HAS_OWNER, ("current_inventory", "available"), ("current_inventory", "used"), ("available", "used"),
    ),
    fill_in=_fill_in_usage,
)  # fmt: skip
LAYOUTS = {layout.report.slug: layout for layout in (SUBSCRIPTIONS, TRANSACTIONS, USAGE)}
