"""Random views with open rows, on both databases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.databases import each_database as database_url
from tests.strategies import Query, examples, queries
from tests.web.test_whole import check_open_rows

__all__ = ["database_url"]


@pytest.mark.slow_trial
@pytest.mark.usefixtures("edge_cases")
@examples(30)
@given(queries("customer-usage"), st.data())
def test_random_open_rows(query: Query, data: st.DataObject) -> None:
    check_open_rows(query, data)
