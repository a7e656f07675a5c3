"""Who the trade is between: resellers, their customers, and the people who act."""

from typing import ClassVar

from peewee import SQL, ForeignKeyField, TextField

from models.base import Named, Record


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
