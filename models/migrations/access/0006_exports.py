"""Add the places of running and waiting exports. A frozen copy of the model."""

from typing import Any

from peewee import DateTimeField, ForeignKeyField, Model


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        pass

    class ExportPlace(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        renewed_at = DateTimeField()

    db.create_tables([ExportPlace])
