"""Addresses of views."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.reports import REPORTS
from app.table.definitions import Link, Report
from app.table.view import View, encode_query, need_no_quoting, quote_value

MakeCompanions = Callable[[Sequence[Any], Iterable[Any]], Iterable[Any]]
"""Makes what goes with the values of a column, of them and of what was read beside each."""

_SHARED_FILTERS = ("customer", "name", "reseller", "period", "from", "to")
"""What is kept on the way to another report, in the order of its filters. Days are of End there, or of Date."""

_CUSTOMERS = "/customers"


MAX_URL_LENGTH = 7500
"""Characters in the address of a view. The server reads request lines of up to 8,190 bytes; a form adds to its view."""


def report_url(view: View, ending: str = "", *more: tuple[str, str]) -> str:
    """The address of a view in its canonical form; `ending` is ".csv", ".xlsx", "/rows", "/count" or "/summary".

    `more` are keys that belong to what is at that address, and not to the view.
    """
    asked = encode_query([*view.params(), *more]) if more else view.query_string
    return f"/reports/{view.report.slug}{ending}" + (f"?{asked}" if asked else "")


def customer_url(keys: Mapping[str, str]) -> str:
    """The address of the page of the customer that is found by these keys."""
    return f"{_CUSTOMERS}?{encode_query(list(keys.items()))}"


def link_maker(link: Link, by_ref: bool) -> MakeCompanions:
    """What makes a column's values the addresses of their rows or pages; no value, no address.

    With `by_ref` they are found by what was read beside them: nothing is beside a name that is no customer's. What is
    longer than an address can be has none.
    """
    path = f"/reports/{link.report}" if link.report else _CUSTOMERS
    begins, named = f"{path}?{link.key}=", f"{path}?{link.name_key}="

    def by_value(value: str, _: Any) -> str:
        return url_if_fits(begins + quote_value(value)) if value else ""

    def by_id(name: str, ref: Any) -> str:
        return "" if ref is None else url_if_fits(begins + quote_value(ref) if ref else named + quote_value(name))

    def addresses(values: Sequence[str], refs: Iterable[Any]) -> Iterable[str]:
        ids = list(refs) if by_ref else values
        return (
            [begins + each for each in ids] if need_no_quoting(ids) else map(by_id if by_ref else by_value, values, ids)
        )

    return addresses


def url_if_fits(address: str) -> str:
    """The address, "" when the server wouldn't read one so long."""
    return address if len(address) <= MAX_URL_LENGTH else ""


def other_reports(view: View) -> list[tuple[str, str]]:
    """What all reports are called and where, for the same customer, reseller and days as far as they have such."""
    kept = [(key, view.filters[key]) for key in _SHARED_FILTERS if key in view.filters]
    return [
        (report.title.removesuffix(" Report"), _other_report_url(report, view, kept)) for report in REPORTS.values()
    ]


def _other_report_url(report: Report, view: View, kept: list[tuple[str, str]]) -> str:
    if report.slug == view.report.slug:
        return ""
    pairs = [pair for pair in kept if pair[0] in report.filters_by_key]
    return f"/reports/{report.slug}" + (f"?{encode_query(pairs)}" if pairs else "")
