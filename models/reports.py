"""The tables of reports: resellers, customers, products, subscriptions, transactions, usage, imports."""

import json
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import peewee

from models.connections import reports_db
from models.snapshot import Snapshot
from models.values import fold

NONE_ID = 0  # of the nameless row that stands for "none" in every table of names, so that no report meets a NULL
NEVER, NEVER_AT = "9999-12-31", "9999-12-31 23:59:59"  # the day and the moment of what doesn't happen, likewise


class BaseModel(peewee.Model):
    id: Any

    class Meta:
        database = reports_db
        legacy_table_names = False


class Named(BaseModel):
    """A row that is known by its name. `alphabetical` are the columns of its order."""

    name = peewee.TextField(unique=True)
    name_key = peewee.TextField()
    alphabetical: ClassVar[tuple[str, ...]] = ("name_key", "name", "id")

    class Meta:
        indexes = ((("name_key", "name", "id"), False),)

    @classmethod
    def columns_for(cls, name: str) -> dict[str, str]:
        return {"name": name, "name_key": fold(name)}


def sort_indexes(
    *columns: str, grouped: Sequence[str] = (), sums: str = ""
) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """Return Peewee's declaration of one index per order of a table: a column, or several separated by spaces.

    Each ends with the row's `ref`, which makes the order total, and its reseller, so that an index scan can skip other
    resellers' rows without reading them. Those of the orders in `grouped` hold the columns `sums` too: rows are grouped
    by a scan of such an index, without reading or sorting them.
    """
    orders = [(*names.split(), "ref") for names in (*columns, *grouped)]
    indexes = [order if "reseller" in order else (*order, "reseller") for order in orders]
    first = len(columns)
    indexes[first:] = [(*index, *sums.split()) for index in indexes[first:]]
    return (*((index, False) for index in indexes), (("ref",), True))


class Reseller(Named):
    """A partner of ours with customers of its own. The nameless one stands for "no reseller"."""


class Customer(BaseModel):
    """An organisation or person for whom certificates are managed. `ref` is its id in the files, "" while unknown.

    `look_alike_key` is what names have in common that an import may ask about: see `app.importing.names`.
    """

    name = peewee.TextField()
    name_key = peewee.TextField()
    look_alike_key = peewee.TextField()
    ref = peewee.TextField()
    ref_key = peewee.TextField()
    reseller = peewee.ForeignKeyField(Reseller, index=False)
    alphabetical: ClassVar[tuple[str, ...]] = ("name_key", "name", "ref", "id")

    class Meta:
        indexes = (
            (("name_key", "name", "ref", "id"), False),
            (("ref_key",), False),
            (("look_alike_key",), False),
            (("reseller", "name_key"), False),
        )


Customer.add_index(Customer.ref, unique=True, where=peewee.SQL("ref <> ''"), name="customer_ref")


class Actor(Named):
    """A user as the files name them: by name where they acted, by email where they modified something last."""


PRODUCT_SEPARATOR = "; "  # between the products of a transaction: no product's name may contain it


class Product(Named): ...


class CertificateType(Named): ...


class Bundle(Named):
    """The products of a transaction, in their order; its name lists them all. The nameless one has none.

    Transactions share few bundles, so that sorting a million of them by product sorts a short list.
    """


class BundleProduct(BaseModel):
    bundle = peewee.ForeignKeyField(Bundle, index=False)
    position = peewee.IntegerField()
    product = peewee.ForeignKeyField(Product)

    class Meta:
        primary_key = peewee.CompositeKey("bundle", "position")


ACTIONS = ("Renewal Inventory", "Inventory", "Renew", "Cancel")
USAGE_COUNTS = ("current_inventory", "available", "used", "over_inventory")
_OWNERS = ("customer", "customer_ref", "reseller")


class CustomerRow(BaseModel):
    """A row that belongs to a customer, whose ref and reseller are repeated here to be indexed."""

    ref = peewee.TextField()
    customer = peewee.ForeignKeyField(Customer, index=False)
    customer_ref = peewee.TextField()
    reseller = peewee.ForeignKeyField(Reseller, index=False)


