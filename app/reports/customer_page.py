"""The page of a customer: how customers are found and linked to, and which sections of reports the page shows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app.reports.filters import NO_RESELLER
from app.table.definitions import Filter, Link, Table
from app.table.scope import Scope
from app.table.view import View
from models import Customer, Reseller, fold, reports_db

MAX_CUSTOMERS = 100  # customers of the same name that are listed
_SECTION_ROWS = 10


def _has_customer_without_id(table: Table, name: str) -> Any:
    """Rows of customers with exactly this name and no Customer ID."""
    matches = (Customer.name_key == fold(name)) & (Customer.name == name) & (Customer.ref == "")
    return reports_db.in_subquery(table.customer, Customer.select(Customer.id).where(matches))


CUSTOMER_NAME = Filter("name", "Customer without ID", _has_customer_without_id, input_type="hidden")
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


def find_customers(keys: Mapping[str, str], scope: Scope) -> list[CustomerIdentity]:
    """Find up to MAX_CUSTOMERS customers in the scope.

    `keys` has either `customer`, a Customer ID, or `name`; `reseller` narrows both. Example: `{"name": "Acme"}`.
    """
    conditions = scope.conditions(Customer)
    if "customer" in keys:
        conditions.append(Customer.ref == keys["customer"])
    else:
        conditions += [Customer.name_key == fold(keys["name"]), Customer.name == keys["name"]]
    if "reseller" in keys:
        conditions.append(Reseller.name == ("" if keys["reseller"] == NO_RESELLER else keys["reseller"]))
    query = Customer.select(Customer.name, Customer.ref, Reseller.name).join(Reseller).where(*conditions)
    ordered = query.order_by(Reseller.name_key, Reseller.name, Customer.ref).limit(MAX_CUSTOMERS)
    return [CustomerIdentity(*row) for row in reports_db.execute(ordered)]
