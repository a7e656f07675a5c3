"""Chosen rows that lie far off in an order are found without walking there, and a walk that ends is no failure."""

import pytest
from peewee import OperationalError, ProgrammingError

from app.table import counting, fetch
from app.table.page import page
from app.table.scope import EVERYTHING
from models import GaveUp, database, sqlite
from tests.databases import is_server
from tests.support import view_of

pytestmark = pytest.mark.usefixtures("nasty")

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000) SELECT {} FROM n"


@pytest.mark.parametrize("found", ["max(i)", "i"], ids=["nothing", "something"])
def test_what_has_much_to_read_is_given_up_and_the_next_is_not(found: str) -> None:
    with pytest.raises(GaveUp), database.hurrying():
        database.execute_sql(LONG.format(found)).fetchall()
    with database.hurrying():
        assert database.execute_sql("SELECT 1").fetchone() == (1,)
    assert database.execute_sql(LONG.format("max(i)").replace("5000000", "300000")).fetchone() == (300_000,), (
        "nothing hurries any more"
    )


def test_what_is_soon_read_is_never_given_up_however_often_it_is_asked_for() -> None:
    for _ in range(50):
        with database.hurrying():
            assert database.execute_sql(LONG.format("max(i)").replace("5000000", "300")).fetchone() == (300,)


def test_another_failure_stays_what_it_is() -> None:
    with pytest.raises((OperationalError, ProgrammingError)), database.hurrying():
        database.execute_sql("SELECT nothing FROM nowhere").fetchall()


def test_a_walk_in_vain_finds_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of("customer-transactions", [("q", "a"), ("sort", "cost")])
    expected = page(view, EVERYTHING)
    walks = []
    fetched = fetch._fetched

    def seen(rows: fetch.Rows, *rest: object) -> list[fetch.Row]:
        walks.append(rows.few)
        return fetched(rows, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(fetch, "_fetched", seen)
    monkeypatch.setattr(counting, "FEW", -1)
    monkeypatch.setattr(sqlite, "_STEPS", 1)
    assert page(view, EVERYTHING) == expected
    assert walks == ([False] if is_server(database) else [False, True])


def test_a_walk_may_be_given_up_after_any_row(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of("customer-transactions", [("q", "a"), ("sort", "cost")])
    expected = page(view, EVERYTHING)
    monkeypatch.setattr(counting, "FEW", -1)
    for steps in range(10, 1000, 30):
        monkeypatch.setattr(sqlite, "_STEPS", steps)
        assert page(view, EVERYTHING) == expected, steps
