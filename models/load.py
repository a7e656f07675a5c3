"""Which files the data came from."""

from peewee import BigIntegerField, DateTimeField, TextField

from models.base import Record
from models.database import database


class Load(Record):
    """One import that was committed. Its id is the version of all the data that reports show."""

    report = TextField()
    file = TextField()
    loaded_at = DateTimeField()
    added = BigIntegerField()
    updated = BigIntegerField()
    unchanged = BigIntegerField()
    removed = BigIntegerField()

    @classmethod
    def version(cls) -> tuple[object, ...]:
        """What tells the data of one moment from that of another: the database, and its last import."""
        moment = getattr(database.top_transaction(), "moment", {})
        if "version" not in moment:
            last = database.execute_sql("SELECT id, loaded_at FROM load ORDER BY id DESC LIMIT 1")
            moment["version"] = (database.database, *last.fetchall())
        known: tuple[object, ...] = moment["version"]
        return known
