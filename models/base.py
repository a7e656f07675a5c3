"""What every table shares: the database, and the two shapes that the report engine relies on."""

from typing import Any, ClassVar

from peewee import Model, TextField

from models.database import database
from models.text import fold

NONE = 0
"""Id of the nameless row that stands for "none" in every table of names, so that no report meets a NULL."""


class Record(Model):
    id: Any

    class Meta:
        database = database
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


def sorted_by(*columns: str) -> tuple[tuple[tuple[str, ...], bool], ...]:
    """Indexes for one row table: each of `columns` (or group of them, spaced) followed by the row's own id.

    Behind it stands whose the row is, so that no row has to be read to tell that it isn't a reseller's.
    """
    orders = [(*each.split(), "ref") for each in columns]
    owned = [order if "reseller" in order else (*order, "reseller") for order in orders]
    return (*((each, False) for each in owned), (("ref",), True))
