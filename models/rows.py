"""The tables whose rows are the rows of reports.

Each has `ref`, the text that identifies the row and breaks every tie, and carries copies of its customer's
reseller and identifier, so that each sort order is one index. `app.importing` keeps the copies true.
"""

from typing import ClassVar

from peewee import BigIntegerField, BooleanField, DateField, DateTimeField, ForeignKeyField, TextField

from models.base import Record, sorted_by
from models.catalogue import Bundle, CertificateType, Product
from models.parties import Actor, Customer, Reseller

ACTIONS = ("Renewal Inventory", "Inventory", "Renew", "Cancel")
NUMBERS = ("current_inventory", "available", "used", "over_inventory")
_OWNERS = ("customer", "customer_ref", "reseller")


class CustomerRow(Record):
    """A row that belongs to a customer."""

    ref = TextField()
    customer = ForeignKeyField(Customer, index=False)
    customer_ref = TextField()
    reseller = ForeignKeyField(Reseller, index=False)


class Subscription(CustomerRow):
    """What a customer is subscribed to: a term with an end, at a cost in cents.

    `cancelled` says that a Cancel transaction stands which no Renew follows.
    """

    ref_key = TextField(index=True)
    name = TextField()
    name_key = TextField()
    alphabetical: ClassVar[tuple[str, ...]] = ("name_key", "name")
    cancelled = BooleanField()
    ends_on = DateField()
    cost = BigIntegerField()
    ordered_on = DateField()
    modified_by = ForeignKeyField(Actor, index=False)
    modified_at = DateTimeField()
    items_quantity = BigIntegerField()

    class Meta:
        indexes = sorted_by(
            *_OWNERS,
            "name_key name",
            "cancelled ends_on",
            "ends_on",
            "cost",
            "ordered_on",
            "modified_by",
            "modified_at",
            "items_quantity",
        )


class Transaction(CustomerRow):
    """One recorded change: who did what to which products, when, how many certificates, at what cost in cents.

    `subscription_ref` may name a subscription that isn't known yet.
    """

    ref_key = TextField(index=True)
    subscription_ref = TextField()
    subscription_key = TextField(index=True)
    bundle = ForeignKeyField(Bundle, index=False)
    action = TextField()
    date = DateTimeField()
    total = BigIntegerField()
    cost = BigIntegerField()
    user = ForeignKeyField(Actor, index=False)

    class Meta:
        indexes = (
            *sorted_by(*_OWNERS, "subscription_ref", "bundle", "action", "date", "total", "cost", "user"),
            # All that sums by action or month need, whatever chooses: the rows themselves take five times as long.
            (("action", "date", "total", "cost", "reseller", "customer", "bundle"), False),
        )


class UsageRow(CustomerRow):
    """Numbers of certificates. Always current_inventory = available + used - over_inventory."""

    current_inventory = BigIntegerField()
    available = BigIntegerField()
    used = BigIntegerField()
    over_inventory = BigIntegerField()


class UsageSum(UsageRow):
    """A sum over holdings. `parts` is how many rows it opens into: 0 for a customer without holdings."""

    parts = BigIntegerField()


class CustomerUsage(UsageSum):
    """The sum of a customer's holdings; zeros for a customer without any."""

    class Meta:
        indexes = sorted_by(*_OWNERS, *NUMBERS)


class TypeUsage(UsageSum):
    """The sum of a customer's holdings of one certificate type."""

    certificate_type = ForeignKeyField(CertificateType, index=False)

    class Meta:
        indexes = sorted_by(*_OWNERS, "certificate_type", *NUMBERS)


class Holding(UsageRow):
    """What a customer holds of one product. A customer without holdings has one nameless row of zeros."""

    certificate_type = ForeignKeyField(CertificateType, index=False)
    product = ForeignKeyField(Product, index=False)

    class Meta:
        indexes = sorted_by(*_OWNERS, "certificate_type", "product", *NUMBERS)
