"""Index the status of subscriptions: whether they are cancelled, and when they end."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_index("subscription", ("cancelled", "ends_on", "ref")))
