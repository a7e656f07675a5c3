"""Checks the stored usage sums."""

from typing import Any

from peewee import fn

from models import NONE_ID, USAGE_COUNTS, Customer, CustomerUsage, Holding, TypeUsage, reports_db
from tests.importing.files import values


def check_sums() -> None:
    """Check that every stored sum is the sum of its holdings, and that every customer has one."""
    holds = (Holding.product != NONE_ID) | (Holding.certificate_type != NONE_ID)
    holds |= (Holding.current_inventory > 0) | (Holding.used > 0)
    products = fn.COUNT(Holding.product).filter(holds)
    types = fn.COUNT(Holding.certificate_type.distinct()).filter(holds)
    assert _stored(TypeUsage, "customer", "certificate_type") == _computed(products, "customer", "certificate_type")
    assert _stored(CustomerUsage, "customer") == _computed(types, "customer")
    assert values(CustomerUsage.customer) == values(Customer.id)


def _stored(table: Any, *path: str) -> list[Any]:
    return values(*(getattr(table, name) for name in (*path, *USAGE_COUNTS, "parts")))


def _computed(parts: Any, *path: str) -> list[Any]:
    by = [getattr(Holding, name) for name in path]
    sums = [fn.SUM(getattr(Holding, name)) for name in USAGE_COUNTS]
    return sorted(reports_db.execute(Holding.select(*by, *sums, parts).group_by(*by)))
