"""The first schema. A frozen copy of the models: an applied migration must never change."""

from typing import Any

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
)  # fmt: skip

NONE = 0
OWNERS = ("customer", "customer_ref", "reseller")
NUMBERS = ("current_inventory", "available", "used", "over_inventory")


def tied(*columns: str) -> tuple[Any, ...]:
    return (*(((*column.split(), "ref"), False) for column in columns), (("ref",), True))


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class Named(Base):
        name = TextField(unique=True)
        name_key = TextField()

        class Meta:
            indexes = ((("name_key", "name", "id"), False),)

    class Reseller(Named): ...

    class Actor(Named): ...

    class Product(Named): ...

    class CertificateType(Named): ...

    class Bundle(Named): ...

    class Customer(Base):
        name = TextField()
        name_key = TextField()
        ref = TextField()
        ref_key = TextField()
        reseller = ForeignKeyField(Reseller, index=False)

        class Meta:
            indexes = (
                (("name_key", "name", "ref", "id"), False),
                (("ref_key",), False),
                (("reseller", "name_key"), False),
            )

    Customer.add_index(Customer.ref, unique=True, where=SQL("ref <> ''"), name="customer_ref")

    class BundleProduct(Base):
        bundle = ForeignKeyField(Bundle, index=False)
        position = IntegerField()
        product = ForeignKeyField(Product)

        class Meta:
            primary_key = CompositeKey("bundle", "position")

    class CustomerRow(Base):
        ref = TextField()
        customer = ForeignKeyField(Customer, index=False)
        customer_ref = TextField()
        reseller = ForeignKeyField(Reseller, index=False)

    class Subscription(CustomerRow):
        ref_key = TextField(index=True)
        name = TextField()
        name_key = TextField()
        cancelled = BooleanField()
        ends_on = DateField()
        cost = BigIntegerField()
        ordered_on = DateField()
        modified_by = ForeignKeyField(Actor, index=False)
        modified_at = DateTimeField()
        items_quantity = BigIntegerField()

        class Meta:
            indexes = tied(
                *OWNERS,
                "name_key name",
                "ends_on",
                "cost",
                "ordered_on",
                "modified_by",
                "modified_at",
                "items_quantity",
            )

    class Transaction(CustomerRow):
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
            indexes = tied(*OWNERS, "subscription_ref", "bundle", "action", "date", "total", "cost", "user")

    class UsageRow(CustomerRow):
        current_inventory = BigIntegerField()
        available = BigIntegerField()
        used = BigIntegerField()
        over_inventory = BigIntegerField()

    class UsageSum(UsageRow):
        parts = BigIntegerField()

    class CustomerUsage(UsageSum):
        class Meta:
            indexes = tied(*OWNERS, *NUMBERS)

    class TypeUsage(UsageSum):
        certificate_type = ForeignKeyField(CertificateType, index=False)

        class Meta:
            indexes = tied(*OWNERS, "certificate_type", *NUMBERS)

    class Holding(UsageRow):
        certificate_type = ForeignKeyField(CertificateType, index=False)
        product = ForeignKeyField(Product, index=False)

        class Meta:
            indexes = tied(*OWNERS, "certificate_type", "product", *NUMBERS)

    class Load(Base):
        report = TextField()
        file = TextField()
        loaded_at = DateTimeField()
        added = BigIntegerField()
        updated = BigIntegerField()
        unchanged = BigIntegerField()
        removed = BigIntegerField()

    names = [Reseller, Actor, Product, CertificateType, Bundle]
    rows = [Subscription, Transaction, CustomerUsage, TypeUsage, Holding]
    db.create_tables([*names, Customer, BundleProduct, *rows, Load], safe=False)
    for table in names:
        table.insert(id=NONE, name="", name_key="").execute()
