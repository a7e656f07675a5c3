"""Add deliveries of saved views by mail, who gets them, and what became of each mail."""

from typing import Any

from peewee import BigIntegerField, BooleanField, DateTimeField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        pass

    class SavedView(Base):
        pass

    class Delivery(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        view = ForeignKeyField(SavedView, on_delete="SET NULL", null=True)
        view_name = TextField()
        kind = TextField()
        day = IntegerField()
        hour = IntegerField()
        file_format = TextField()
        only_rows = BooleanField(default=False)
        only_new = BooleanField(default=False)
        created_at = DateTimeField()
        next_at = DateTimeField(index=True)
        paused_at = DateTimeField(null=True)

    class DeliveryRecipient(Base):
        delivery = ForeignKeyField(Delivery, on_delete="CASCADE")
        user = ForeignKeyField(User, on_delete="CASCADE")
        created_at = DateTimeField()
        stopped_at = DateTimeField(null=True)

        class Meta:
            indexes = ((("delivery", "user"), True),)

    class DeliveryRun(Base):
        delivery = ForeignKeyField(Delivery, on_delete="CASCADE")
        user = ForeignKeyField(User, on_delete="CASCADE")
        due_at = DateTimeField()
        created_at = DateTimeField()
        state = TextField()
        attempts = IntegerField(default=0)
        next_at = DateTimeField()
        seen_at = DateTimeField()
        rows = BigIntegerField(null=True)
        message = TextField(default="")
        fingerprint = TextField(default="")

        class Meta:
            indexes = ((("delivery", "due_at", "user"), True), (("state", "next_at"), False))

    db.create_tables([Delivery, DeliveryRecipient, DeliveryRun])
