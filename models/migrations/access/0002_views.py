"""Add saved views. A frozen copy of the model."""

from typing import Any

from peewee import BooleanField, ForeignKeyField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        pass

    class SavedView(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        report = TextField()
        name = TextField()
        query = TextField()
        shared = BooleanField()
        is_default = BooleanField()

        class Meta:
            indexes = ((("user", "report", "name"), True),)

    db.create_tables([SavedView])
