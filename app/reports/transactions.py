"""Customer Transactions Report: every change of inventory, renewal and cancellation."""

from app.auth.permissions import Permission
from app.reports.customer_page import CUSTOMER_NAME, CUSTOMER_PAGE
from app.reports.dimensions import BY_CUSTOMER, BY_RESELLER, name_dimension, time_dimensions, value_dimension
from app.reports.filters import (
    CUSTOMER,
    RESELLER,
    TRANSACTED_PRODUCT,
    TRANSACTED_PRODUCTS,
    choice_filter,
    id_filter,
    name_filter,
    period_filters,
    search_filter,
)
from app.reports.periods import PAST_PERIODS, months_around
from app.table.definitions import Chart, Column, Level, Link, Report, Summary
from app.table.kinds import DATETIME, ID, INTEGER, MONEY, TEXT
from models import ACTIONS, Actor, Bundle, Customer, Reseller, Transaction

_PALETTE = ("Inventory", "Renew", "Renewal Inventory", "Cancel")
_BY_ACTION = value_dimension("action", "Action", "action", ACTIONS)
_BY_TIME = time_dimensions("date", within=_BY_ACTION)
_BY_MONTH = Summary((_BY_TIME[0], _BY_ACTION), measures=("cost", "total"))
_SUBSCRIPTION = Link("subscription", "customer-subscriptions")

REPORT = Report(
    slug="customer-transactions",
    title="Customer Transactions Report",
    description="Every change of inventory, renewal and cancellation, with certificates and cost",
    description_without_costs="Every change of inventory, renewal and cancellation, with certificates",
    levels=(Level(Transaction),),
    columns=(
        Column(
            "customer",
            "Customer",
            Customer.name,
            TEXT,
            width="text-4",
            link=CUSTOMER_PAGE,
            link_id=Transaction.customer_ref,
        ),
        Column("customer_id", "Customer ID", Transaction.customer_ref, ID, width="ch-9", link=CUSTOMER_PAGE),
        Column(
            "subscription_id", "Subscription ID", Transaction.subscription_ref, ID, width="ch-11", link=_SUBSCRIPTION
        ),
        Column("reseller", "Reseller", Reseller.name, TEXT, filter="reseller"),
        Column("product", "Product", Bundle.name, TEXT, width="text-3", filter="product"),
        Column("transaction_id", "Transaction ID", Transaction.ref, ID),
        Column("action", "Action", Transaction.action, TEXT, width="ch-19", filter="action", colored_values=_PALETTE),
        Column("date", "Date", Transaction.date, DATETIME),
        Column("total", "Total", Transaction.total, INTEGER, width="ch-9"),
        Column("cost", "Cost", Transaction.cost, MONEY, width="ch-15", permission=Permission.VIEW_COSTS),
        Column("user", "User", Actor.name, TEXT, width="text-1"),
    ),
    filters=(
        search_filter("ref_key", "subscription_key"),
        CUSTOMER,
        CUSTOMER_NAME,
        id_filter(
            "subscription",
            "Subscription ID",
            "subscription_ref",
            Transaction.subscription_ref,
            Transaction.subscription_key,
        ),
        RESELLER,
        *period_filters("Date", "date", PAST_PERIODS),
        choice_filter(
            "action", "Action", {action: action for action in ACTIONS}, lambda table, value: table.action == value
        ),
        TRANSACTED_PRODUCT,
        TRANSACTED_PRODUCTS,
        name_filter("user", "User", Actor, "user"),
    ),
    default_sort="-date",
    summary=Summary((_BY_ACTION,), measures=("total", "cost"), grand_totals=("cost",)),
    charts=(
        Chart("Cost", "cost", _BY_MONTH, months_around(-11, 0), latest_column="date"),
        Chart("Certificates", "total", _BY_MONTH, months_around(-11, 0), latest_column="date"),
    ),
    dimensions=(
        *_BY_TIME,
        _BY_ACTION,
        BY_RESELLER,
        BY_CUSTOMER,
        name_dimension("product", "Product", "bundle", Bundle.name, filter_key="products"),
        name_dimension("user", "User", "user", Actor.name),
    ),
)
