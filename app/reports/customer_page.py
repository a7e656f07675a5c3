"""The page of a customer: how customers are found and linked to, and which sums and sections of reports it shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from app.reports.filters import NO_RESELLER
from app.table.definitions import Filter, Link, Report, Table
from app.table.expressions import without_index
from app.table.scope import Scope
from app.table.spellings import find_ids
from app.table.view import View
from models import Customer, Reseller, clean_text, fold, reports_db

MAX_CUSTOMERS = 100  # customers of the same name that are listed
_SECTION_ROWS = 10


def _has_customer_without_id(table: Table, name: str) -> Any:
    """Rows of customers with exactly this name and no Customer ID."""
    matches = (Customer.name_key == fold(name)) & (Customer.name == name) & (Customer.ref == "")
    return reports_db.in_subquery(table.customer, Customer.select(Customer.id).where(matches))


def _name_spellings(scope: Scope, name: str) -> list[str]:
    text = clean_text(name)
    return [name if name == text or _named({"name": name}, scope) else text]


CUSTOMER_NAME = Filter(
    "name", "Customer without ID", _has_customer_without_id, input_type="hidden", spellings=_name_spellings
)
CUSTOMER_PAGE = Link("customer", name_key="name")  # to the page of the customer in a row


class CustomerIdentity(NamedTuple):
    """What identifies a customer in files. `ref` is the Customer ID, "" while unknown; `reseller` is "" for none."""

    name: str
    ref: str
    reseller: str

    @property
    def keys(self) -> dict[str, str]:
        """The filters that find exactly this customer: {"customer": "C-1"} or {"name": "Acme", "reseller": "-"}."""
        return {"customer": self.ref} if self.ref else {"name": self.name, "reseller": self.reseller or NO_RESELLER}


@dataclass(frozen=True)
class Section:
    """The first rows of the report `slug` in one order, with a few of its columns; `none` is the text without rows."""

    title: str
    slug: str
    columns: tuple[str, ...]
    sort: str
    none: str

    def of(self, whole: View) -> View:
        """Shorten the view of all the customer's rows. Columns that its report lacks, as for viewers, are left out."""
        known = whole.report.columns_by_key
        columns = tuple(known[key] for key in self.columns if key in known)
        sort = self.sort if self.sort.removeprefix("-") in known else whole.sort
        return replace(whole, columns=columns, sort=sort, size=_SECTION_ROWS)


SECTIONS = (
    Section(
        "Subscriptions, last to end first",
        "customer-subscriptions",
        ("subscription", "subscription_id", "status", "end", "cost", "items_quantity"),
        "-end",
        "No subscriptions.",
    ),
    Section(
        "Latest transactions",
        "customer-transactions",
        ("date", "action", "product", "subscription_id", "total", "cost", "user"),
        "-date",
        "No transactions.",
    ),
    Section(
        "Usage",
        "customer-usage",
        ("certificate_type", "current_inventory", "available", "used"),
        "certificate_type",
        "No inventory.",
    ),
)


@dataclass(frozen=True)
class CustomerSum:
    """The sum of a column in the rows of the report `slug` that `filters` find; without one, their number."""

    label: str
    slug: str
    column: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)

    def is_part_of(self, report: Report) -> bool:
        """Return whether the report, as the visitor has it, has the column."""
        return not self.column or self.column in report.columns_by_key


SUMS = (
    CustomerSum("Cost of active subscriptions", "customer-subscriptions", "cost", {"status": "Active"}),
    CustomerSum("Current Inventory", "customer-usage", "current_inventory"),
    CustomerSum("Available", "customer-usage", "available"),
    CustomerSum("Used", "customer-usage", "used"),
    CustomerSum("Transactions", "customer-transactions"),
)


def find_customers(keys: Mapping[str, str], scope: Scope) -> list[CustomerIdentity]:
    """Find up to MAX_CUSTOMERS customers in the scope.

    `keys` has either `customer`, a Customer ID, or `name`, which `reseller` narrows. Example: `{"name": "Acme"}`.
    Where none has exactly these, blanks around them and the case of the id don't matter.
    """
    if "customer" in keys:
        refs = find_ids(Customer.ref, Customer.ref_key, scope, keys["customer"])
        return _select([Customer.ref_key == refs[0].casefold(), Customer.ref.in_(refs)], scope)
    return _named(keys, scope) or _named({key: clean_text(text) for key, text in keys.items()}, scope)


def _named(keys: Mapping[str, str], scope: Scope) -> list[CustomerIdentity]:
    conditions = [Customer.name_key == fold(keys["name"]), Customer.name == keys["name"]]
    if "reseller" in keys:
        conditions.append(Reseller.name == ("" if keys["reseller"] == NO_RESELLER else keys["reseller"]))
    return _select(conditions, scope)


def _select(conditions: Sequence[Any], scope: Scope) -> list[CustomerIdentity]:
    conditions = [*conditions, *map(without_index, scope.conditions(Customer))]
    query = Customer.select(Customer.name, Customer.ref, Reseller.name).join(Reseller).where(*conditions)
    ordered = query.order_by(Reseller.name_key, Reseller.name, Customer.ref).limit(MAX_CUSTOMERS)
    return [CustomerIdentity(*row) for row in reports_db.execute(ordered)]
