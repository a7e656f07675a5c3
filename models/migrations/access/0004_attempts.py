"""Add the /48 network of each attempt to sign in, and whether it was refused."""

from typing import Any

from peewee import BooleanField, TextField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_column("attempt", "site", TextField(default="")),
        migrator.add_column("attempt", "refused", BooleanField(default=False)),
        migrator.add_index("attempt", ("account",)),
        migrator.add_index("attempt", ("site",)),
    )
