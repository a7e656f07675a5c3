"""Add numbers to the indexes by which rows are grouped, so that they are added up from these alone."""

from typing import Any

from playhouse.migrate import make_index_name

INDEXES = (
    ("subscription", ("ends_on", "ref", "reseller_id"), ("cost", "items_quantity")),
    ("transaction", ("customer_id", "ref", "reseller_id"), ("total", "cost")),
    ("transaction", ("reseller_id", "ref"), ("total", "cost")),
    ("transaction", ("bundle_id", "ref", "reseller_id"), ("total", "cost")),
    ("transaction", ("date", "ref", "reseller_id"), ("total", "cost")),
    ("transaction", ("user_id", "ref", "reseller_id"), ("total", "cost")),
)


def up(migrator: Any, db: Any) -> None:
    for table, columns, numbers in INDEXES:
        migrator.migrate(
            migrator.drop_index(table, make_index_name(table, columns)),
            migrator.add_index(table, (*columns, *numbers)),
        )
