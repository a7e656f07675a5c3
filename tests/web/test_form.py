"""The filter form of a report: a period against a range of days, and the buttons that change a view."""

import pytest

from app.reports import REPORTS
from app.web.reports.form import parse_submission

SUBSCRIPTIONS, TRANSACTIONS, USAGE = REPORTS.values()
DAYS = [("from", "2026-01-01"), ("to", "2026-01-31")]


@pytest.mark.parametrize(
    ("was", "period", "filters"),
    [
        ("", "today", {"period": "today"}),  # the period is new
        ("last-month", "today", {"period": "today"}),
        ("today", "today", dict(DAYS)),  # the days are new
        ("today", "", dict(DAYS)),
        ("", "", dict(DAYS)),
    ],
)
def test_newer_of_period_and_days_wins(was: str, period: str, filters: dict[str, str]) -> None:
    submission = parse_submission(TRANSACTIONS, [("was", was), ("period", period), *DAYS])
    assert (submission.view.filters, submission.errors) == (filters, [])
    assert submission.is_form
    assert not submission.has_button


def test_one_new_day_replaces_the_period() -> None:
    for day in DAYS:
        submission = parse_submission(SUBSCRIPTIONS, [("was", "today"), ("period", "today"), day])
        assert (submission.view.filters, submission.errors) == (dict([day]), [])


def test_period_stays_without_days() -> None:
    submission = parse_submission(TRANSACTIONS, [("was", "today"), ("period", "today"), ("from", ""), ("to", "")])
    assert (submission.view.filters, submission.errors) == ({"period": "today"}, [])


def test_link_is_no_form_and_refuses_period_with_days() -> None:
    submission = parse_submission(TRANSACTIONS, [("period", "today"), *DAYS])
    assert not submission.is_form
    assert submission.errors


def test_was_needs_a_report_with_periods_and_one_value() -> None:
    for report, pairs in ((USAGE, [("was", "today")]), (TRANSACTIONS, [("was", "today"), ("was", "today")])):
        submission = parse_submission(report, pairs)
        assert not submission.is_form
        assert {error.key for error in submission.errors} == {"was"}


def test_toggle_opens_and_closes_a_row() -> None:
    opened = parse_submission(USAGE, [("toggle", "17")])
    assert (opened.view.open_rows, opened.errors, opened.has_button) == (((17,),), [], True)
    closed = parse_submission(USAGE, [("open", "17"), ("open", "17.3"), ("toggle", "17")])
    assert (closed.view.open_rows, closed.errors) == ((), [])


@pytest.mark.parametrize("value", ["x", "-1", "17.", "1.2.3", "all", "1" * 40])
def test_wrong_toggle_is_an_error(value: str) -> None:
    submission = parse_submission(USAGE, [("toggle", value)])
    assert [str(error) for error in submission.errors] == [
        f"toggle: “{value}” is not a row that opens; rows are named like 17 or 17.3"
    ]


def test_flat_report_has_no_rows_to_toggle() -> None:
    assert [error.key for error in parse_submission(TRANSACTIONS, [("toggle", "17")]).errors] == ["toggle"]


def test_move_changes_the_order_of_columns() -> None:
    pairs = [("columns", key) for key in ("customer", "cost", "date")]
    for value, keys in (
        ("date:up", ["customer", "date", "cost"]),
        ("cost:down", ["customer", "date", "cost"]),
    ):
        submission = parse_submission(TRANSACTIONS, [*pairs, ("move", value)])
        assert ([column.key for column in submission.view.columns], submission.errors) == (keys, [])
        assert submission.has_button


@pytest.mark.parametrize("value", ["cost", "cost:", "cost:left", "price:up", ":up", "cost:up:up", "cost:UP"])
def test_wrong_move_is_an_error(value: str) -> None:
    submission = parse_submission(TRANSACTIONS, [("move", value)])
    assert [str(error) for error in submission.errors] == [
        f"move: “{value}” is not a move of a column; it must look like cost:up or cost:down"
    ]


@pytest.mark.parametrize(
    "buttons",
    [
        [("toggle", "1"), ("toggle", "2")],
        [("toggle", "1"), ("move", "used:up")],
        [("move", "used:up"), ("move", "used:up")],
    ],
)
def test_second_button_is_an_error(buttons: list[tuple[str, str]]) -> None:
    submission = parse_submission(USAGE, buttons)
    key, value = buttons[1]
    assert [str(error) for error in submission.errors] == [f"{key}: “{value}” is a second change; make one at a time"]


def test_empty_button_is_no_button() -> None:
    submission = parse_submission(USAGE, [("toggle", ""), ("move", "")])
    assert (submission.errors, submission.has_button) == ([], False)
