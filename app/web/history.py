"""Which address a fragment leaves in the browser's history."""

from urllib.parse import parse_qsl, urlsplit

from flask import Response, request

from app.table.asked import Complaint
from app.table.parse import parse
from app.table.report import Report
from app.table.view import View
from app.web.links import report_url


def remember(response: Response, view: View) -> None:
    """Push the view's address, replace the present one while only the search text goes on, or leave it unchanged."""
    seen, complaints = present(view.report)
    if report_url(seen) == report_url(view) and not complaints:
        return
    searches = seen.filters.get("q"), view.filters.get("q")
    typing = all(searches) and searches[0] != searches[1]
    same = report_url(seen.without("q")) == report_url(view.without("q"))
    response.headers["HX-Replace-Url" if typing and same else "HX-Push-Url"] = report_url(view)


def present(report: Report) -> tuple[View, list[Complaint]]:
    """The view that the browser shows while it asks for a fragment, and what is wrong with its address."""
    try:
        query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    except ValueError:  # no browser sends such an address
        query = ""
    return parse(report, parse_qsl(query))
