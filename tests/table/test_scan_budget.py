"""A scan that exceeds its budget is interrupted, and its rows are read by sorting."""

import pytest
from peewee import OperationalError, ProgrammingError

from app.table import counts, rows
from app.table.paging import read_page
from app.table.query import RowQuery
from app.table.rows import Row
from app.table.scope import WHOLE_PARTNER
from models import QueryBudgetExceeded, reports_db, sqlite
from tests.databases import each_database as database_url
from tests.databases import is_server
from tests.support import view_of

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("edge_cases")

LONG = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000000) SELECT {} FROM n"


@pytest.mark.parametrize("found", ["max(i)", "i"], ids=["nothing", "something"])
def test_query_over_budget_is_interrupted(found: str) -> None:
    with pytest.raises(QueryBudgetExceeded), reports_db.query_budget():
        reports_db.execute_sql(LONG.format(found)).fetchall()
    with reports_db.query_budget():
        assert reports_db.execute_sql("SELECT 1").fetchone() == (1,)
    assert reports_db.execute_sql(LONG.format("max(i)").replace("5000000", "300000")).fetchone() == (300_000,), (
        "no budget is left behind"
    )


def test_short_query_is_never_interrupted() -> None:
    for _ in range(50):
        with reports_db.query_budget():
            assert reports_db.execute_sql(LONG.format("max(i)").replace("5000000", "300")).fetchone() == (300,)


def test_other_database_errors_pass_through() -> None:
    with pytest.raises((OperationalError, ProgrammingError)), reports_db.query_budget():
        reports_db.execute_sql("SELECT nothing FROM nowhere").fetchall()


def test_scan_over_budget_falls_back_to_sorting(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of("customer-transactions", [("q", "a"), ("sort", "cost")])
    expected = read_page(view, WHOLE_PARTNER)
    attempts = []
    fetched = rows._fetch_segments

    def recorded(query: RowQuery, *rest: object) -> list[Row]:
        attempts.append(query.sort_matches)
        return fetched(query, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(rows, "_fetch_segments", recorded)
    monkeypatch.setattr(counts, "SORT_LIMIT", -1)
    monkeypatch.setattr(sqlite, "_INSTRUCTIONS_PER_CHECK", 1)
    assert read_page(view, WHOLE_PARTNER) == expected
    assert attempts == ([False] if is_server(reports_db) else [False, True])


def test_any_budget_reads_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of("customer-transactions", [("q", "a"), ("sort", "cost")])
    expected = read_page(view, WHOLE_PARTNER)
    monkeypatch.setattr(counts, "SORT_LIMIT", -1)
    for steps in range(10, 1000, 30):
        monkeypatch.setattr(sqlite, "_INSTRUCTIONS_PER_CHECK", steps)
        assert read_page(view, WHOLE_PARTNER) == expected, steps
