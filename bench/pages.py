"""CPU of a page against the bare route: `python -m bench.pages DATABASE`."""

import sys
from collections.abc import Iterator
from pathlib import Path

from app.reports import REPORTS
from app.table.counting import count
from app.table.cursor import Cursor, digest
from app.table.parse import parse
from app.table.report import Report
from app.table.rows import Rows
from app.table.scope import EVERYTHING
from app.table.view import Place, View
from bench.bare import bare
from bench.clock import least, request, show
from bench.databases import opened, signed_in
from bench.server import OURS, serving
from models import database

BOUND = 2.5
_DEEP = 0.9
_WARMED, _ASKED = 40, 300
_SORTS = ("customer", "reseller", "-cost", "-over_inventory")


def main(path: Path) -> None:
    ours, floor = opened(path), bare(str(path))
    cookie = signed_in(ours)
    rows = []
    for report in REPORTS.values():
        for view, where in _views(report):
            page, least_page = least(request(ours, _address(view), cookie), request(floor, _floor(report)))
            rows.append((f"{report.slug} by {view.sort}, {where}", *_compared(page, least_page)))
    show(("page of 50, CPU in the process", "ms", "bare ms", f"ratio (≤ {BOUND})"), rows)
    show(("page of 50, CPU of the server", "ms", "bare ms", f"ratio (≤ {BOUND})"), list(_served(path, cookie)))


def _served(path: Path, cookie: str) -> Iterator[tuple[str, ...]]:
    """The first pages again, with all that gunicorn needs for a request."""
    for report in REPORTS.values():
        page = _cpu(OURS, path, f"/reports/{report.slug}", cookie)
        least_page = _cpu(f"bench.bare:bare('{path}')", path, _floor(report))
        yield f"{report.slug}, first", *_compared(page, least_page)


def _cpu(application: str, path: Path, address: str, cookie: str = "") -> float:
    """CPU milliseconds of the server for one request."""
    with serving(application, path, cookie) as server:
        for _ in range(_WARMED):
            server.get(address)
        start = server.cpu()
        for _ in range(_ASKED):
            server.get(address)
        return (server.cpu() - start) * 1000 / _ASKED


def _address(view: View) -> str:
    return f"/reports/{view.report.slug}?{view.query()}"


def _floor(report: Report) -> str:
    return f"/{report.slug}?after=100"


def _compared(page: float, least_page: float) -> tuple[str, str, str]:
    ratio = page / least_page
    return f"{page:.2f}", f"{least_page:.2f}", f"{ratio:.1f}{'' if ratio <= BOUND else ' !'}"


def _views(report: Report) -> Iterator[tuple[View, str]]:
    """Pages at the beginning, deep inside and at the end of several orders."""
    for sort in dict.fromkeys((report.default_sort, *_SORTS)):
        if sort.removeprefix("-") in report.by_key:
            columns = [("columns", key) for key in report.by_key if report.by_key[key].level == 0]
            view, _ = parse(report, [*columns, ("sort", sort)])
            yield view, "first"
            yield _deep(view), "deep"
            yield view.at(Place(forward=False, cursor=None)), "last"


def _deep(view: View) -> View:
    rows = Rows(view, EVERYTHING, view.level)
    order, before = rows.order(view.sort_column), int(count(rows) * _DEEP)
    query = rows.select([rows.table.id, rows.tie], order)
    query = query.order_by(*(term.desc() if view.descending else term.asc() for term in order))
    row, tie = database.execute(query.limit(1).offset(before - 1)).fetchone()
    return view.at(Place(forward=True, cursor=Cursor(view.level, row, digest(tie), before, view.context)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
