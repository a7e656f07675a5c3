"""A new report is one declaration of at most 60 lines."""

import inspect
import sys
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from peewee import fn

from app.reports import REPORTS
from app.table.definitions import Column, Level, Report
from app.table.kinds import INTEGER, TEXT
from app.table.paging import read_page
from app.table.scope import Scope
from models import CertificateType, Customer, Reseller
from tests.databases import on_both
from tests.support import csv_rows, table_rows, view_of
from tests.table.test_rows import check

# --- the declaration: resellers with their customers counted
CUSTOMERS = Customer.select(fn.COUNT(Customer.id)).where(Customer.reseller == Reseller.id)
REPORT = Report(
    slug="resellers",
    title="Resellers Report",
    description="Which reseller has how many customers",
    levels=(Level(Reseller, tiebreaker="name"),),
    columns=(
        Column("reseller", "Reseller", Reseller.name, TEXT),
        Column("customers", "Customers", CUSTOMERS, INTEGER),
    ),
    filters=(),
    default_sort="-customers",
)
# --- the end of it


@pytest.fixture(autouse=True)
def declared(monkeypatch: pytest.MonkeyPatch, edge_cases: None) -> None:
    monkeypatch.setitem(REPORTS, REPORT.slug, REPORT)


def test_declaration_has_at_most_sixty_lines() -> None:
    lines = inspect.getsource(sys.modules[__name__]).splitlines()
    begin, end = (
        next(i for i, line in enumerate(lines) if line.startswith(f"# --- the {word}")) for word in ("dec", "end")
    )
    assert end - begin < 60


@pytest.mark.parametrize("sort", ["reseller", "-reseller", "customers", "-customers"])
def test_fourth_report_in_every_order(sort: str) -> None:
    check(replace(view_of("resellers", [("sort", sort)]), size=2))


def test_fourth_report_has_page_chooser_and_csv(client: FlaskClient) -> None:
    shown = client.get("/reports/resellers").text
    assert table_rows(shown) == [["North, Ltd", "3"], ["", "3"], ["Zebra Resale", "2"], ["@home", "1"]]
    assert 'name="columns" value="customers"' in shown
    assert 'value="resellers"' in client.get("/reports").text
    assert csv_rows(client.get("/reports/resellers.csv?columns=customers").data) == [
        ["Customers"],
        ["3"],
        ["3"],
        ["2"],
        ["1"],
    ]


@on_both
def test_fourth_report_is_scoped() -> None:
    only = Reseller.get(name="Zebra Resale").id
    assert [row.values[0] for row in read_page(view_of("resellers", []), Scope(only)).rows] == ["Zebra Resale"]


def test_report_without_reseller_is_refused() -> None:
    with pytest.raises(TypeError, match="CertificateType can't be scoped"):
        replace(REPORT, levels=(Level(CertificateType, tiebreaker="name"),))
