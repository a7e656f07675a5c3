"""What a fragment tells htmx besides the rows: stale parts of the form, and the address for the browser's history."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from flask import request

from app.table.params import parse_view
from app.table.view import View
from app.web.reports.context import FilterField
from app.web.urls import report_url


def updates(fields: Sequence[FilterField], view: View, has_button: bool) -> dict[str, Any]:
    """Template context: the fields that show another value in the browser, and whether the column chooser is stale.

    The browser shows what the form sends; when a link was followed, it shows what its address says. `has_button` is
    true when a button of the form was pressed, which may have moved a column.
    """
    is_form = request.headers.get("HX-Source", "").startswith("form")
    shown = request.args if is_form else parse_view(view.report, _current_query())[0].filters
    changed = [field for field in fields if shown.get(field.filter.key, "") != field.value]
    return {"fields": changed, "update_chooser": has_button or (is_form and "columns" not in request.args)}


def history_headers(view: View) -> dict[str, str]:
    """Push the view's address; replace the current one while only the search text goes on; else leave it alone."""
    shown, errors = parse_view(view.report, _current_query())
    if report_url(shown) == report_url(view) and not errors:
        return {}
    searches = shown.filters.get("q"), view.filters.get("q")
    is_typing = all(searches) and searches[0] != searches[1]
    same_otherwise = report_url(shown.without_filter("q")) == report_url(view.without_filter("q"))
    return {"HX-Replace-Url" if is_typing and same_otherwise else "HX-Push-Url": report_url(view)}


def _current_query() -> list[tuple[str, str]]:
    """The query string in the browser's address bar."""
    try:
        return parse_qsl(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    except ValueError:  # no browser sends such an address
        return []
