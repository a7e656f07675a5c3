"""Pages, counts, files, expanded rows and options hold only rows of the scope."""

import pytest

from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.paging import read_children, read_page
from app.table.scope import WHOLE_PARTNER, Scope
from app.table.view import View
from models import CustomerUsage, Reseller
from tests.databases import on_both
from tests.support import csv_rows, view_of

pytestmark = pytest.mark.usefixtures("edge_cases")


@pytest.fixture
def zebra(app: object) -> Scope:
    return Scope(Reseller.get(name="Zebra Resale").id)


def everything(slug: str) -> View:
    return view_of(slug, [("columns", column.key) for column in REPORTS[slug].columns])


@on_both
@pytest.mark.parametrize("slug", REPORTS)
def test_scope_limits_pages_counts_and_files(slug: str, request: pytest.FixtureRequest) -> None:
    zebra = request.getfixturevalue("zebra")
    view = everything(slug)
    found = read_page(view, zebra)
    names = [column.key for column in view.columns]
    assert found.rows
    assert {row.values[names.index("reseller")] for row in found.rows} == {"Zebra Resale"}
    assert found.total == len(found.rows) == len(csv_rows(b"".join(csv_chunks(view, zebra)))) - 1
    assert found.total < read_page(view, WHOLE_PARTNER).total


@on_both
def test_foreign_row_is_not_found(request: pytest.FixtureRequest) -> None:
    zebra = request.getfixturevalue("zebra")
    view = view_of("customer-usage", [])
    theirs = CustomerUsage.reseller != zebra.reseller_id
    foreign = CustomerUsage.select().where(theirs & (CustomerUsage.parts > 0)).get()
    assert read_children(view, WHOLE_PARTNER, (foreign.customer_id,))
    assert read_children(view, zebra, (foreign.customer_id,)) is None
    assert read_children(view, zebra, (999,)) is None


@pytest.mark.parametrize("name", [None, "Zebra Resale"])
def test_scope_is_looked_up_in_the_transaction_of_its_rows(name: str | None) -> None:
    with pytest.raises(RuntimeError):
        Scope.for_reseller(name)


@on_both
@pytest.mark.parametrize("slug", REPORTS)
def test_options_occur_in_the_scope(slug: str, request: pytest.FixtureRequest) -> None:
    zebra = request.getfixturevalue("zebra")
    for each in REPORTS[slug].filters:
        if each.options and each.key not in ("action", "period", "status", "usage"):
            for name, _ in each.options(REPORTS[slug].base_table, zebra):
                own = name == "-" or read_page(view_of(slug, [(each.key, name)]), zebra).rows
                assert own, f"{each.key}={name} leads to nothing"
