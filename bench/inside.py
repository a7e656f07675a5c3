"""CPU of the server for expanding a row, against a bare route with the same rows: `python -m bench.inside DATABASE`."""

import sys
from pathlib import Path

from peewee import fn

from bench.databases import opened, signed_in
from bench.paper import held, say, show
from bench.ratios import compared
from bench.server import ALONE, OURS, serving
from models import Holding, TypeUsage

BOUND = 1.5


def main(path: Path) -> None:
    cookie = signed_in(opened(path))
    say("Expanding a row", "The bare route writes the rows of the same table, with as many cells.")
    rows = []
    with serving(OURS, path, cookie, *ALONE) as ours, serving(f"bench.bare:bare('{path}')", path, "", *ALONE) as least:
        for what, node, inside in _nodes():
            page, floor = f"/reports/customer-usage/rows?node={node}", f"/inside?node={node}"
            ratio = compared((what, "", ""), (ours, page), (least, floor), BOUND)
            rows.append((what, str(inside), f"{ratio.cost:.2f}", f"{ratio.floor:.2f}", held(ratio.times, BOUND, 2)))
    show(("expanding, CPU of the server", "rows", "ms", "bare ms", f"× (≤ {BOUND})"), rows)


def _nodes() -> list[tuple[str, str, int]]:
    """The customer with the most certificate types, one with a single one, and the type with the most products."""
    types, products = fn.COUNT(TypeUsage.id), fn.COUNT(Holding.id)
    customers = TypeUsage.select(TypeUsage.customer_id, types).where(TypeUsage.certificate_type != 0)
    customers = list(customers.group_by(TypeUsage.customer).order_by(types).tuples())
    held_most = Holding.select(Holding.customer_id, Holding.certificate_type_id, products)
    held_most = held_most.group_by(Holding.customer, Holding.certificate_type).order_by(products.desc()).tuples()
    customer, kind, most = held_most.first()
    return [
        ("a customer with one type", str(customers[0][0]), customers[0][1]),
        ("a customer with many", str(customers[-1][0]), customers[-1][1]),
        ("a type with many products", f"{customer}.{kind}", most),
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
