"""Append the reseller to the sort indexes, so that an index scan skips other resellers' rows."""

from typing import Any

from playhouse.migrate import make_index_name

OWNERS = (("customer_id",), ("customer_ref",))
NUMBERS = (("current_inventory",), ("available",), ("used",), ("over_inventory",))
ORDERS = {
    "subscription": (
        *OWNERS, ("name_key", "name"), ("cancelled", "ends_on"), ("ends_on",), ("cost",), ("ordered_on",),
        ("modified_by_id",), ("modified_at",), ("items_quantity",),
    ),
    "transaction": (
        *OWNERS, ("subscription_ref",), ("bundle_id",), ("action",), ("date",), ("total",), ("cost",), ("user_id",),
    ),
    "customer_usage": (*OWNERS, *NUMBERS),
    "type_usage": (*OWNERS, ("certificate_type_id",), *NUMBERS),
    "holding": (*OWNERS, ("certificate_type_id",), ("product_id",), *NUMBERS),
}  # fmt: skip


def up(migrator: Any, db: Any) -> None:
    for table, orders in ORDERS.items():
        for order in orders:
            columns = (*order, "ref")
            old = migrator.drop_index(table, make_index_name(table, columns))
            migrator.migrate(old, migrator.add_index(table, (*columns, "reseller_id")))
