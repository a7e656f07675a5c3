"""Which files the data came from."""

from peewee import BigIntegerField, DateTimeField, TextField

from models.base import Record


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
    def version(cls) -> int:
        """The number of the last import, 0 before the first."""
        last: int | None = cls.select(cls.id).order_by(cls.id.desc()).limit(1).scalar()
        return last or 0
