"""Relative filters are resolved for the day of the request."""

from dataclasses import replace
from datetime import date

import pytest

from app.table.paging import read_page
from app.table.scope import WHOLE_PARTNER
from app.table.view import View
from tests.databases import on_both
from tests.support import view_of
from tests.table.test_rows import check

TRANSACTIONS = "customer-transactions"


def on(view: View, day: str) -> View:
    return replace(view, today=date.fromisoformat(day))


@pytest.mark.parametrize(
    ("slug", "query", "totals"),
    [
        (TRANSACTIONS, ("period", "today"), {"2025-05-05": 3, "2025-06-01": 1, "2025-06-02": 0, "2026-02-28": 1}),
        (TRANSACTIONS, ("period", "last-month"), {"2024-03-31": 2, "2024-04-01": 1, "2024-05-01": 0}),
        ("customer-subscriptions", ("status", "Ended"), {"2000-01-01": 0, "2021-01-01": 0,
                                                         "2021-01-02": 1, "3000-01-01": 6}),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("edge_cases", "query_plan")
def test_cached_counts_depend_on_the_day(slug: str, query: tuple[str, str], totals: dict[str, int]) -> None:
    view = view_of(slug, [query])
    for _ in range(2):
        for day, total in totals.items():
            assert read_page(on(view, day), WHOLE_PARTNER).total == total, day
            check(on(view, day))


@on_both
@pytest.mark.usefixtures("edge_cases")
def test_cursor_is_valid_tomorrow() -> None:
    view = replace(view_of(TRANSACTIONS, [("period", "last-90-days")]), size=1)
    today = read_page(on(view, "2025-06-01"), WHOLE_PARTNER).next
    assert today
    tomorrow = on(today, "2025-06-02")
    assert tomorrow.query_string == today.query_string
    assert "period=last-90-days" in tomorrow.query_string
    assert tomorrow.cursor_context == today.cursor_context
    assert read_page(tomorrow, WHOLE_PARTNER).rows == read_page(today, WHOLE_PARTNER).rows
