from peewee import SQL, Case

from app.reports.filters import CUSTOMER, RESELLER, exactly, period, search
from app.table.kind import BADGE, DATE, DATETIME, ID, INTEGER, MONEY, TEXT
from app.table.report import Column, Level, Report
from models import Actor, Customer, Reseller, Subscription

STATUS = Case(
    None, [(Subscription.cancelled, "Cancelled"), (Subscription.ends_on < SQL("CURRENT_DATE"), "Ended")], "Active"
)

REPORT = Report(
    slug="customer-subscriptions",
    title="Customer Subscriptions Report",
    description="What every customer is subscribed to, until when, and at what cost",
    levels=(Level(Subscription),),
    columns=(
        Column("customer", "Customer", Customer.name, TEXT),
        Column("customer_id", "Customer ID", Subscription.customer_ref, ID, shown=False),
        Column("subscription_id", "Subscription ID", Subscription.ref, ID),
        Column("reseller", "Reseller", Reseller.name, TEXT),
        Column("subscription", "Subscription", Subscription.name, TEXT),
        Column("status", "Status", STATUS, BADGE, shown=False),
        Column("end", "End", Subscription.ends_on, DATE),
        Column("cost", "Cost", Subscription.cost, MONEY),
        Column("order_date", "Order Date", Subscription.ordered_on, DATE),
        Column("last_modified_by", "Last modified by", Actor.name, TEXT),
        Column("last_modified_date", "Last modified date", Subscription.modified_at, DATETIME),
        Column("items_quantity", "Items Quantity", Subscription.items_quantity, INTEGER),
    ),
    filters=(
        search("ref_key"),
        CUSTOMER,
        exactly("subscription", "Subscription ID", "ref"),
        RESELLER,
        *period("End", "ends_on"),
    ),
    default_sort="customer",
)
