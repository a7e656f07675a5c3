"""Which pages are measured: of every report at every level, in every order, the first, one deep inside and the last."""

from collections.abc import Iterator
from typing import NamedTuple

from app.reports import REPORTS
from app.table.counting import count
from app.table.cursor import Cursor, Place, digest
from app.table.page import page
from app.table.parse import parse
from app.table.report import Column, Report
from app.table.rows import Rows
from app.table.scope import EVERYTHING
from app.table.terms import ordered
from app.table.view import View
from models import database

_DEEP = 0.9
DIRECTIONS = ("", "-")


class Shown(NamedTuple):
    """The rows of a report at one level, which is what its visible columns decide."""

    report: Report
    level: int

    def __str__(self) -> str:
        if len(self.report.levels) == 1:
            return self.report.slug
        return f"{self.report.slug} by {self.report.name_of(self.level).key}"

    def columns(self) -> list[Column]:
        """All that it can be sorted by."""
        return [column for column in self.report.columns if column.level <= self.level]

    def view(self, sort: str) -> View:
        """The columns that a report shows at first, those that make rows of this level, and the one that sorts."""
        seen = [
            column.key
            for column in self.report.columns
            if column.shown or 0 < column.level <= self.level or column.key == sort.removeprefix("-")
        ]
        view, _ = parse(self.report, [("sort", sort), *(("columns", key) for key in seen)])
        return view


def everything() -> list[Shown]:
    return [Shown(report, level) for report in REPORTS.values() for level in range(len(report.levels))]


def places(view: View) -> Iterator[tuple[str, View]]:
    """The last is the last full one: behind it stands only what remains, which differs from database to database."""
    yield "first", view
    yield "deep", _deep(view)
    yield "last", page(view.ending(), EVERYTHING).previous or view.ending()


def address(view: View) -> str:
    return f"/reports/{view.report.slug}?{view.query}"


def _deep(view: View) -> View:
    """The page behind nine tenths of the rows. Its place is looked for from the nearer end."""
    rows = Rows(view, EVERYTHING, view.level)
    order, total = rows.order(view.sort_column), count(rows)
    before = int(total * _DEEP)
    backwards = ordered(rows.select([rows.table.id, rows.tie], order), order, not view.descending)
    row, tie = database.execute(backwards.limit(1).offset(total - before)).fetchone()
    return view.at(Place(forward=True, cursor=Cursor(view.level, row, digest(tie), before, view.context)))
