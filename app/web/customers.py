"""A customer's page: the beginnings of the three reports, each a link to all of it."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response as Answer

from app.reports import REPORTS
from app.reports.customer import SECTIONS, Identity, Section, customers
from app.table.page import page
from app.table.parse import parse
from app.table.view import View
from app.web.asked import allowed, only
from app.web.errors import problem
from app.web.gate import visitor
from app.web.links import customer_url, report_url
from app.web.table import presented
from app.web.timing import timed
from models import Load, reading

_KEYS = ("customer", "name", "reseller")

blueprint = Blueprint("customers", __name__)


@blueprint.get("/customers")
def show() -> Answer | str:
    """The page of one customer; where several bear the name that is asked for, a choice of them."""
    keys = _asked()
    whole = {section: allowed(*parse(REPORTS[section.slug], keys.items())) for section in SECTIONS}
    with timed("query"), reading():
        found = customers(keys, visitor().scope)
    if not found:
        return problem(404, "There is no such customer.", [f"{key}: “{value}”" for key, value in keys.items()])
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
    keys = {key: value for key in _KEYS if (value := only(key))}
    unknown = [key for key in request.args if key not in _KEYS]
    if unknown or keys.keys() not in ({"customer"}, {"name"}, {"name", "reseller"}):
        told = [f"{key}: “{request.args[key]}” names no customer." for key in unknown]
        right = "It takes customer=ID or, for one without an ID, name=NAME, with reseller=NAME where several bear it."
        abort(problem(400, "This doesn't say which customer is meant.", [*told, right]))
    return keys


def _page(customer: Identity, whole: Mapping[Section, View]) -> str:
    with timed("query"), reading():
        sections = [_section(section, customer.keys, view) for section, view in whole.items()]
        shown = {"customer": customer, "sections": sections, "as_of": Load.last(), "url": report_url}
    with timed("render"):
        return render_template("customers/customer.html", **shown)


def _section(section: Section, keys: Mapping[str, str], view: View) -> dict[str, Any]:
    whole = view.filtered(keys)
    short = section.of(whole)
    found = page(short, visitor().scope)
    rows = [row._replace(opens=False) for row in found.rows if row.values[0] != ""]  # the nameless row of no holdings
    lines = [line._replace(id=f"{section.slug}-{line.id}") for line in presented(rows, short)] if rows else []
    return {"section": section, "url": report_url(whole), "view": short, "rows": lines, "total": found.total}
