"""The note beside a subscription's end, and its status."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.reports.subscriptions import SOON_DAYS, STATUSES, end_distance
from app.table.paging import read_page
from app.table.scope import WHOLE_PARTNER
from tests.strategies import examples
from tests.support import view_of

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (-91, "ended"), (-90, "ended 90 days ago"), (-3, "ended 3 days ago"), (-2, "ended 2 days ago"),
        (-1, "ended yesterday"), (0, "today"), (1, "tomorrow"), (2, "in 2 days"), (12, "in 12 days"),
        (90, "in 90 days"), (91, ""), (100_000, ""), (-100_000, "ended"),
    ],
)  # fmt: skip
def test_end_distance(days: int, words: str) -> None:
    assert end_distance(str(TODAY + timedelta(days)), TODAY) == words


@examples(50)
@given(today=st.dates(date(1, 6, 1), date(9999, 6, 1)), days=st.integers(-SOON_DAYS, SOON_DAYS))
def test_end_distance_names_the_days(today: date, days: int) -> None:
    words = end_distance(str(today + timedelta(days)), today)
    assert words.startswith("ended ") == (days < 0)
    assert abs(days) < 2 or str(abs(days)) in words.split()


@pytest.mark.usefixtures("edge_cases")
def test_each_subscription_has_one_status() -> None:
    columns = [("columns", "subscription_id"), ("columns", "status")]
    by_id = {}
    for status in STATUSES:
        rows = read_page(view_of("customer-subscriptions", [*columns, ("status", status)]), WHOLE_PARTNER).rows
        assert {row.values[1] for row in rows} == {status}
        by_id |= {row.values[0]: status for row in rows}
    everything = read_page(view_of("customer-subscriptions", columns), WHOLE_PARTNER).rows
    assert by_id == {row.values[0]: row.values[1] for row in everything}