class Subscription(CustomerRow):
    """A customer's subscription, at a cost in cents.

    `cancelled_on` is the first day on which it is cancelled, NEVER without a Cancel that is later than every Renew.
    `file_cancelled_at` is the moment at which a file said that it is cancelled, like a Cancel, or NEVER_AT.
    """

    ref_key = peewee.TextField(index=True)
    name = peewee.TextField()
    name_key = peewee.TextField()
    alphabetical: ClassVar[tuple[str, ...]] = ("name_key", "name")
    cancelled_on = peewee.DateField(default=NEVER)
    file_cancelled_at = peewee.DateTimeField(default=NEVER_AT)
    ends_on = peewee.DateField()
    cost = peewee.BigIntegerField()
    ordered_on = peewee.DateField()
    modified_by = peewee.ForeignKeyField(Actor, index=False)
    modified_at = peewee.DateTimeField()
    items_quantity = peewee.BigIntegerField()

    class Meta:
        indexes = sort_indexes(
            *_OWNERS,
            "name_key name",
            "cancelled_on ends_on",
            "cost",
            "ordered_on",
            "modified_by",
            "modified_at",
            "items_quantity",
            grouped=("ends_on",),
            sums="cost items_quantity",
        )


class Transaction(CustomerRow):
    """One change: who did what to which products, when, to how many certificates in `total`, at what cost in cents.

    `subscription_ref` may name a subscription that hasn't been imported yet.
    """

    ref_key = peewee.TextField(index=True)
    subscription_ref = peewee.TextField()
    subscription_key = peewee.TextField(index=True)
    bundle = peewee.ForeignKeyField(Bundle, index=False)
    action = peewee.TextField()
    date = peewee.DateTimeField()
    total = peewee.BigIntegerField()
    cost = peewee.BigIntegerField()
    user = peewee.ForeignKeyField(Actor, index=False)

    class Meta:
        indexes = (
            *sort_indexes(
                *("customer_ref", "subscription_ref", "action", "total", "cost"),
                grouped=("customer", "reseller", "bundle", "date", "user"),
                sums="total cost",
            ),
            # Covers sums by any dimensions, with most filters: reading the rows themselves takes five times as long.
            (("action", "date", "total", "cost", "reseller", "customer", "bundle", "user"), False),
        )


class UsageRow(CustomerRow):
    """Numbers of certificates: current_inventory = available + used - over_inventory."""

    current_inventory = peewee.BigIntegerField()
    available = peewee.BigIntegerField()
    used = peewee.BigIntegerField()
    over_inventory = peewee.BigIntegerField()


class UsageSum(UsageRow):
    """A sum of holdings. `parts` is the number of rows that it expands to, 0 for a customer without holdings."""

    parts = peewee.BigIntegerField()


class CustomerUsage(UsageSum):
    """The sum of a customer's holdings."""

    class Meta:
        indexes = sort_indexes(*_OWNERS, *USAGE_COUNTS)


class TypeUsage(UsageSum):
    """The sum of a customer's holdings of one certificate type."""

    certificate_type = peewee.ForeignKeyField(CertificateType, index=False)

    class Meta:
        indexes = sort_indexes(*_OWNERS, "certificate_type", *USAGE_COUNTS)


class Holding(UsageRow):
    """A customer's certificates of one product. A customer without any has one row of zeros, without a product."""

    certificate_type = peewee.ForeignKeyField(CertificateType, index=False)
    product = peewee.ForeignKeyField(Product, index=False)

    class Meta:
        indexes = sort_indexes(*_OWNERS, "certificate_type", "product", *USAGE_COUNTS)


_LAST_IMPORT = "SELECT id, loaded_at, %s FROM load ORDER BY id DESC LIMIT 1"


class DataVersion(NamedTuple):
    """What the data of all reports is as of: a name that no other import ever has, and the import's time in UTC."""

    name: str
    loaded_at: str


