"""The addresses of views, customers and linked rows."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.reports import REPORTS
from app.table.definitions import Link, Report
from app.table.view import DEFAULT_SIZE, View, encode_query, need_no_quoting, quote_value

# Characters in the address of a view. gunicorn reads request lines of up to 8,190 bytes; a form adds to its view.
MAX_URL_LENGTH = 7500

# Filters that the link to another report keeps, in the order of its filters. Days mean End there, or Date.
_SHARED_FILTERS = ("customer", "name", "reseller", "period", "from", "to")

_CUSTOMERS = "/customers"


def report_url(view: View, ending: str = "", *more: tuple[str, str]) -> str:
    """Return the canonical address of a view.

    `ending` is ".csv", ".xlsx", "/rows", "/count" or "/summary". `more` are query pairs that aren't part of the view.
    """
    query = encode_query([*view.params(), *more]) if more else view.query_string
    return f"/reports/{view.report.slug}{ending}" + (f"?{query}" if query else "")


def summary_url(view: View) -> str:
    """Return the address of a view's summary, the same for every sort and page size."""
    return report_url(replace(view.first_page, sort=view.report.default_sort, size=DEFAULT_SIZE), "/summary")


def customer_url(keys: Mapping[str, str]) -> str:
    """Return the address of the page of the customer that these keys identify."""
    return f"{_CUSTOMERS}?{encode_query(list(keys.items()))}"


def link_maker(link: Link, by_ref: bool) -> Callable[[Sequence[Any], Iterable[Any]], Iterable[Any]]:
    """Return a function from a column's values, and the ids read beside them, to addresses; an empty value has none.

    With `by_ref` the id that was read beside a value identifies the customer. The id is None where the name belongs
    to no customer, and "" where the customer has no id: then the name identifies it.
    """
    path = f"/reports/{link.report}" if link.report else _CUSTOMERS
    by_key, by_name = f"{path}?{link.key}=", f"{path}?{link.name_key}="

    def url(name: str, id_: Any) -> str:
        if id_ is None:
            return ""
        return empty_if_too_long(by_key + quote_value(id_) if id_ else by_name + quote_value(name))

    def urls(values: Sequence[str], refs: Iterable[Any]) -> Iterable[str]:
        ids: Sequence[Any] = list(refs) if by_ref else [value or None for value in values]
        if need_no_quoting(ids):
            return [by_key + id_ for id_ in ids]
        return map(url, values, ids)

    return urls


def empty_if_too_long(url: str) -> str:
    """Return the URL, or "" when it is longer than the server reads."""
    return url if len(url) <= MAX_URL_LENGTH else ""


def other_reports(view: View) -> list[tuple[str, str]]:
    """Return title and address of each report, with the shared filters of this view; "" is the address of its own."""
    pairs = [(key, view.filters[key]) for key in _SHARED_FILTERS if key in view.filters]
    return [
        (report.title.removesuffix(" Report"), "" if report.slug == view.report.slug else _filtered_url(report, pairs))
        for report in REPORTS.values()
    ]


def _filtered_url(report: Report, pairs: Sequence[tuple[str, str]]) -> str:
    query = encode_query([(key, value) for key, value in pairs if key in report.filters_by_key])
    return f"/reports/{report.slug}" + (f"?{query}" if query else "")
