"""The three tables of usage rows, brought in line with what customers hold."""

from collections import Counter
from collections.abc import Iterator, Mapping
from operator import attrgetter, itemgetter
from typing import Any

from app.importing.customers import Known
from app.importing.registry import Registry
from app.importing.rollup import Held, Kind, holdings, summed
from app.importing.statements import Row, Table, among, batches, fields, insert, read, update
from app.importing.summary import Tally
from models import NONE, NUMBERS, CustomerUsage, Holding, TypeUsage


def settle(registry: Registry) -> None:
    """Bring the usage rows of customers that are new or changed up to date, whatever file brought them."""
    customers = registry.customers.new | registry.customers.changed
    for batch in batches(sorted(customers, key=attrgetter("id"))):
        held: dict[int, dict[Kind, tuple[int, int]]] = {known.id: {} for known in batch}
        for row in _stored(Holding, list(held)):
            kind = Kind(row["certificate_type"], row["product"])
            held[row["customer"]][kind] = row["current_inventory"], row["used"]
        replace({known: held[known.id] for known in batch}, registry)


def replace(held: Mapping[Known, Held], registry: Registry) -> Tally:
    """Make this all that these customers hold, and count what became of the rows of their holdings."""
    customers = [customer.id for customer in held]
    rows = list(holdings(held, registry))
    types = summed(rows, "product")
    before = _replace(Holding, rows, customers)
    _replace(TypeUsage, types, customers)
    _replace(CustomerUsage, summed(types, "certificate_type"), customers)
    return _tally(before, rows)


def _stored(table: Table, customers: list[int]) -> Iterator[Row]:
    return read(table, fields(table), among(table.customer, customers))


def _replace(table: Table, rows: list[Row], customers: list[int]) -> dict[Any, Row]:
    """Make `rows` the only ones of these customers, and return what was there before."""
    key = _key(table)
    before = {key(row): row for row in _stored(table, customers)}
    insert(table, [row for row in rows if key(row) not in before])
    kept = [(before[key(row)], row) for row in rows if key(row) in before]
    update(table, [{**old, **row} for old, row in kept if {**old, **row} != old])
    gone = before.keys() - set(map(key, rows))
    for ids in batches(before[each]["id"] for each in gone):
        table.delete().where(among(table.id, ids)).execute()
    return before


def _key(table: Table) -> Any:
    """What tells a table's rows apart, whatever their customers' identifiers are."""
    return itemgetter(*(name for name in ("customer", *Kind._fields) if name in table._meta.fields))


def _tally(before: Mapping[Any, Row], rows: list[Row]) -> Tally:
    """A customer's row of zeros counts when the file names it, and never as removed."""
    key, known = _key(Holding), {row["customer"] for row in before.values()}
    became = Counter(_became(before.get(key(row)), row, row["customer"] in known) for row in rows)
    named = set(map(key, rows))
    became["removed"] = sum(row["product"] != NONE and each not in named for each, row in before.items())
    return Tally(**became)


def _became(old: Row | None, row: Row, known: bool) -> str:
    if old is None:
        return "updated" if known and row["product"] == NONE else "added"
    return "unchanged" if all(old[number] == row[number] for number in NUMBERS) else "updated"
