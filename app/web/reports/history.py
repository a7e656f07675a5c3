"""Which address a fragment leaves in the browser's history."""

from urllib.parse import parse_qsl, urlsplit

from flask import Response, request

from app.table.definitions import Report
from app.table.params import ParamError, parse_view
from app.table.view import View
from app.web.urls import report_url


def set_history_header(response: Response, view: View) -> None:
    """Push the view's address, replace the present one while only the search text goes on, or leave it unchanged."""
    seen, complaints = current_view(view.report)
    if report_url(seen) == report_url(view) and not complaints:
        return
    searches = seen.filters.get("q"), view.filters.get("q")
    typing = all(searches) and searches[0] != searches[1]
    same = report_url(seen.without_filter("q")) == report_url(view.without_filter("q"))
    response.headers["HX-Replace-Url" if typing and same else "HX-Push-Url"] = report_url(view)


def current_view(report: Report) -> tuple[View, list[ParamError]]:
    """The view that the browser shows while it asks for a fragment, and what is wrong with its address."""
    try:
        query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    except ValueError:  # no browser sends such an address
        query = ""
    return parse_view(report, parse_qsl(query))
