"""CPU of the server for expanding a row, against a bare route with the same rows: `python -m bench.inside DATABASE`."""

import sys
from contextlib import ExitStack
from pathlib import Path

from flask import Flask
from peewee import fn

from app import create_app
from bench.databases import opened, signed_in
from bench.paper import held, say, show
from bench.ratios import compared
from bench.server import ALONE, OURS, serving
from models import Holding, TypeUsage

_ABOUT = """The bare route writes the rows of the same table, with as many cells. Below stands what a request costs that
is let in, gets its headers and its line in the log, but is answered with nothing."""

BOUND = 1.5

_NOTHING = "nothing, behind the same gate"


def main(path: Path) -> None:
    cookie = signed_in(opened(path))
    say("Expanding a row", _ABOUT)
    rows, nodes = [], _nodes()
    with ExitStack() as stack:
        applications = (OURS, "bench.inside:gate()", f"bench.bare:bare('{path}')")
        ours, gates, least = (stack.enter_context(serving(each, path, cookie, *ALONE)) for each in applications)
        for server, (what, node, inside) in [*((ours, each) for each in nodes), (gates, (_NOTHING, nodes[0][1], 0))]:
            page, floor = f"/reports/customer-usage/rows?node={node}", f"/inside?node={node}"
            ratio = compared((what, "", ""), (server, page), (least, floor), BOUND)
            rows.append((what, str(inside), f"{ratio.cost:.2f}", f"{ratio.floor:.2f}", held(ratio.times, BOUND, 2)))
    show(("expanding, CPU of the server", "rows", "ms", "bare ms", f"× (≤ {BOUND})"), rows)


def gate() -> Flask:
    """The application with no rows behind its gate."""
    app = create_app()
    app.view_functions["reports.expand"] = lambda slug: ""
    return app


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
