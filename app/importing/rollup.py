"""Usage rows from what customers hold: one per holding, and their sums."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from app.importing.customers import Known
from app.importing.reference import above, reference
from app.importing.registry import Registry
from app.importing.statements import Row
from models import NONE, NUMBERS


class Kind(NamedTuple):
    """A certificate type and one of its products, by our numbers."""

    certificate_type: int
    product: int


NOTHING = Kind(NONE, NONE)
"""The kind of the one row that a customer without holdings has."""

Held = Mapping[Kind, tuple[int, int]]
"""A customer's current inventory of each kind, and how much of it is used."""


def numbers(inventory: int, used: int) -> Row:
    over = used - inventory
    return {
        "current_inventory": inventory,
        "available": max(-over, 0),
        "used": used,
        "over_inventory": max(over, 0),
    }


def holdings(held: Mapping[Known, Held], registry: Registry) -> Iterator[Row]:
    """One row for each holding, or of zeros for a customer without any."""
    types, products = registry.types.by_id(), registry.products.by_id()
    for customer, kinds in held.items():
        for kind, (inventory, used) in (kinds or {NOTHING: (0, 0)}).items():
            yield {
                "ref": reference(customer.ref, customer.id, types[kind.certificate_type], products[kind.product]),
                "customer": customer.id,
                "customer_ref": customer.ref,
                "reseller": customer.reseller,
                **kind._asdict(),
                **numbers(inventory, used),
            }


def summed(rows: Sequence[Row], part: str) -> list[Row]:
    """Sum up `rows` that differ only in the field `part` and in numbers. A sum's parts are those that have a name."""
    sums: dict[str, Row] = {}
    for row in rows:
        ref = above(row["ref"])
        total = sums.get(ref)
        if total is None:
            total = sums[ref] = _zero(row, part) | {"ref": ref}
        for number in NUMBERS:
            total[number] += row[number]
        total["parts"] += row[part] != NONE
    return list(sums.values())


def _zero(row: Row, part: str) -> Row:
    kept = {name: value for name, value in row.items() if name != part}
    return kept | dict.fromkeys(NUMBERS, 0) | {"parts": 0}
