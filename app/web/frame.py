"""What stands around the rows of a view: fields, chips, headings, sizes and the menu of files."""

from typing import NamedTuple

from jinja2.environment import TemplateModule

from app.table.cursor import digest
from app.table.memo import until_next_load
from app.table.report import Column
from app.table.scope import Scope
from app.table.view import SIZES, View
from app.web.chosen import chips, menus
from app.web.formats import FORMATS, Format, file_url, last_format
from app.web.links import others, report_url
from app.web.sums import sums_url
from app.web.written import written
from models import Load


class Heading(NamedTuple):
    """A column's heading; `direction` is in which the rows are sorted by it, "" when they aren't."""

    key: str
    label: str
    numeric: bool
    url: str
    direction: str


def frame(view: View, scope: Scope) -> TemplateModule:
    """The same for all pages of a view, and therefore written only once: without that it takes a quarter of a page."""
    form = last_format()
    key = (view.report, view.start.query, view.today, scope, form.key)
    kept: TemplateModule = until_next_load(key, lambda: _frame(view.start, scope, form))
    return kept


def _frame(view: View, scope: Scope, form: Format) -> TemplateModule:
    sums = sums_url(view)
    return written(
        "reports/_frame.html",
        view=view,
        url=report_url,
        menus=menus(view, scope),
        others=others(view),
        chips=chips(view),
        file_url=file_url,
        last_format=form,
        all_formats=FORMATS.values(),
        headings=[_heading(view, column) for column in view.columns],
        sums_url=sums,
        sums_id=digest(f"{sums} {view.today} {Load.version()}"),
        all_sizes=SIZES,
    )


def _heading(view: View, column: Column) -> Heading:
    direction = ("descending" if view.descending else "ascending") if column is view.sort_column else ""
    return Heading(column.key, column.label, column.kind.numeric, report_url(view.sorted_by(column)), direction)
