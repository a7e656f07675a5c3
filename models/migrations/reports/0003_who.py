"""Add who imported a file, "" for older imports."""

from typing import Any

from peewee import TextField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_column("load", "who", TextField(default="")))