class Import(BaseModel):
    """A committed import. The last one's id is the version of all data in reports.

    `cancelled` counts the subscriptions that a complete file didn't name. `who` is "" for imports before the column.
    `number` is the id of its ImportJob, by which people know it, None for imports whose history isn't kept. An import
    that takes another back has that one's number in `undoes`. `changed_rows` is how many rows of ChangedRow the import
    wrote, and `discarded` whether these are gone.
    """

    report = peewee.TextField()
    file = peewee.TextField()
    loaded_at = peewee.DateTimeField()
    added = peewee.BigIntegerField()
    updated = peewee.BigIntegerField()
    unchanged = peewee.BigIntegerField()
    removed = peewee.BigIntegerField()
    cancelled = peewee.BigIntegerField(default=0)
    who = peewee.TextField(default="")
    number = peewee.IntegerField(null=True, unique=True)
    undoes = peewee.IntegerField(null=True)
    changed_rows = peewee.BigIntegerField(default=0)
    discarded = peewee.BooleanField(default=False)

    class Meta:
        table_name = "load"

    @property
    def can_be_undone(self) -> bool:
        """Whether it is known what the import changed: then it can be undone, unless something newer depends on it."""
        return bool(self.changed_rows) and not self.discarded and self.undoes is None

    @classmethod
    def version(cls) -> tuple[Any, ...]:
        """Return a cache key of the data: the database, and the id, time and edition of its last import.

        After a restore the next import may get an id that another had before; the edition tells the two apart.
        """
        cache: dict[str, tuple[Any, ...]] = getattr(reports_db.top_transaction(), "cache", {})
        if "version" not in cache:
            last = reports_db.execute_sql(_LAST_IMPORT % reports_db.edition).fetchall()
            cache["version"] = (reports_db.database, *last)
        return cache["version"]

    @classmethod
    def last(cls) -> DataVersion | None:
        """Return the version of all data, which the last import has made; None before the first."""
        _, *rows = cls.version()
        if not rows:
            return None
        number, loaded_at, edition = rows[0]
        return DataVersion(f"{edition}-{number}", loaded_at)

    @classmethod
    def last_time(cls, snapshot: Snapshot) -> str | None:
        """Return the time of the last import that a snapshot has, None when it has none."""
        query = cls.select(cls.loaded_at).order_by(cls.id.desc()).limit(1)
        times = [str(time) for (column,) in snapshot.columns(query, 1) for time in column]
        return times[0] if times else None

    @classmethod
    def last_of_each(cls) -> dict[str, "Import"]:
        """Return the last import of each report that has one, by the report's slug."""
        last = cls.select(peewee.fn.MAX(cls.id)).group_by(cls.report)
        return {load.report: load for load in cls.select().where(cls.id.in_(last))}


class ChangedRow(BaseModel):
    """A row as it was before an import changed it. Ids have the order of the changes.

    `number` is the import's. `kind` is added, updated, removed or cancelled; or "left" for a customer to which the row
    of another table belonged before. `table` is the name of the row's table, and `ref` identifies the row there:
    `app.importing.kept_rows` says how. `before` is JSON of the fields that changed, or of all fields of a row that was
    removed; None for one that was added.
    """

    number = peewee.IntegerField()
    kind = peewee.TextField()
    table = peewee.TextField()
    ref = peewee.TextField()
    before = peewee.TextField(null=True)

    class Meta:
        indexes = ((("number", "id"), False), (("table", "ref"), False))

    def values(self) -> dict[str, Any]:
        """The fields in `before`."""
        return dict(json.loads(self.before or "{}"))


_NAMES = (Reseller, Actor, Product, CertificateType, Bundle)
_ROWS = (Subscription, Transaction, CustomerUsage, TypeUsage, Holding)
TABLES = (*_NAMES, Customer, BundleProduct, *_ROWS, Import, ChangedRow)  # in the order of their foreign keys
