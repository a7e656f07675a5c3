"""Add a covering index for sums of transactions."""

from typing import Any


def up(migrator: Any, db: Any) -> None:
    columns = ("action", "date", "total", "cost", "reseller_id", "customer_id", "bundle_id")
    migrator.migrate(migrator.add_index("transaction", columns))
