"""CPU time for reading pages of filtered, searched and scoped rows, in this process, without a server."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from time import process_time
from urllib.parse import parse_qsl

from peewee import fn

from app.reports import REPORTS
from app.table import cache
from app.table.counts import SORT_LIMIT, count_rows
from app.table.definitions import Report
from app.table.paging import read_page
from app.table.params import parse_view
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER, Scope
from app.table.view import View
from bench.databases import make_copy, open_app
from bench.document import mark, section, table
from bench.timing import seconds
from models import Customer, Transaction, reports_db

BOUND = 50  # ms
FAR_END_BOUND = 300  # ms

_ABOUT = """Transactions and usage by customer, in the process. Caches are empty for the first page and for
the count of the rows; after that, the worst and the best of six or seven sort orders."""
_ABOUT_FAR_END = f"""Transactions of which a filter leaves more than {SORT_LIMIT:,}, all of them at the end of the sort
order: the worst case for an index scan. A copy of the database is changed to have such rows."""

_TRANSACTIONS, _USAGE = REPORTS["customer-transactions"], REPORTS["customer-usage"]
_SORTS = {
    _TRANSACTIONS: ("-date", "customer", "reseller", "-cost", "product", "user", "transaction_id"),
    _USAGE: ("customer", "reseller", "customer_id", "-current_inventory", "available", "-used"),
}
_PRODUCT, _RECENT_DAY = "DV Single Domain", "2026-11-01"  # 3 % of the transactions are newer
_FILTERS = {
    _TRANSACTIONS: (
        "q=zzzzqq", "q=C-10077", "q=sa", "q=a", "customer=C-10077", "action=Cancel", "action=Inventory",
        f"product={_PRODUCT}", f"from={_RECENT_DAY}&to={_RECENT_DAY}", "from=2000-01-01", "reseller=-",
    ),
    _USAGE: ("certificate_type=SSL", f"product={_PRODUCT}", "q=sa"),  # the sums of the rows are computed anew
}  # fmt: skip
_FAR_END = ((f"from={_RECENT_DAY}", "cost"), (f"product={_PRODUCT}", "total"), ("q=zzqq", "customer"))
_EXTRA = 10**11  # more than any cost in cents or number of certificates


def measure_filters(path: Path, rounds: int) -> str:
    open_app(path)
    rows = [
        (f"{report.slug.removeprefix('customer-')}: {query}", *_measure(_views(report, query), WHOLE_PARTNER, rounds))
        for report, queries in _FILTERS.items()
        for query in queries
    ]
    rows += [(name, *_measure(_views(_TRANSACTIONS, ""), scope, rounds)) for name, scope in _scopes()]
    return section("Filters, searches and scopes", _ABOUT, _table(rows, BOUND))


def _scopes() -> Iterator[tuple[str, Scope]]:
    sql = 'SELECT reseller_id FROM "transaction" WHERE reseller_id > 0 GROUP BY 1 ORDER BY count(*) DESC'
    resellers = [reseller_id for (reseller_id,) in reports_db.execute_sql(sql).fetchall()]
    for name, place in (("largest", 0), ("middle", len(resellers) // 2), ("smallest", -1)):
        yield f"scope: the {name} reseller", Scope(resellers[place])


def measure_far_end(path: Path, rounds: int) -> str:
    open_app(make_copy(path, f"{path.stem}-far", _move_matches_to_the_end))
    rows = [
        (f"{query}, by {sort}", *_measure(_views(_TRANSACTIONS, query, [sort]), WHOLE_PARTNER, rounds, FAR_END_BOUND))
        for query, sort in _FAR_END
    ]
    return section("Matches at the far end", _ABOUT_FAR_END, _table(rows, FAR_END_BOUND))


def _move_matches_to_the_end() -> None:
    """Give recent transactions the highest costs, one product the largest totals, and some customers the last names."""
    (view,) = _views(_TRANSACTIONS, f"product={_PRODUCT}", ["total"])
    of_product = [each.where(Transaction, value) for each, value in view.active_filters]
    name = fn.CONCAT("zzqq ", Customer.name)
    with reports_db.atomic():
        Transaction.update(cost=Transaction.cost + _EXTRA).where(Transaction.date >= _RECENT_DAY).execute()
        Transaction.update(total=Transaction.total + _EXTRA).where(*of_product).execute()
        Customer.update(name=name, name_key=name).where(Customer.id % 16 == 0).execute()


def _views(report: Report, query: str, sorts: Sequence[str] = ()) -> list[View]:
    return [parse_view(report, [*parse_qsl(query), ("sort", sort)])[0] for sort in sorts or _SORTS[report]]


def _measure(views: list[View], scope: Scope, rounds: int, bound: float = BOUND) -> tuple[str, ...]:
    rows = RowQuery(views[0], scope, views[0].level)
    first = _least_cpu(partial(read_page, views[0], scope), rounds, empty_caches=True)
    counting = _least_cpu(partial(count_rows, rows), rounds, empty_caches=True)
    costs = [_least_cpu(partial(read_page, view, scope), rounds) for view in views]
    worst, best = mark(max(costs), bound), f"{min(costs):.1f}"
    return f"{count_rows(rows):,}", mark(first, bound), f"{counting:.1f}", worst, best


def _table(rows: Sequence[Sequence[str]], bound: float) -> str:
    headings = "count", f"first page, ms (≤ {bound})", "counting, ms", f"worst sort, ms (≤ {bound})", "best sort, ms"
    return table(("rows", *headings), rows)


def _least_cpu(call: Callable[[], object], rounds: int, empty_caches: bool = False) -> float:
    """CPU milliseconds of the quickest of several calls."""
    costs = []
    for _ in range(rounds):
        if empty_caches:
            cache.results_cache.clear()
        costs.append(seconds(call, process_time) * 1000)
    return min(costs)
