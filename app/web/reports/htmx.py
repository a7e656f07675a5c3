"""What a fragment has for htmx besides the rows: corrections of fields, and the address for the browser's history."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

from flask import request

from app.table.params import parse_view
from app.table.view import View
from app.web.urls import report_url

_TYPED = ("search", "text")  # the types of fields that send a request while somebody types


def corrections(view: View) -> Iterator[tuple[str, str, str]]:
    """Yield key, sent value and value in the view of each filter field for which these differ, such as a pasted id.

    The script writes the value into the field unless that has changed since it was sent.
    """
    for key in view.report.filters_by_key:
        sent, value = request.args.get(key, ""), view.filters.get(key, "")
        if sent != value:
            yield key, sent, value


def columns_changed(view: View) -> bool:
    """Whether the column chooser in the browser shows other columns than the view, or another order."""
    return request.args.getlist("columns") != [column.key for column in view.columns]


def group_changed(view: View) -> bool:
    """Whether the fields of the dimensions in the browser show others than the view, or leave one of them out."""
    keys = [dimension.key for dimension in view.group]
    sent = request.args.getlist("group")
    return sent != keys + [""] * (len(sent) - len(keys))


def history_headers(view: View) -> dict[str, str]:
    """Push the view's address; replace the current one while somebody types on; else leave it alone."""
    shown, errors = parse_view(view.report, _current_query())
    if report_url(shown) == report_url(view) and not errors:
        return {}
    changed = [
        filter_ for filter_ in view.report.filters if shown.filters.get(filter_.key) != view.filters.get(filter_.key)
    ]
    is_typing = len(changed) == 1 and changed[0].input_type in _TYPED and _differ_in_text(shown, view, changed[0].key)
    return {"HX-Replace-Url" if is_typing else "HX-Push-Url": report_url(view)}


def _differ_in_text(shown: View, view: View, key: str) -> bool:
    """Whether both views have a text for this filter, and are the same otherwise."""
    if not (shown.filters.get(key) and view.filters.get(key)):
        return False
    return report_url(shown.without_filter(key)) == report_url(view.without_filter(key))


def _current_query() -> list[tuple[str, str]]:
    """The query string in the browser's address bar."""
    try:
        return parse_qsl(urlsplit(request.headers.get("HX-Current-URL", "")).query)
    except ValueError:  # no browser sends such an address
        return []
