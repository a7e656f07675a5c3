"""Customer Subscriptions Report: what every customer is subscribed to, until when, and at what cost."""

from dataclasses import replace
from datetime import date
from typing import Any

from peewee import Case

from app.auth.permissions import Permission
from app.reports.customer_page import CUSTOMER_NAME, CUSTOMER_PAGE
from app.reports.dimensions import BY_CUSTOMER, BY_RESELLER, text_dimension, time_dimensions
from app.reports.filters import (
    CUSTOMER,
    RESELLER,
    SUBSCRIPTION_NAME,
    choice_filter,
    id_filter,
    period_filters,
    search_filter,
)
from app.reports.periods import months_around
from app.table.definitions import Chart, Column, Dimension, Level, Link, Report, Summary, Table
from app.table.expressions import SearchCondition, without_index
from app.table.kinds import BADGE, DATE, DATETIME, ID, INTEGER, MONEY, TEXT
from models import NEVER, Actor, Customer, Reseller, Subscription

STATUSES = ("Active", "Ended", "Cancelled")
SOON_DAYS = 90  # up to this distance, the note beside End counts the days


def status_conditions(table: Table, today: Any) -> dict[str, Any]:
    """The condition of each status on a day. A cancelled subscription is Cancelled even after its end."""
    not_cancelled = table.cancelled_on > today
    return {
        "Active": not_cancelled & (table.ends_on >= today),
        "Ended": not_cancelled & (table.ends_on < today),
        "Cancelled": table.cancelled_on <= today,
    }


def end_distance(day: str, today: date) -> str:
    """How far away an end is: "in 12 days", "ended yesterday", and "" when it is far ahead."""
    days = (date.fromisoformat(day) - today).days
    if abs(days) > SOON_DAYS:
        return "ended" if days < 0 else ""
    near = {-1: "ended yesterday", 0: "today", 1: "tomorrow"}
    return near.get(days) or (f"in {days} days" if days > 0 else f"ended {-days} days ago")


def _has_status(table: Table, status_and_today: tuple[str, str]) -> Any:
    """Look up what isn't cancelled as two ranges of the index on cancelled_on and ends_on: never, or later than today.

    One range over both would end at cancelled_on, and read each row for its end.
    """
    status, today = status_and_today
    condition = status_conditions(table, today)[status]
    if status == "Cancelled":
        return condition
    never, later = table.cancelled_on == NEVER, table.cancelled_on < NEVER
    lookup = (never & condition.rhs) | (later & condition)
    return SearchCondition(lookup, condition, (without_index(condition),))


def _status(table: Table, today: date) -> Any:
    return Case(None, [(condition, status) for status, condition in status_conditions(table, str(today)).items()])


_STATUS = replace(
    choice_filter("status", "Status", {status: status for status in STATUSES}, _has_status),
    resolve=lambda status, today: (status, str(today)),
)
_BY_STATUS = Dimension(
    "status", "Status", _status, lambda status: {"status": status}, column="status", ordered_values=STATUSES
)
_BY_TIME = time_dimensions("ends_on", " of End")
_BY_MONTH = Summary((_BY_TIME[0], _BY_STATUS))
_TRANSACTIONS = Link("subscription", "customer-transactions")

REPORT = Report(
    slug="customer-subscriptions",
    title="Customer Subscriptions Report",
    description="What every customer is subscribed to, until when, and at what cost",
    description_without_costs="What every customer is subscribed to, and until when",
    levels=(Level(Subscription),),
    columns=(
        Column(
            "customer",
            "Customer",
            Customer.name,
            TEXT,
            width="text-4",
            link=CUSTOMER_PAGE,
            link_id=Subscription.customer_ref,
        ),
        Column(
            "customer_id", "Customer ID", Subscription.customer_ref, ID, visible=False, width="ch-9", link=CUSTOMER_PAGE
        ),
        Column("subscription_id", "Subscription ID", Subscription.ref, ID, width="ch-11", link=_TRANSACTIONS),
        Column("reseller", "Reseller", Reseller.name, TEXT, filter="reseller"),
        Column("subscription", "Subscription", Subscription.name, TEXT, width="text-3"),
        Column(
            "status",
            "Status",
            lambda today: _status(Subscription, today),
            BADGE,
            visible=False,
            filter="status",
            colored_values=("Active", "", "Ended", "Cancelled"),
            ordered_values=STATUSES,
        ),
        Column("end", "End", Subscription.ends_on, DATE, width="ch-27", note=end_distance),
        Column("cost", "Cost", Subscription.cost, MONEY, permission=Permission.VIEW_COSTS),
        Column("order_date", "Order Date", Subscription.ordered_on, DATE),
        Column("last_modified_by", "Last modified by", Actor.name, TEXT),
        Column("last_modified_date", "Last modified date", Subscription.modified_at, DATETIME),
        Column("items_quantity", "Items Quantity", Subscription.items_quantity, INTEGER, width="ch-11"),
    ),
    filters=(
        search_filter("ref_key"),
        CUSTOMER,
        CUSTOMER_NAME,
        id_filter("subscription", "Subscription ID", "ref", Subscription.ref, Subscription.ref_key),
        RESELLER,
        *period_filters("End", "ends_on"),
        _STATUS,
        SUBSCRIPTION_NAME,
    ),
    default_sort="customer",
    summary=Summary((_BY_STATUS,), measures=("cost", "items_quantity"), grand_totals=("cost", "items_quantity")),
    charts=(
        Chart("Subscriptions", "", _BY_MONTH, months_around(0, 11)),
        Chart("Cost", "cost", Summary((BY_RESELLER,), measures=("cost",))),
    ),
    dimensions=(
        *_BY_TIME,
        _BY_STATUS,
        BY_RESELLER,
        BY_CUSTOMER,
        text_dimension("subscription", "Subscription", "name", "subscription_name"),
    ),
)
