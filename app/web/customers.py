"""A customer's page: the beginnings of the three reports, each a link to all of it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from app.reports import REPORTS
from app.reports.customer_page import SECTIONS, CustomerIdentity, Section, find_customers
from app.table.paging import read_page
from app.table.params import parse_view
from app.table.view import View
from app.web.errors import error_response
from app.web.reports.context import present_rows
from app.web.request_log import timed
from app.web.security import visitor
from app.web.urls import customer_url, report_url
from app.web.view_request import permitted_view, single_arg
from models import Import, read_transaction

_KEYS = ("customer", "name", "reseller")

blueprint = Blueprint("customers", __name__)


@blueprint.get("/customers")
def show() -> Answer | str:
    """The page of one customer; where several bear the name that is asked for, a choice of them."""
    keys = _asked()
    whole = {section: permitted_view(*parse_view(REPORTS[section.slug], keys.items())) for section in SECTIONS}
    with timed("query"), read_transaction():
        found = find_customers(keys, visitor().scope)
    if not found:
        return error_response(404, "There is no such customer.", [f"{key}: “{value}”" for key, value in keys.items()])
    unidentified = [each for each in found if not each.ref]
    chosen = unidentified if "reseller" in keys and unidentified else found
    if len(chosen) > 1:
        return render_template("customers/which.html", name=keys["name"], customers=chosen, url=customer_url)
    (customer,) = chosen
    if customer.ref and "name" in keys:
        return redirect(customer_url(customer.keys), 303)
    return _page(customer, whole)


def _asked() -> Mapping[str, str]:
    """What names the customer; the request ends with a 400 when nothing does, or too much."""
    keys = {key: value for key in _KEYS if (value := single_arg(key))}
    unknown = [key for key in request.args if key not in _KEYS]
    if unknown or keys.keys() not in ({"customer"}, {"name"}, {"name", "reseller"}):
        told = [f"{key}: “{request.args[key]}” names no customer." for key in unknown]
        right = "It takes customer=ID or, for one without an ID, name=NAME, with reseller=NAME where several bear it."
        abort(error_response(400, "This doesn't say which customer is meant.", [*told, right]))
    return keys


def _page(customer: CustomerIdentity, whole: Mapping[Section, View]) -> str:
    with timed("query"), read_transaction():
        sections = [_section(section, customer.keys, view) for section, view in whole.items()]
        shown = {"customer": customer, "sections": sections, "as_of": Import.last(), "url": report_url}
    with timed("render"):
        return render_template("customers/customer.html", **shown)


def _section(section: Section, keys: Mapping[str, str], view: View) -> dict[str, Any]:
    whole = view.with_filters(keys)
    short = section.of(whole)
    found = read_page(short, visitor().scope)
    # A customer without holdings has one nameless row.
    rows = [row._replace(expandable=False) for row in found.rows if row.values[0] != ""]
    lines = [line._replace(id=f"{section.slug}-{line.id}") for line in present_rows(rows, short)] if rows else []
    return {"section": section, "url": report_url(whole), "view": short, "rows": lines, "total": found.total}
