from app.reports.customer import CUSTOMER_PAGE, NAME
from app.reports.filters import CUSTOMER, RESELLER, TRANSACTED_PRODUCT, exactly, one_of, period, search
from app.reports.groups import by_field, by_month
from app.reports.periods import PAST, months
from app.table.kind import DATETIME, ID, INTEGER, MONEY, TEXT
from app.table.report import Column, Level, Link, Report
from app.table.summary import Picture, Summary
from models import ACTIONS, Actor, Bundle, Customer, Reseller, Transaction

_BY_ACTION = by_field("action", "Action", "action", ACTIONS)
_BY_MONTH_AND_ACTION = Summary((by_month("date"), _BY_ACTION), measures=("cost", "total"))
_SUBSCRIPTION = Link("subscription", "customer-subscriptions")

REPORT = Report(
    slug="customer-transactions",
    title="Customer Transactions Report",
    description="Every change of inventory, renewal and cancellation, with certificates and cost",
    levels=(Level(Transaction),),
    columns=(
        Column("customer", "Customer", Customer.name, TEXT, link=CUSTOMER_PAGE, ref=Transaction.customer_ref),
        Column("customer_id", "Customer ID", Transaction.customer_ref, ID, link=CUSTOMER_PAGE),
        Column("subscription_id", "Subscription ID", Transaction.subscription_ref, ID, link=_SUBSCRIPTION),
        Column("reseller", "Reseller", Reseller.name, TEXT),
        Column("product", "Product", Bundle.name, TEXT),
        Column("transaction_id", "Transaction ID", Transaction.ref, ID),
        Column("action", "Action", Transaction.action, TEXT),
        Column("date", "Date", Transaction.date, DATETIME),
        Column("total", "Total", Transaction.total, INTEGER),
        Column("cost", "Cost", Transaction.cost, MONEY),
        Column("user", "User", Actor.name, TEXT),
    ),
    filters=(
        search("ref_key", "subscription_key"),
        CUSTOMER,
        NAME,
        exactly("subscription", "Subscription ID", "subscription_ref"),
        RESELLER,
        *period("Date", "date", PAST),
        one_of("action", "Action", {action: action for action in ACTIONS}, lambda table, value: table.action == value),
        TRANSACTED_PRODUCT,
    ),
    default_sort="-date",
    sums=Summary((_BY_ACTION,), measures=("total", "cost"), whole=("cost",)),
    pictures=(Picture("Cost and certificates by month", _BY_MONTH_AND_ACTION, months(-11, 0), newest="date"),),
)
