"""Pages stay flat: every stretch of every sort order is read from an index, never sorted and never scanned for."""

import pytest

from app.table import fetch
from app.table.rows import Rows
from app.table.scope import EVERYTHING
from app.table.statements import Statement
from models import database
from tests.table.test_rows import SORTS, sorted_view

UNINDEXED = {"status"}
"""Computed from today's date, so that no index can hold it; sorted anew for each page."""


def plan(statement: Statement) -> list[str]:
    params = [1] * len(statement.params)
    return [step[3] for step in database.execute_sql(f"EXPLAIN QUERY PLAN {statement.sql}", params).fetchall()]


@pytest.mark.parametrize("sort", [sort for sort in SORTS if sort[1] not in UNINDEXED], ids=str)
@pytest.mark.parametrize("behind", [False, True], ids=["first page", "deep page"])
@pytest.mark.usefixtures("app")
def test_a_page_is_read_from_an_index(sort: tuple[str, str, str, int], behind: bool) -> None:
    view = sorted_view(*sort)
    rows = Rows(view, EVERYTHING, view.level)
    for query in fetch._stretches(rows, view.descending, behind):
        sql, params = query.sql()
        for step in plan(Statement(sql, tuple(params))):
            assert "TEMP B-TREE" not in step
            assert "SCAN" not in step or (not behind and "USING" in step)
            assert "AUTOMATIC" not in step


@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.usefixtures("app")
def test_the_place_of_a_row_is_found_by_its_number(sort: tuple[str, str, str, int]) -> None:
    view = sorted_view(*sort)
    sql, params = fetch._position(Rows(view, EVERYTHING, view.level)).sql()
    assert all(step.startswith("SEARCH") for step in plan(Statement(sql, tuple(params))))
