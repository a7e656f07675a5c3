"""The columns of each import file, and how their cells are parsed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from app.importing.errors import quote
from app.table.definitions import Report
from app.table.kinds import INTEGER, TEXT
from models import PRODUCT_SEPARATOR

Parse = Callable[[str], Any]


def _required(what: str) -> Parse:
    def parse(cell: str) -> str:
        text: str = TEXT.parse(cell)
        if not text:
            raise ValueError(f"is not {what}")
        return text

    return parse


NAME = _required("a name")
IDENTIFIER = _required("an ID")


def reseller_name(cell: str) -> str:
    """A name, or nothing for a customer without a reseller."""
    name: str = TEXT.parse(cell)
    if name == "-":
        raise ValueError("is not a reseller's name; a customer without one has an empty cell")
    return name


def non_negative(cell: str) -> int:
    """A whole number that can't be below 0."""
    number: int = INTEGER.parse(cell)
    if number < 0:
        raise ValueError("is not a whole number of 0 or more")
    return number


def optional_count(cell: str) -> Any:
    """A whole number, or nothing."""
    return cell and INTEGER.parse(cell)


def one_of_values(values: Sequence[str]) -> Parse:
    """Exactly one of `values`."""

    def parse(cell: str) -> str:
        if cell not in values:
            raise ValueError(f"is not one of {', '.join(values)}")
        return cell

    return parse


def product_name(cell: str) -> str:
    """The name of one product, or nothing."""
    name: str = TEXT.parse(cell)
    if PRODUCT_SEPARATOR in name:
        raise ValueError(f"is not one product's name, which can't contain {quote(PRODUCT_SEPARATOR)}")
    return name


def product_names(cell: str) -> tuple[str, ...]:
    """The names of any number of products, in their order."""
    text: str = TEXT.parse(cell)
    names = tuple(text.split(PRODUCT_SEPARATOR)) if text else ()
    if any(not name or name.isspace() for name in names):
        raise ValueError(f"is not products with {quote(PRODUCT_SEPARATOR)} between any two: one of them has no name")
    return names


def describe_cell_error(label: str, cell: str, error: ValueError) -> str:
    """What to say of a cell that a parser refused."""
    words = str(error)
    return (
        f"{label}: {quote(cell)} {words}" if cell else f"{label}: is empty; it must be {words.removeprefix('is not ')}"
    )


class SubscriptionRecord(NamedTuple):
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
    """One holding; an empty certificate type and product say that the customer has none."""

    customer: str
    customer_id: str
    reseller: str
    certificate_type: str
    product: str
    current_inventory: int
    used: int


Record = SubscriptionRecord | TransactionRecord | UsageRecord


Values = dict[str, Any]
"""What the cells of one row say, by column key; an absent optional column says ""."""


def _nothing(_: Values) -> Iterable[str]:
    return ()


@dataclass(frozen=True, eq=False)
class Layout:
    """The file of a report, read into `record`, whose fields bear the keys of columns but for those in `renamed`.

    `strict` are the columns that take something else than any value of their kind. `check` says what is wrong with
    a row whose cells are right one by one.
    """

    report: Report
    record: type[Record]
    parsers: Mapping[str, Parse]
    renamed: Mapping[str, str] = field(default_factory=dict)
    check: Callable[[Values], Iterable[str]] = _nothing
