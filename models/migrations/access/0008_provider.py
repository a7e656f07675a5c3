"""Add accounts at an OpenID Connect provider, who may sign in there, and by which way a session began."""

from typing import Any

from peewee import BooleanField, DateTimeField, ForeignKeyField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        pass

    class Identity(Base):
        user = ForeignKeyField(User, on_delete="CASCADE")
        issuer = TextField()
        subject = TextField()
        created_at = DateTimeField()

        class Meta:
            indexes = ((("issuer", "subject"), True), (("user", "issuer"), True))

    class UsedState(Base):
        state_hash = TextField(unique=True)
        used_at = DateTimeField(index=True)

    db.create_tables([Identity, UsedState])
    migrator.migrate(
        migrator.add_column("user", "may_use_provider", BooleanField(default=False)),
        migrator.add_column("session", "origin", TextField(default="")),
        migrator.add_column("pending_sign_in", "origin", TextField(default="")),
    )
