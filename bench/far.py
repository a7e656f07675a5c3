"""CPU of a page whose rows all lie at the far end of the order, or are hardly any: `python -m bench.far DATABASE`.

Few natural data are like that, so some are made so, in a copy beside the database.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from peewee import fn

from app.reports import REPORTS
from app.table.counts import SORT_LIMIT, count_rows
from app.table.paging import read_page
from app.table.params import parse_view
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER, Scope
from bench.databases import changed, opened
from bench.filters import least, measured, told
from bench.paper import held, say, show
from models import Customer, Reseller, Transaction, reports_db

_ABOUT = f"""Transactions of which a filter leaves more than {SORT_LIMIT:,}, all of them last in the order, which is the
worst there is for an order that is walked; data are changed to be so. In the process alone, when nothing is
remembered. Below stands a reseller with 0.001 % of the rows, as such are measured above."""

BOUND = 300
"""Milliseconds of CPU."""

_REPORT = REPORTS["customer-transactions"]
_NEWEST = 0.03
_PRODUCT = "DV Single Domain"
_SMALL, _EACH = "next to nothing", 100_000
"""A reseller, and how many transactions there are for each one of theirs: they have 0.001 %."""

_DEAR = 10**11
"""More than anything costs, in cents, or than there are certificates."""

Query = Sequence[tuple[str, str]]


def main(path: Path) -> None:
    opened(changed(path, f"{path.stem}-far", _change))
    say("Matches at the far end", _ABOUT)
    cases = (
        ("those since a day when prices rose", "cost", [("from", _day())]),
        ("those of the product that is sold by the thousand", "total", [("product", _PRODUCT)]),
        ("a search for names that come last", "customer", [("q", "zzqq")]),
    )
    show(("what is asked for", "by", "rows", f"first page, ms (≤ {BOUND})"), [_row(*case) for case in cases], texts=2)
    told([measured("scope: a reseller with next to nothing", [], Scope.for_reseller(_SMALL))])


def _row(name: str, sort: str, query: Query) -> tuple[str, ...]:
    view, _ = parse_view(_REPORT, [*query, ("sort", sort)])
    first = least(lambda: read_page(view, WHOLE_PARTNER), forgets=True)
    return name, sort, f"{count_rows(RowQuery(view, WHOLE_PARTNER, view.level)):,}", held(first, BOUND)


def _change() -> None:
    """Let the newest transactions cost most, one product have the largest totals, some customers' names be last, and a
    reseller have ten transactions."""
    view, _ = parse_view(_REPORT, [("product", _PRODUCT)])
    (sold,) = (each.where(Transaction, value) for each, value in view.active_filters)
    name = fn.CONCAT("zzqq ", Customer.name)
    with reports_db.atomic():
        Transaction.update(cost=Transaction.cost + _DEAR).where(Transaction.date >= _day()).execute()
        Transaction.update(total=Transaction.total + _DEAR).where(sold).execute()
        Customer.update(name=name, name_key=name).where(Customer.id.bin_and(15) == 0).execute()
        small = Reseller.insert(name=_SMALL, name_key=_SMALL).execute()
        few = range(_EACH, Transaction.select().count() + 1, _EACH)
        Transaction.update(reseller=small).where(Transaction.id.in_(few)).execute()


def _day() -> str:
    """The day on which the newest transactions begin."""
    newest = Transaction.select(Transaction.date).order_by(Transaction.date.desc())
    (moment,) = newest.offset(int(Transaction.select().count() * _NEWEST)).limit(1).tuples().first()
    return str(moment)[:10]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
