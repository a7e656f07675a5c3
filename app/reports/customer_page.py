"""A customer: how they are found and linked to, and which parts of the reports stand on their page."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from app.reports.filters import NO_RESELLER
from app.table.definitions import Filter, Link, Table
from app.table.scope import Scope
from app.table.view import View
from models import Customer, Reseller, fold, reports_db

MAX_CUSTOMERS = 100
"""Customers of one name that are listed."""

_ROWS = 10


def _customers_without_id(table: Table, name: str) -> Any:
    """Rows of customers of exactly this name, for whom files have no id."""
    called = (Customer.name_key == fold(name)) & (Customer.name == name) & (Customer.ref == "")
    return reports_db.in_subquery(table.customer, Customer.select(Customer.id).where(called))


CUSTOMER_NAME = Filter("name", "Customer without ID", _customers_without_id, input_type="hidden")
CUSTOMER_PAGE = Link("customer", name_key="name")


class CustomerIdentity(NamedTuple):
    """What files say of a customer: `ref`, their id, is empty while not known, and `reseller` when there is none."""

    name: str
    ref: str
    reseller: str

    @property
    def keys(self) -> dict[str, str]:
        """What finds exactly this customer, here and as filters of reports."""
        return {"customer": self.ref} if self.ref else {"name": self.name, "reseller": self.reseller or NO_RESELLER}


@dataclass(frozen=True)
class Section:
    """The beginning of a report in one order, with a few of its columns: `none` is said where it has no rows."""

    title: str
    slug: str
    columns: tuple[str, ...]
    sort: str
    none: str

    def of(self, whole: View) -> View:
        """The beginning of `whole`, with as many of the columns as its report has."""
        known = whole.report.columns_by_key
        columns = tuple(known[key] for key in self.columns if key in known)
        sort = self.sort if self.sort.removeprefix("-") in known else whole.sort
        return replace(whole, columns=columns, sort=sort, size=_ROWS)


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
    """Up to `MOST` customers with this `customer`, an id, or with this `name` and, if it is given, `reseller`."""
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
