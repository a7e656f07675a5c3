"""The tables that reports show: resellers, customers, products, subscriptions, transactions, holdings, imports."""

from typing import Any, ClassVar

from peewee import (
    SQL,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    DateField,
    DateTimeField,
    ForeignKeyField,
    IntegerField,
    Model,
    TextField,
    fn,
)

from models.connections import reports_db
from models.text import fold

NONE_ID = 0
"""Id of the nameless row that stands for "none" in every table of names, so that no report meets a NULL."""


class Record(Model):
    id: Any

    class Meta:
        database = reports_db
        legacy_table_names = False


class Named(Record):
    """A thing that is known by its name and listed alphabetically."""

    name = TextField(unique=True)
    name_key = TextField()
    alphabetical: ClassVar[tuple[str, ...]] = ("name_key", "name", "id")

    class Meta:
        indexes = ((("name_key", "name", "id"), False),)

    @classmethod
    def columns_for(cls, name: str) -> dict[str, str]:
        return {"name": name, "name_key": fold(name)}


def sort_indexes(*columns: str) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """Indexes for one row table: each of `columns` (or group of them, spaced) followed by the row's own id.

    Behind it stands whose the row is, so that no row has to be read to tell that it isn't a reseller's.
    """
    orders = [(*each.split(), "ref") for each in columns]
    owned = [order if "reseller" in order else (*order, "reseller") for order in orders]
    return (*((each, False) for each in owned), (("ref",), True))


class Reseller(Named):
    """A partner below ours with customers of its own. The nameless one stands for "no reseller"."""


class Customer(Record):
    """An organisation or person for whom certificates are managed.

    `ref` is the identifier the partner's files use, empty while not known; `id` is ours.
    """

    name = TextField()
    name_key = TextField()
    ref = TextField()
    ref_key = TextField()
    reseller = ForeignKeyField(Reseller, index=False)
    alphabetical: ClassVar[tuple[str, ...]] = ("name_key", "name", "ref", "id")

    class Meta:
        indexes = (
            (("name_key", "name", "ref", "id"), False),
            (("ref_key",), False),
            (("reseller", "name_key"), False),
        )


Customer.add_index(Customer.ref, unique=True, where=SQL("ref <> ''"), name="customer_ref")


class Actor(Named):
    """A user as the files name them: the name who acted, or the email of who last modified."""


PRODUCT_SEPARATOR = "; "
"""Stands between the products of one transaction, so that no product's name may contain it."""


class Product(Named):
    pass


class CertificateType(Named):
    pass


class Bundle(Named):
    """One or more products affected together, in their order, named by all of them. The nameless one has none.

    Transactions share few distinct bundles, so that sorting a million of them by product walks a short list.
    """


class BundleProduct(Record):
    bundle = ForeignKeyField(Bundle, index=False)
    position = IntegerField()
    product = ForeignKeyField(Product)

    class Meta:
        primary_key = CompositeKey("bundle", "position")


ACTIONS = ("Renewal Inventory", "Inventory", "Renew", "Cancel")
USAGE_COUNTS = ("current_inventory", "available", "used", "over_inventory")
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
        indexes = sort_indexes(
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
            *sort_indexes(*_OWNERS, "subscription_ref", "bundle", "action", "date", "total", "cost", "user"),
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
        indexes = sort_indexes(*_OWNERS, *USAGE_COUNTS)


class TypeUsage(UsageSum):
    """The sum of a customer's holdings of one certificate type."""

    certificate_type = ForeignKeyField(CertificateType, index=False)

    class Meta:
        indexes = sort_indexes(*_OWNERS, "certificate_type", *USAGE_COUNTS)


class Holding(UsageRow):
    """What a customer holds of one product. A customer without holdings has one nameless row of zeros."""

    certificate_type = ForeignKeyField(CertificateType, index=False)
    product = ForeignKeyField(Product, index=False)

    class Meta:
        indexes = sort_indexes(*_OWNERS, "certificate_type", "product", *USAGE_COUNTS)


_LAST = "SELECT id, loaded_at, %s FROM load ORDER BY id DESC LIMIT 1"


class Import(Record):
    """One import that was committed. Its id is the version of all the data that reports show.

    `who` is "" for imports older than the column.
    """

    report = TextField()
    file = TextField()
    loaded_at = DateTimeField()
    added = BigIntegerField()
    updated = BigIntegerField()
    unchanged = BigIntegerField()
    removed = BigIntegerField()
    who = TextField(default="")

    class Meta:
        table_name = "load"

    @classmethod
    def version(cls) -> tuple[object, ...]:
        """What tells the data of one moment from that of another: the database, its edition, and its last import.

        After a restore the next import may bear a number that was another's before.
        """
        moment = getattr(reports_db.top_transaction(), "moment", {})
        if "version" not in moment:
            last = reports_db.execute_sql(_LAST % reports_db.edition)
            moment["version"] = (reports_db.database, *last.fetchall())
        known: tuple[object, ...] = moment["version"]
        return known

    @classmethod
    def last(cls) -> tuple[str, str] | None:
        """The name of the last import, which no other ever has, and when it was, in UTC; None before the first."""
        last: list[Any] = list(cls.version()[1:])
        if not last:
            return None
        number, loaded_at, edition = last[0]
        return f"{edition}-{number}", loaded_at

    @classmethod
    def last_of_each(cls) -> dict[str, "Import"]:
        """The last import of each report that has one."""
        last = cls.select(fn.MAX(cls.id)).group_by(cls.report)
        return {load.report: load for load in cls.select().where(cls.id.in_(last))}
