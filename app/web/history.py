"""Which address a fragment leaves in the browser's history."""

from urllib.parse import parse_qsl, urlsplit

from flask import Response, request

from app.table.parse import parse
from app.table.view import View
from app.web.links import report_url


def remember(response: Response, view: View) -> None:
    """Push the view's address, replace the present one while only the search text goes on, or leave it unchanged."""
    present, complaints = parse(view.report, parse_qsl(_present_query()))
    if report_url(present) == report_url(view) and not complaints:
        return
    searches = present.filters.get("q"), view.filters.get("q")
    typing = all(searches) and searches[0] != searches[1]
    same = report_url(_without_search(present)) == report_url(_without_search(view))
    response.headers["HX-Replace-Url" if typing and same else "HX-Push-Url"] = report_url(view)


def _present_query() -> str:
    try:
        return urlsplit(request.headers.get("HX-Current-URL", "")).query
    except ValueError:  # no browser sends such an address
        return ""


def _without_search(view: View) -> View:
    return view.filtered({key: value for key, value in view.filters.items() if key != "q"})
