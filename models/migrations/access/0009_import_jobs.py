"""Add the files that people gave to be imported, and what became of them."""

from typing import Any

from peewee import BigIntegerField, DateTimeField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        pass

    class ImportJob(Base):
        user = ForeignKeyField(User, on_delete="SET NULL", null=True)
        who = TextField()
        file = TextField()
        size = BigIntegerField(default=0)
        sha256 = TextField(default="", index=True)
        created_at = DateTimeField(index=True)
        report = TextField(default="")
        state = TextField()
        revision = IntegerField(default=0)
        options = TextField(default="{}")
        headings = TextField(default="")
        preview = TextField(default="")
        plan = TextField(default="")
        message = TextField(default="")
        done = BigIntegerField(default=0)
        seen_at = DateTimeField()
        undo = IntegerField(null=True)

    class JobRunner(Base):
        seen_at = DateTimeField()

    db.create_tables([ImportJob, JobRunner])
