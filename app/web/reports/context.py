"""The template context of a report page: rows as cells, the fields of the filter form, and links."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from flask import request

from app.importing import IMPORTABLE
from app.reports.periods import period_title
from app.table.cache import cached_until_import
from app.table.definitions import Filter
from app.table.paging import Page
from app.table.params import MAX_GROUP, MAX_VALUE_LENGTH
from app.table.rows import open_paths
from app.table.scope import Scope
from app.table.view import LAST_PAGE, View, digest, format_path
from app.web.reports.formats import FORMATS, last_format
from app.web.reports.links import link_context
from app.web.reports.rows import present_rows
from app.web.urls import other_reports, summary_url
from models import Import

_IN_TOOLBAR = frozenset({"q", "period", "from", "to"})  # filters with fields of their own; the others are in a menu
_GROUP_LABELS = ("Group by", "Then by", "And by")  # MAX_GROUP of them


class Menu(NamedTuple):
    """The menu of a filter; that of a text field is empty. `labels` are the texts of its values.

    `options` are (value, label, whether the label is the value). Such an option needs no value of its own: browsers
    send its label, in which they collapse blanks.
    """

    labels: Mapping[str, str]
    options: Sequence[tuple[str, str, bool]]

    @classmethod
    def of(cls, labels: Mapping[str, str]) -> "Menu":
        options = [(value, label, value == label == " ".join(value.split())) for value, label in labels.items()]
        return cls(labels, options)


_NO_MENU = Menu({}, [])


class FilterField(NamedTuple):
    """A filter as a field of the form. `type` is that of its input, and `hint` the placeholder of a text field."""

    key: str
    label: str
    type: str
    hint: str
    value: str
    options: Sequence[tuple[str, str, bool]]


class ColumnChoice(NamedTuple):
    """A column in the column chooser. `place` is its index in the report's own order.

    `is_default` columns are visible by default. A visible one that `is_level` makes the view's rows those of its level.
    """

    key: str
    label: str
    place: int
    is_fixed: bool
    is_default: bool
    is_visible: bool
    is_level: bool


def report_context(page: Page, scope: Scope) -> dict[str, Any]:
    """The context of a report page's templates, and of its fragment's. All of it is data, nothing is markup."""
    view = page.view
    summary, display = summary_url(view), request.cookies.get("display", "").split(".")
    menus = {filter_.key: _menu(filter_, view, scope) for filter_ in view.report.filters}
    fields = {filter_.key: _field(filter_, view, menus[filter_.key]) for filter_ in view.report.filters}
    return link_context(page) | {
        "view": view,
        "report": view.report,
        "page": page,
        "rows": present_rows(page.rows, view, {key: menu.labels for key, menu in menus.items()}),
        "can_import": view.report.slug in IMPORTABLE,
        "kinds": {column.kind.name for column in view.columns},
        "fields": fields,
        "menu_fields": [field for field in fields.values() if field.key not in _IN_TOOLBAR and field.type != "hidden"],
        "hidden_fields": [field for field in fields.values() if field.type == "hidden"],
        "period_label": _period_label(fields, view),
        "filter_count": len(view.filters.keys() - _IN_TOOLBAR) or "",
        "hidden_state": _hidden_state(page),
        "dimensions": [(dimension.key, dimension.label) for dimension in view.report.dimensions],
        "group_menus": _group_menus(view) if view.report.dimensions else [],
        "column_choices": _column_choices(view),
        "other_reports": other_reports(view),
        "formats": FORMATS.values(),
        "last_format": last_format(),
        "summary_url": summary,
        "columns_id": digest(",".join(column.key for column in view.columns)),
        "summary_id": digest(f"{summary} {view.today} {Import.version()}"),
        "as_of": Import.last(),
        "row_height": next((height for height in ("compact", "wrap") if height in display), "regular"),
    }


def _menu(filter_: Filter, view: View, scope: Scope) -> Menu:
    """The values that occur in the scope's rows, and the one that the filter has, even if no row has it any more."""
    list_options, report = filter_.options, view.report
    if list_options is None:
        return _NO_MENU

    def read() -> Menu:
        found = list_options(report.base_table, scope)
        return Menu.of({value: label for value, label in found if len(value) <= MAX_VALUE_LENGTH})

    menu: Menu = cached_until_import((report.slug, filter_.key, scope), read)
    value = view.filters.get(filter_.key)
    if menu.labels and value and value not in menu.labels:
        return Menu.of({**menu.labels, value: filter_.describe(value, view.today)})
    return menu


def _field(filter_: Filter, view: View, menu: Menu) -> FilterField:
    value = view.filters.get(filter_.key, "")
    return FilterField(filter_.key, filter_.label, filter_.input_type, filter_.hint, value, menu.options)


def _group_menus(view: View) -> list[tuple[int, str, str]]:
    """Number, label and chosen dimension of each menu of dimensions."""
    keys = [dimension.key for dimension in view.group]
    return list(zip(range(MAX_GROUP), _GROUP_LABELS, keys + [""] * MAX_GROUP, strict=False))


def _column_choices(view: View) -> list[ColumnChoice]:
    columns, default = view.report.columns, view.report.default_columns
    return [
        ColumnChoice(
            key=column.key,
            label=column.label,
            place=columns.index(column),
            is_fixed=column.fixed,
            is_default=column in default,
            is_visible=column in view.columns,
            is_level=column.level > 0,
        )
        for column in view.chooser_columns
    ]


def _period_label(fields: Mapping[str, FilterField], view: View) -> str:
    """The label of the button that opens the period: "Date: This quarter", "Date: from 2026-11-01"."""
    if "period" not in fields:
        return ""
    label, period = fields["period"].label, fields["period"].value
    if period:
        return f"{label}: {period_title(period)}"
    first, last = view.date_range
    if first and last:
        return f"{label}: {first} – {last}"
    if first or last:
        return f"{label}: from {first}" if first else f"{label}: to {last}"
    return f"{label}: Any time"


def _hidden_state(page: Page) -> list[tuple[str, str]]:
    """What the form sends besides its fields: sort, size, position, and the open rows that the page doesn't list."""
    view = page.view
    listed = set() if view.all_rows_open else {format_path(path) for path in open_paths(page.rows)}
    pairs = [pair for pair in view.params(columns=False) if pair[0] in ("sort", "size", "after", "before", "open")]
    pairs = [pair for pair in pairs if pair[0] != "open" or pair[1] not in listed]
    if view.report.dimensions:
        pairs.append(("grouped", ".".join(dimension.key for dimension in view.group)))
    last_page = f"{LAST_PAGE}-{view.cursor_context}"  # so that another view begins with its first page
    return [("before", last_page) if pair == ("before", LAST_PAGE) else pair for pair in pairs]
