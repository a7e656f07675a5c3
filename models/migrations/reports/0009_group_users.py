"""Add the user to the index from which transactions are added up by several dimensions."""

from typing import Any

from playhouse.migrate import make_index_name

COLUMNS = ("action", "date", "total", "cost", "reseller_id", "customer_id", "bundle_id")


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.drop_index("transaction", make_index_name("transaction", COLUMNS)),
        migrator.add_index("transaction", (*COLUMNS, "user_id")),
    )
