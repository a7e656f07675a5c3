"""The page of a customer: sums, and the first rows of each report, with links to the rows behind them."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from app.reports import REPORTS
from app.reports.customer_page import SECTIONS, SUMS, CustomerIdentity, CustomerSum, Section, find_customers
from app.table.definitions import empty_if_blank
from app.table.kinds import INTEGER
from app.table.paging import count_view, read_page
from app.table.totals import summarize
from app.table.view import View
from app.web.errors import error_response
from app.web.reports.rows import present_rows
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import customer_url, filtered_url
from app.web.view_request import permitted_view, single_arg
from models import Import, read_transaction

_KEYS = ("customer", "name", "reseller")

blueprint = Blueprint("customers", __name__)


@blueprint.get("/customers")
def show() -> BaseResponse | str:
    """Show the customer with this id or name. List the customers when several have the name."""
    keys = _customer_keys()
    views = {section: permitted_view(REPORTS[section.slug], keys.items()) for section in SECTIONS}
    with timed("query"), read_transaction():
        customers = find_customers(keys, visitor().scope)
        if "reseller" in keys:  # which identifies a customer without an id
            customers = [customer for customer in customers if not customer.ref] or customers
        if len(customers) == 1:
            customer = customers[0]
            canonical = {key: value for key, value in customer.keys.items() if customer.ref or key in keys}
            context = _customer_context(customer, views)
    if not customers:
        details = [f"{key}: “{value}”" for key, value in keys.items()]
        return error_response(404, "There is no such customer.", details)
    if len(customers) > 1:
        return render_template("customers/which.html", name=next(iter(keys.values())), customers=customers)
    if canonical != keys and (url := customer_url(canonical)):
        return redirect(url, 303)
    with timed("render"):
        return render_template("customers/customer.html", **context)


def _customer_keys() -> Mapping[str, str]:
    """Return the parameters that identify the customer: id, name, or name and reseller. Anything else is a 400."""
    keys = {key: value for key in _KEYS if (value := empty_if_blank(single_arg(key)))}
    unknown = [f"{key}: “{value}” names no customer." for key, value in request.args.items() if key not in _KEYS]
    if unknown or keys.keys() not in ({"customer"}, {"name"}, {"name", "reseller"}):
        usage = "It takes customer=ID or, for one without an ID, name=NAME, with reseller=NAME where several bear it."
        abort(error_response(400, "This doesn't say which customer is meant.", [*unknown, usage]))
    return keys


def _customer_context(customer: CustomerIdentity, views: Mapping[Section, View]) -> dict[str, Any]:
    whole = {section.slug: view.with_filters(customer.keys) for section, view in views.items()}
    sections = [_section_context(section, whole[section.slug]) for section in SECTIONS]
    sums = [(sum_.label, *_sum(sum_, whole[sum_.slug])) for sum_ in SUMS if sum_.is_part_of(whole[sum_.slug].report)]
    return {"customer": customer, "sums": sums, "sections": sections, "as_of": Import.last()}


def _section_context(section: Section, all_rows: View) -> dict[str, Any]:
    """Read the first rows of `all_rows`, the customer's view of one report."""
    view = section.of(all_rows)
    page = read_page(view, visitor().scope)
    # A customer without inventory has one nameless row. Rows don't open here.
    rows = [row._replace(expandable=False) for row in page.rows if row.values[0] != ""]
    lines = [line._replace(id=f"{section.slug}-{line.id}") for line in present_rows(rows, view)]
    return {"section": section, "url": filtered_url(all_rows), "view": view, "rows": lines, "total": page.total}


def _sum(sum_: CustomerSum, view: View) -> tuple[str, str]:
    """Return the sum as the foot of the report's table shows it, and the address of that table."""
    scope, view = visitor().scope, view.with_filters({**view.filters, **sum_.filters})
    if not sum_.column:
        return INTEGER.show(count_view(view, scope)), filtered_url(view)
    index = view.report.summary.measures.index(sum_.column)
    number = sum(group.sums[index] for group in summarize(view.report.summary, view, scope))
    return view.report.columns_by_key[sum_.column].kind.show(number), filtered_url(view)
