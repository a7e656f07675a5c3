"""What htmx says of the page that sends a request, and which address an answer puts into the browser's history."""

from urllib.parse import parse_qsl, urlsplit

from flask import Response, request

from app.table.definitions import Report
from app.table.params import ParamError, parse_view
from app.table.view import View
from app.web.urls import report_url


def is_form_request() -> bool:
    """Whether the filter form sends this request; else a link of the page does."""
    return request.headers.get("HX-Source", "").startswith("form")


def current_view(report: Report) -> tuple[View, list[ParamError]]:
    """Parse the view in the browser's address bar; also return what is wrong with that address."""
    try:
        query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    except ValueError:  # no browser sends such an address
        query = ""
    return parse_view(report, parse_qsl(query))


def set_history_header(response: Response, view: View) -> None:
    """Push the view's address; replace the current one while only the search text goes on; else leave it alone."""
    shown, errors = current_view(view.report)
    if report_url(shown) == report_url(view) and not errors:
        return
    searches = shown.filters.get("q"), view.filters.get("q")
    is_typing = all(searches) and searches[0] != searches[1]
    same_otherwise = report_url(shown.without_filter("q")) == report_url(view.without_filter("q"))
    response.headers["HX-Replace-Url" if is_typing and same_otherwise else "HX-Push-Url"] = report_url(view)
