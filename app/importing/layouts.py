"""The columns of each import file, and the parsers of their cells."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.importing.results import quote
from app.reports import subscriptions, transactions, usage
from app.table.definitions import Report
from app.table.kinds import INTEGER, TEXT
from models import ACTIONS, PRODUCT_SEPARATOR

Values = dict[str, Any]  # the parsed cells of one row, by column key; an absent optional column is ""


class SubscriptionRecord(NamedTuple):
    """`cost` is in cents; dates are "2026-11-22", `last_modified_date` is "2026-11-22 13:05:00"."""

    customer: str
    customer_id: str
    reseller: str
    subscription_id: str
    subscription: str
    end: str
    cost: int
    order_date: str
    last_modified_by: str
    last_modified_date: str
    items_quantity: int


class TransactionRecord(NamedTuple):
    """`cost` is in cents; `date` is "2026-11-22 13:05:00"."""

    customer: str
    customer_id: str
    reseller: str
    subscription_id: str
    products: tuple[str, ...]
    transaction_id: str
    action: str
    date: str
    total: int
    cost: int
    user: str


class UsageRecord(NamedTuple):
    """One holding. An empty certificate type and product mean that the customer has none."""

    customer: str
    customer_id: str
    reseller: str
    certificate_type: str
    product: str
    current_inventory: int
    used: int


Record = SubscriptionRecord | TransactionRecord | UsageRecord
Parser = Callable[[str], Any]  # raises ValueError with a text like "is not a name", which follows the cell


@dataclass(frozen=True, eq=False)
class Layout:
    """The file of a report. Its headings are the labels of the report's columns, and each row becomes a `record`.

    `parsers`, by column key, replace those of the columns' kinds. `optional` are headings that a file may lack.
    `renamed` maps a record's fields to column keys where the names differ. `check` yields what is wrong with a row
    whose cells are right one by one.
    """

    report: Report
    record: type[Record]
    parsers: Mapping[str, Parser]
    optional: tuple[str, ...]
    renamed: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Values], Iterable[str]] = lambda values: ()


def describe_cell_error(label: str, cell: str, error: ValueError) -> str:
    """Turn a parser's error into a fault: "End: “x” is not a date", or "End: is empty; it must be a date"."""
    reason = str(error)
    if cell:
        return f"{label}: {quote(cell)} {reason}"
    return f"{label}: is empty; it must be {reason.removeprefix('is not ')}"


def usage_counts(inventory: int, used: int) -> dict[str, int]:
    """The four numbers of a usage row, by field name: what is available and over inventory follows from the others."""
    return {
        "current_inventory": inventory,
        "available": max(inventory - used, 0),
        "used": used,
        "over_inventory": max(used - inventory, 0),
    }


def _required(what: str) -> Parser:
    def parse(cell: str) -> str:
        text: str = TEXT.parse(cell)
        if not text:
            raise ValueError(f"is not {what}")
        return text

    return parse


def _reseller_name(cell: str) -> str:
    """A name, or "" for a customer without a reseller."""
    name: str = TEXT.parse(cell)
    if name == "-":  # the filter's value for "No reseller"
        raise ValueError("is not a reseller's name; a customer without one has an empty cell")
    return name


def _count(cell: str) -> int:
    number: int = INTEGER.parse(cell)
    if number < 0:
        raise ValueError("is not a whole number of 0 or more")
    return number


def _optional_integer(cell: str) -> Any:
    return cell and INTEGER.parse(cell)


def _action(cell: str) -> str:
    if cell not in ACTIONS:
        raise ValueError(f"is not one of {', '.join(ACTIONS)}")
    return cell


def _product_name(cell: str) -> str:
    """The name of one product, or ""."""
    name: str = TEXT.parse(cell)
    if PRODUCT_SEPARATOR in name:
        raise ValueError(f"is not one product's name, which can't contain {quote(PRODUCT_SEPARATOR)}")
    return name


def _product_names(cell: str) -> tuple[str, ...]:
    """Any number of products' names, in their order: "DV Wildcard; OV Wildcard"."""
    text: str = TEXT.parse(cell)
    names = tuple(text.split(PRODUCT_SEPARATOR)) if text else ()
    if any(not name or name.isspace() for name in names):
        raise ValueError(f"is not products with {quote(PRODUCT_SEPARATOR)} between any two: one of them has no name")
    return names


def _check_usage(values: Values) -> Iterator[str]:
    if bool(values["certificate_type"]) != bool(values["product"]):
        yield "Certificate Type, Product: both must be given or, for a customer that holds nothing, neither"
    elif not values["product"] and (values["current_inventory"] or values["used"]):
        yield "Current Inventory, Used: must be 0 for a customer that holds nothing"
    expected = usage_counts(values["current_inventory"], values["used"])
    for key in ("available", "over_inventory"):
        if values[key] not in ("", expected[key]):
            label, value = usage.REPORT.columns_by_key[key].label, quote(str(values[key]))
            yield f"{label}: {value} is not what Current Inventory and Used make, {expected[key]}"


_OWNER_PARSERS = {"customer": _required("a name"), "reseller": _reseller_name}
SUBSCRIPTIONS = Layout(
    subscriptions.REPORT,
    SubscriptionRecord,
    parsers={
        **_OWNER_PARSERS,
        "subscription_id": _required("an ID"),
        "subscription": _required("a name"),
        "items_quantity": _count,
    },
    optional=("Customer ID", "Status"),
)
TRANSACTIONS = Layout(
    transactions.REPORT,
    TransactionRecord,
    parsers={
        **_OWNER_PARSERS,
        "product": _product_names,
        "transaction_id": _required("an ID"),
        "action": _action,
    },
    optional=("Customer ID",),
    renamed={"products": "product"},
)
USAGE = Layout(
    usage.REPORT,
    UsageRecord,
    parsers={
        **_OWNER_PARSERS,
        "product": _product_name,
        "current_inventory": _count,
        "available": _optional_integer,
        "used": _count,
        "over_inventory": _optional_integer,
    },
    optional=("Customer ID", "Available", "Over Inventory"),
    check=_check_usage,
)
