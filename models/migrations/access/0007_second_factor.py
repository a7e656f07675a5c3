"""Add second factors, and to each session the browser, its address and when the user was last asked who they are."""

from typing import Any

from peewee import DateTimeField, ForeignKeyField, IntegerField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        pass

    class SecondFactor(Base):
        user = ForeignKeyField(User, on_delete="CASCADE", unique=True)
        seed = TextField()
        last_step = IntegerField()
        created_at = DateTimeField()

    class RecoveryCode(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        code_hash = TextField(unique=True)

    class PendingSignIn(Base):
        token_hash = TextField(unique=True)
        user = ForeignKeyField(User, on_delete="CASCADE")
        created_at = DateTimeField(index=True)

    class RememberedBrowser(Base):
        token_hash = TextField(unique=True)
        user = ForeignKeyField(User, on_delete="CASCADE")
        created_at = DateTimeField(index=True)

    db.create_tables([SecondFactor, RecoveryCode, PendingSignIn, RememberedBrowser])
    migrator.migrate(
        migrator.add_column("session", "confirmed_at", DateTimeField(null=True)),
        migrator.add_column("session", "browser", TextField(default="")),
        migrator.add_column("session", "address", TextField(default="")),
    )
