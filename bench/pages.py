"""CPU time of the server for pages: every report at every level, in every order, at the first, a deep and last page."""

from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from peewee import fn

from app.reports import REPORTS
from app.table.counts import count_rows
from app.table.definitions import Report
from app.table.expressions import order_by
from app.table.paging import read_page
from app.table.params import parse_view
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER
from app.table.view import Cursor, PagePosition, View, digest
from bench.bare import bare_app
from bench.databases import open_app, sign_in
from bench.document import mark, section, table
from bench.server import OURS, Server, serve
from bench.timing import compare
from models import TypeUsage, reports_db

PAGE_BOUND = 3.0  # times the bare route
GROWTH_BOUND = 1.3  # times the small database
_DEEP = 0.9  # a deep page begins behind this share of the rows

_ABOUT_PAGES = """Every report at every level, by every column in both directions, for an admin of the whole partner.
The deep page begins behind nine tenths of the rows, and the last page is the last full one. The bare route shows 50
rows of 11 cells; usage shows 6 to 9, the others 10 or 11. Both run in gunicorn with one worker and one thread."""


class Page(NamedTuple):
    """A page to request. `rows` names its report and level."""

    rows: str
    position: str
    sort: str
    slug: str
    address: str


def measure_pages(path: Path, rounds: int) -> str:
    cookie = sign_in(open_app(path))
    pages = [(page, f"/{page.slug}?after=100") for page in list_pages(("", "-"))]
    with serve(OURS, path, cookie, workers=1) as ours, serve(bare_app(path), path, workers=1) as bare:
        costs = compare_pages(ours, bare, pages, "bare", PAGE_BOUND, rounds)
        expanding = _measure_expanding(ours)
    return f"{section('Pages', _ABOUT_PAGES, costs)}\n\n{expanding}"


def measure_growth(small: Path, large: Path, rounds: int) -> str:
    cookie, small_pages = sign_in(open_app(small)), list_pages(("",))
    open_app(large)
    pages = [(page, other.address) for page, other in zip(list_pages(("",)), small_pages, strict=True)]
    with serve(OURS, large, cookie, workers=1) as ours, serve(OURS, small, cookie, workers=1) as base:
        costs = compare_pages(ours, base, pages, "small", GROWTH_BOUND, rounds)
    about = "The same pages, ascending, of a large database and of a small one."
    return section(f"{int(large.stem):,} against {int(small.stem):,} transactions", about, costs)


def list_pages(directions: Iterable[str], positions: Iterable[str] = ("first", "deep", "last")) -> list[Page]:
    """The pages of the open database; a direction is "" or "-", for descending."""
    pages = []
    for report in REPORTS.values():
        for level in range(len(report.levels)):
            rows = f"{report.slug} by {report.level_column(level).key}" if len(report.levels) > 1 else report.slug
            for column in report.columns:
                for sort in [direction + column.key for direction in directions if column.level <= level]:
                    first = _first_page(report, level, sort)
                    for position in positions:
                        query = _FIND_PAGE[position](first).query_string
                        pages.append(Page(rows, position, sort, report.slug, f"/reports/{report.slug}?{query}"))
    return pages


def _first_page(report: Report, level: int, sort: str) -> View:
    """The default columns, those that make rows of this level, and the sort column."""
    columns = [
        ("columns", column.key)
        for column in report.columns
        if column.visible or 0 < column.level <= level or column.key == sort.removeprefix("-")
    ]
    return parse_view(report, [("sort", sort), *columns])[0]


def _deep_page(first: View) -> View:
    """Count from the end, which is nearer."""
    rows = RowQuery(first, WHOLE_PARTNER, first.level)
    order, total = rows.order(first.sort_column), count_rows(rows)
    before = int(total * _DEEP)
    backwards = order_by(rows.select([rows.table.id, rows.tiebreaker], order), order, not first.descending)
    row_id, tiebreaker = reports_db.execute(backwards.limit(1).offset(total - before)).fetchone()
    cursor = Cursor(first.level, row_id, digest(tiebreaker), before, first.cursor_context)
    return first.at_position(PagePosition(forward=True, cursor=cursor))


def _last_page(first: View) -> View:
    """The last full one, because the number of rows on the very last differs between databases."""
    return read_page(first.last_page, WHOLE_PARTNER).previous or first.last_page


_FIND_PAGE = {"first": lambda first: first, "deep": _deep_page, "last": _last_page}


def compare_pages(
    ours: Server, base: Server, pages: Iterable[tuple[Page, str]], base_name: str, bound: float, rounds: int
) -> str:
    """Compare pages with addresses of the base server. A row of the table is a report, level and position."""
    groups = defaultdict(list)  # in the order of the pages
    for page, base_address in pages:
        measures = partial(ours.cpu_per_request, page.address), partial(base.cpu_per_request, base_address)
        for measure in measures:
            measure()  # fills caches
        cost, base_cost = compare(*measures, bound, rounds)
        groups[page.rows, page.position].append((cost / base_cost, page.sort, cost, base_cost))
    rows = []
    for (name, position), costs in groups.items():
        ratio, sort, cost, base_cost = max(costs)
        worst = sort, f"{cost:.2f}", f"{base_cost:.2f}", mark(ratio, bound, 2)
        middle, best = median(each[0] for each in costs), min(costs)[0]
        rows.append((f"{name}, {position}", str(len(costs)), *worst, f"{middle:.2f}", f"{best:.2f}"))
    headings = "worst by", "ms", f"{base_name} ms", f"worst × (≤ {bound})", "median ×", "best ×"
    return table(("page of 50, CPU of the server", "pages", *headings), rows)


def _measure_expanding(server: Server) -> str:
    types = fn.COUNT(TypeUsage.id)
    customers = TypeUsage.select(TypeUsage.customer, types).group_by(TypeUsage.customer).order_by(types.desc())
    customer, rows = customers.tuples().first()
    cost = min(server.cpu_per_request(f"/reports/customer-usage/rows?node={customer}") for _ in range(5))
    about = "The request for the certificate types of the customer who has most. No bound is set."
    row = "a customer with many types", str(rows), f"{cost:.2f}"
    return section("Expanding a row", about, table(("CPU of the server", "rows", "ms"), [row]))
