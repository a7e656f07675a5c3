"""Add numbers to the indexes of transactions by which rows are grouped, so that they are added up from these alone."""

from typing import Any

from playhouse.migrate import make_index_name

INDEXES = (
    ("customer_id", "ref", "reseller_id"),
    ("reseller_id", "ref"),
    ("bundle_id", "ref", "reseller_id"),
    ("date", "ref", "reseller_id"),
    ("user_id", "ref", "reseller_id"),
)


def up(migrator: Any, db: Any) -> None:
    for columns in INDEXES:
        migrator.migrate(
            migrator.drop_index("transaction", make_index_name("transaction", columns)),
            migrator.add_index("transaction", (*columns, "total", "cost")),
        )
