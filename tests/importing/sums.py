"""What must be true of the stored sums, whatever was loaded."""

from typing import Any

from peewee import fn

from models import NONE, NUMBERS, Customer, CustomerUsage, Holding, TypeUsage, database
from tests.importing.files import values


def check_sums() -> None:
    """Every stored sum is the plain sum of the holdings, and every customer has one."""
    products = fn.COUNT(Holding.product).filter(Holding.product != NONE)
    types = fn.COUNT(Holding.certificate_type.distinct()).filter(Holding.certificate_type != NONE)
    assert _stored(TypeUsage, "customer", "certificate_type") == _plain(products, "customer", "certificate_type")
    assert _stored(CustomerUsage, "customer") == _plain(types, "customer")
    assert values(CustomerUsage.customer) == values(Customer.id)


def _stored(table: Any, *path: str) -> list[Any]:
    return values(*(getattr(table, name) for name in (*path, *NUMBERS, "parts")))


def _plain(parts: Any, *path: str) -> list[Any]:
    by = [getattr(Holding, name) for name in path]
    sums = [fn.SUM(getattr(Holding, name)) for name in NUMBERS]
    return sorted(database.execute(Holding.select(*by, *sums, parts).group_by(*by)))
