"""The addresses of views, customers and linked rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from werkzeug.routing import IntegerConverter, Map

from app.reports import REPORTS
from app.table.definitions import Filter, Link, Report
from app.table.params import MAX_VALUE_LENGTH
from app.table.view import DEFAULT_PAGE_SIZE, View, encode_query, quote_value

# Characters in the address of a view. gunicorn reads request lines of up to 8,190 bytes; a form adds to its view.
MAX_URL_LENGTH = 7500

# Filters that the link to another report keeps. A range of days is of End in one report, and of Date in another.
_SHARED_FILTERS = ("customer", "name", "reseller", "period", "from", "to")

_CUSTOMERS = "/customers"

MAX_ID = 999_999_999  # the largest id in an address: all numbers of nine digits fit into an integer of PostgreSQL


class IdConverter(IntegerConverter):
    """The part `<id:NAME>` of a route: the id of a row. A larger number than MAX_ID is a 404."""

    def __init__(self, map_: Map) -> None:
        super().__init__(map_, max=MAX_ID)


def report_url(view: View, ending: str = "", *more: tuple[str, str]) -> str:
    """Return the canonical address of a view.

    `ending` is ".csv", ".xlsx", "/rows", "/count", "/totals" or "/summary". `more` are query pairs that aren't part of
    the view.
    """
    query = encode_query([*view.params(), *more]) if more else view.query_string
    return _with_query(f"/reports/{view.report.slug}{ending}", query)


def _with_query(path: str, query: str) -> str:
    return f"{path}?{query}" if query else path


def summary_url(view: View) -> str:
    """Return the address of a view's summary, the same for every sort and page size."""
    return report_url(
        replace(view.closed_first_page, sort=view.report.default_sort, size=DEFAULT_PAGE_SIZE), "/summary"
    )


def customer_url(keys: Mapping[str, str]) -> str:
    """Return the address of the page of the customer that these keys identify, "" when no address takes them."""
    return f"{_CUSTOMERS}?{encode_query(keys.items())}" if _fit(keys.values()) else ""


def link_maker(link: Link, by_id: bool) -> Callable[[Sequence[Any], Iterable[Any]], Iterable[str]]:
    """Return a function: (a column's values, their companions) → the addresses to which they link, "" for none.

    With `by_id` the companion is the id of the customer whose name the value is: None where the name belongs to no
    customer, "" where the customer has no id, so that the name identifies it.
    """
    path = f"/reports/{link.report}" if link.report else _CUSTOMERS

    def url(key: str, value: str) -> str:
        return f"{path}?{key}={quote_value(value)}" if value and len(value) <= MAX_VALUE_LENGTH else ""

    def url_of_customer(name: str, id_: str | None) -> str:
        if id_ is None:
            return ""
        return url(link.key, id_) if id_ else url(link.name_key, name)

    return partial(map, url_of_customer) if by_id else lambda values, _: [url(link.key, value) for value in values]


def filtered_url(view: View) -> str:
    """Return the address of a view whose filters are values of rows, "" when no address takes them."""
    url = report_url(view)
    is_taken = len(url) <= MAX_URL_LENGTH and all(_takes(filter_, value) for filter_, value in view.active_filters)
    return url if is_taken else ""


def narrowed_url(view: View, filters: Mapping[str, str]) -> str:
    """Return the address of a view with more filters, "" when no address takes them or one has no value."""
    return filtered_url(view.narrowed_by(filters)) if all(filters.values()) else ""


def _takes(filter_: Filter, value: str) -> bool:
    """Return whether a filter takes a value of a row. It doesn't take a day before 1900."""
    try:
        return _fit([value]) and filter_.parse(value) == value
    except ValueError:
        return False


def _fit(values: Iterable[str]) -> bool:
    """Return whether filters take these values."""
    return all(len(value) <= MAX_VALUE_LENGTH for value in values)


def other_reports(view: View) -> list[tuple[str, str]]:
    """Return title and address of each report, with the shared filters of this view; "" is the address of its own."""
    pairs = [(key, view.filters[key]) for key in _SHARED_FILTERS if key in view.filters]
    return [
        (report.short_title, "" if report.slug == view.report.slug else _url_with(report, pairs))
        for report in REPORTS.values()
    ]


def _url_with(report: Report, pairs: Sequence[tuple[str, str]]) -> str:
    """Return the address of a report with those of the filters that it has."""
    query = encode_query([(key, value) for key, value in pairs if key in report.filters_by_key])
    return _with_query(f"/reports/{report.slug}", query)
