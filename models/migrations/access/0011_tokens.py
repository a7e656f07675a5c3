"""Add tokens, with which programs read reports as their owners, and the networks that each was used from."""

from typing import Any

from peewee import BooleanField, DateField, DateTimeField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        pass

    class AccessToken(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        name = TextField()
        token_hash = TextField(unique=True)
        may_import = BooleanField(default=False)
        origin = TextField(default="")
        last_day = DateField()
        created_at = DateTimeField()
        used_at = DateTimeField(null=True)
        address = TextField(default="")
        minute = TextField(default="")
        requests = IntegerField(default=0)

    class TokenNetwork(Base):
        token = ForeignKeyField(AccessToken, on_delete="CASCADE")
        network = TextField()
        seen_at = DateTimeField()

        class Meta:
            indexes = ((("token", "network"), True),)

    db.create_tables([AccessToken, TokenNetwork])
