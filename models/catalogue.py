"""What is sold: products, their certificate types, and the products that one transaction affected together."""

from peewee import CompositeKey, ForeignKeyField, IntegerField

from models.base import Named, Record

SEPARATOR = "; "
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
