"""Add the right of an account to see costs, which those have that are there."""

from typing import Any

from peewee import BooleanField


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_column("user", "may_see_costs", BooleanField(default=True)))
