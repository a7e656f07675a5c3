"""Which pages are measured: of every report at every level, in every order, the first, one deep inside and the last."""

from collections.abc import Iterator
from typing import NamedTuple

from app.reports import REPORTS
from app.table.counts import count_rows
from app.table.definitions import Column, Report
from app.table.expressions import order_by
from app.table.paging import read_page
from app.table.params import parse_view
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER
from app.table.view import Cursor, PagePosition, View, digest
from models import reports_db

_DEEP = 0.9
DIRECTIONS = ("", "-")


class Shown(NamedTuple):
    """The rows of a report at one level, which is what its visible columns decide."""

    report: Report
    level: int

    def __str__(self) -> str:
        if len(self.report.levels) == 1:
            return self.report.slug
        return f"{self.report.slug} by {self.report.level_column(self.level).key}"

    def columns(self) -> list[Column]:
        """All that it can be sorted by."""
        return [column for column in self.report.columns if column.level <= self.level]

    def view(self, sort: str) -> View:
        """The columns that a report shows at first, those that make rows of this level, and the one that sorts."""
        seen = [
            column.key
            for column in self.report.columns
            if column.visible or 0 < column.level <= self.level or column.key == sort.removeprefix("-")
        ]
        view, _ = parse_view(self.report, [("sort", sort), *(("columns", key) for key in seen)])
        return view


def everything() -> list[Shown]:
    return [Shown(report, level) for report in REPORTS.values() for level in range(len(report.levels))]


def places(view: View) -> Iterator[tuple[str, View]]:
    """The last is the last full one: behind it stands only what remains, which differs from database to database."""
    yield "first", view
    yield "deep", _deep(view)
    yield "last", read_page(view.last_page, WHOLE_PARTNER).previous or view.last_page


def address(view: View) -> str:
    return f"/reports/{view.report.slug}?{view.query_string}"


def _deep(view: View) -> View:
    """The page behind nine tenths of the rows. Its place is looked for from the nearer end."""
    rows = RowQuery(view, WHOLE_PARTNER, view.level)
    order, total = rows.order(view.sort_column), count_rows(rows)
    before = int(total * _DEEP)
    backwards = order_by(rows.select([rows.table.id, rows.tiebreaker], order), order, not view.descending)
    row, tie = reports_db.execute(backwards.limit(1).offset(total - before)).fetchone()
    return view.at_position(
        PagePosition(forward=True, cursor=Cursor(view.level, row, digest(tie), before, view.cursor_context))
    )
