"""CPU of a page of what a filter, a search or a scope chooses, in several orders: `python -m bench.filters FILE`."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import process_time

from app.reports import REPORTS
from app.table import memo
from app.table.counting import count
from app.table.page import page
from app.table.parse import parse
from app.table.rows import Rows
from app.table.scope import EVERYTHING, Scope
from bench.clock import Call, show
from bench.databases import opened
from models import database

BOUND = 50
"""Milliseconds of CPU."""

_ROUNDS = 3
_REPORT = REPORTS["customer-transactions"]
_SORTS = ("-date", "customer", "reseller", "-cost", "product", "user", "transaction_id")
_CHOICES = (
    ("a search that finds nothing", [("q", "zzzzqq")]),
    ("a search for one customer", [("q", "C-10077")]),
    ("a search that finds some", [("q", "sa")]),
    ("a search that finds most", [("q", "a")]),
    ("one customer", [("customer", "C-10077")]),
    ("a rare action", [("action", "Cancel")]),
    ("a common action", [("action", "Inventory")]),
    ("a product", [("product", "DV Single Domain")]),
    ("a day", [("from", "2026-11-01"), ("to", "2026-11-01")]),
    ("any day", [("from", "2000-01-01")]),
    ("no reseller", [("reseller", "-")]),
)


def main(path: Path) -> None:
    opened(path)
    rows = [_row(name, query, EVERYTHING) for name, query in _CHOICES]
    rows += [_row(f"scope: {name}", [], scope) for name, scope in _scopes()]
    asked = ("transactions that are chosen by", "rows", "first page, ms", "their number, ms")
    show((*asked, f"worst order, ms (≤ {BOUND})", "best order, ms"), rows)


def _scopes() -> Iterator[tuple[str, Scope]]:
    """The resellers with the most, the middling and the fewest transactions."""
    counted = 'SELECT reseller_id FROM "transaction" WHERE reseller_id > 0 GROUP BY 1 ORDER BY count(*) DESC'
    resellers = [number for (number,) in database.execute_sql(counted).fetchall()]
    for name, place in (("the largest reseller", 0), ("a middling one", len(resellers) // 2), ("the smallest", -1)):
        yield name, Scope(resellers[place])


def _row(name: str, query: Sequence[tuple[str, str]], scope: Scope) -> tuple[str, ...]:
    """The first page is asked for when nothing is remembered; of many rows the number is asked for after it."""
    views = [parse(_REPORT, [*query, ("sort", sort)])[0] for sort in _SORTS]
    first = min(_cost(lambda: page(views[0], scope), forgets=True) for _ in range(_ROUNDS))
    rows = Rows(views[0], scope, views[0].level)
    counting = min(_cost(lambda: count(rows), forgets=True) for _ in range(_ROUNDS))
    costs = [min(_cost(lambda view=view: page(view, scope)) for _ in range(_ROUNDS)) for view in views]
    return name, f"{count(rows):,}", _held(first), f"{counting:.1f}", _held(max(costs)), f"{min(costs):.1f}"


def _cost(call: Call, forgets: bool = False) -> float:
    if forgets:
        memo._answers.clear()
    start = process_time()
    call()
    return (process_time() - start) * 1000


def _held(cost: float) -> str:
    return f"{cost:.1f}{'' if cost <= BOUND else ' !'}"


if __name__ == "__main__":
    main(Path(sys.argv[1]))
