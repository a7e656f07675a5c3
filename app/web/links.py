"""Addresses of views."""

from app.table.view import View


def report_url(view: View, ending: str = "") -> str:
    """The address of a view in its canonical form; `ending` is ".csv", "/rows" or "/count"."""
    query = view.query()
    return f"/reports/{view.report.slug}{ending}" + (f"?{query}" if query else "")
