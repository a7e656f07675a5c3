"""Random views on both databases, and all orders of real files."""

from dataclasses import replace
from datetime import date
from itertools import groupby

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from app.reports import REPORTS
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from tests import oracle
from tests.databases import each_database as database_url
from tests.strategies import days, engine_strategies, forced, queries
from tests.support import CCADB, CCADB_FILES, csv_rows, load, view_of
from tests.table.test_files import check_files
from tests.table.test_rows import SORTS, cells, check, pages, sorted_view
from tests.trials.conftest import Trial

__all__ = ["database_url"]


@pytest.mark.slow_trial
@pytest.mark.parametrize("slug", REPORTS)
@pytest.mark.usefixtures("edge_cases")
def test_random_views(slug: str, trial: Trial) -> None:
    """Pages and files have the rows of their view, whichever view, on any day, by any strategy of the engine."""
    views = trial.rounds(300, 20)

    @settings(max_examples=views)
    @given(data=st.data(), size=st.integers(1, 5), today=days, strategy=engine_strategies)
    def check_random(data: st.DataObject, size: int, today: date, strategy: str) -> None:
        view = view_of(slug, data.draw(queries(slug)))
        with forced(strategy):
            check(replace(view, size=size, today=today))
            check_files(replace(view, size=200))

    check_random()
    trial.tell(f"{views:,} views of {REPORTS[slug].title}", "0 rows that differ")


@pytest.mark.slow_trial
@pytest.mark.skipif(not CCADB.exists(), reason=f"needs the real files in {CCADB}")
def test_orders_of_real_rows(trial: Trial, app: Flask) -> None:
    """Ten thousand real rows are the same on pages and in files, in every order."""
    for slug, file in CCADB_FILES.items():
        load(slug, CCADB / file)
    for _, sorts in groupby(SORTS, lambda sort: (sort[0], sort[3])):
        views = [replace(sorted_view(*sort), size=200) for sort in sorts]
        records = oracle.matching(views[0])  # the same for all of these views, in other orders
        for record in records:
            record["values"] = tuple(record[column.key] for column in views[0].columns)
            record["cells"] = cells(views[0], record)
        for view in views:
            right = oracle.in_order(view, records)
            found = [tuple(row.values) for page in pages(view, True) for row in page.rows]
            assert found == [record["values"] for record in right], view
            assert csv_rows(b"".join(csv_chunks(view, WHOLE_PARTNER)))[1:] == [record["cells"] for record in right]
    trial.tell(f"{len(SORTS)} orders", "0 rows out of place")
