"""Which files the data came from."""

from typing import Any

from peewee import BigIntegerField, DateTimeField, TextField, fn

from models.base import Record
from models.database import database

_LAST = "SELECT id, loaded_at, %s FROM load ORDER BY id DESC LIMIT 1"


class Load(Record):
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

    @classmethod
    def version(cls) -> tuple[object, ...]:
        """What tells the data of one moment from that of another: the database, its edition, and its last import.

        After a restore the next import may bear a number that was another's before.
        """
        moment = getattr(database.top_transaction(), "moment", {})
        if "version" not in moment:
            last = database.execute_sql(_LAST % database.edition)
            moment["version"] = (database.database, *last.fetchall())
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
    def last_of_each(cls) -> dict[str, "Load"]:
        """The last import of each report that has one."""
        last = cls.select(fn.MAX(cls.id)).group_by(cls.report)
        return {load.report: load for load in cls.select().where(cls.id.in_(last))}
