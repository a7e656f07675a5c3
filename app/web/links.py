"""Addresses of views."""

from collections.abc import Callable

from app.reports import REPORTS
from app.table.address import query, quoted
from app.table.report import Link, Report
from app.table.view import View

_KEPT = ("customer", "reseller", "period", "from", "to")
"""What is kept on the way to another report, in the order of its filters. Days are of End there, or of Date."""


LONGEST_ADDRESS = 7500
"""Characters in the address of a view. The server reads request lines of up to 8,190 bytes; a form adds to its view."""


def report_url(view: View, ending: str = "", *more: tuple[str, str]) -> str:
    """The address of a view in its canonical form; `ending` is ".csv", ".xlsx", "/rows" or "/count".

    `more` are keys that belong to what is at that address, and not to the view.
    """
    asked = query([*view.params(), *more])
    return f"/reports/{view.report.slug}{ending}" + (f"?{asked}" if asked else "")


def links_to(view: View, link: Link) -> Callable[[str], str]:
    """What makes a value the address of its rows; no value, no address."""
    begins = f"/reports/{link.report or view.report.slug}?{link.key}="
    return lambda value: begins + quoted(value) if value else ""


def others(view: View) -> list[tuple[str, str]]:
    """What all reports are called and where, for the same customer, reseller and days as far as they have such."""
    kept = [(key, view.filters[key]) for key in _KEPT if key in view.filters]
    return [(report.title.removesuffix(" Report"), _other(report, view, kept)) for report in REPORTS.values()]


def _other(report: Report, view: View, kept: list[tuple[str, str]]) -> str:
    if report.slug == view.report.slug:
        return ""
    pairs = [pair for pair in kept if pair[0] in report.filter_by_key]
    return f"/reports/{report.slug}" + (f"?{query(pairs)}" if pairs else "")
