"""CPU of a page of what a filter, a search or a scope chooses, in some orders: `python -m bench.filters DATABASE`."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from app.reports import REPORTS
from app.table import cache
from app.table.counts import count_rows
from app.table.definitions import Report
from app.table.paging import read_page
from app.table.params import parse_view
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER, Scope
from bench.clock import Call, process_cpu
from bench.databases import opened
from bench.paper import held, say, show
from models import reports_db

_ABOUT = """Transactions, and at the end usage by customer; in the process alone. The first page is asked for when
nothing is remembered, and the number of many rows after it. Worst and best are over six or seven orders, from then
on."""

BOUND = 50
"""Milliseconds of CPU."""

Query = Sequence[tuple[str, str]]

_ROUNDS = 3
_TRANSACTIONS, _USAGE = REPORTS["customer-transactions"], REPORTS["customer-usage"]
_SORTS = {
    _TRANSACTIONS: ("-date", "customer", "reseller", "-cost", "product", "user", "transaction_id"),
    _USAGE: ("customer", "reseller", "customer_id", "-current_inventory", "available", "-used"),
}
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
_SUMMED = (
    ("a certificate type", [("certificate_type", "SSL")]),
    ("a product", [("product", "DV Single Domain")]),
    ("a search that finds some", [("q", "sa")]),
)
"""Of usage by customer: what is chosen inside rows is summed anew."""


def main(path: Path) -> None:
    opened(path)
    say("Filters, searches and scopes", _ABOUT)
    rows = [measured(name, query, WHOLE_PARTNER) for name, query in _CHOICES]
    rows += [measured(f"scope: {name}", [], scope) for name, scope in _scopes()]
    rows += [measured(f"usage: {name}", query, WHOLE_PARTNER, _USAGE) for name, query in _SUMMED]
    told(rows)


def _scopes() -> Iterator[tuple[str, Scope]]:
    """The resellers with the most, the middling and the fewest transactions."""
    counted = 'SELECT reseller_id FROM "transaction" WHERE reseller_id > 0 GROUP BY 1 ORDER BY count(*) DESC'
    resellers = [number for (number,) in reports_db.execute_sql(counted).fetchall()]
    for name, place in (("the largest reseller", 0), ("a middling one", len(resellers) // 2), ("the smallest", -1)):
        yield name, Scope(resellers[place])


def told(rows: list[tuple[str, ...]]) -> None:
    asked = ("rows that are chosen by", "rows", f"first page, ms (≤ {BOUND})", "their number, ms")
    show((*asked, f"worst order, ms (≤ {BOUND})", "best order, ms"), rows)


def measured(name: str, query: Query, scope: Scope, report: Report = _TRANSACTIONS) -> tuple[str, ...]:
    views = [parse_view(report, [*query, ("sort", sort)])[0] for sort in _SORTS[report]]
    first = least(lambda: read_page(views[0], scope), forgets=True)
    rows = RowQuery(views[0], scope, views[0].level)
    counting = least(lambda: count_rows(rows), forgets=True)
    costs = [least(lambda view=view: read_page(view, scope)) for view in views]
    return (
        name,
        f"{count_rows(rows):,}",
        held(first, BOUND),
        f"{counting:.1f}",
        held(max(costs), BOUND),
        f"{min(costs):.1f}",
    )


def least(call: Call, forgets: bool = False) -> float:
    """CPU milliseconds of the quickest of several calls, each of which has to ask for everything when it `forgets`."""
    costs = []
    for _ in range(_ROUNDS):
        if forgets:
            cache._answers.clear()
        costs.append(process_cpu(call))
    return min(costs)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
