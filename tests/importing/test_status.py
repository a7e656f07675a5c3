"""Whether a subscription is cancelled, as its transactions, its own file and complete files say."""

import pytest

from models import NEVER, NEVER_AT, Import, Subscription, today
from tests.databases import on_both
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, dump, faults_of, file, load, plan_of, values

CANCELLED = {"Status": "Cancelled"}


def cancelled_on() -> list[str]:
    return values(Subscription.cancelled_on)


def test_cancelled_by_its_file() -> None:
    load(SUBSCRIPTIONS, CANCELLED)
    assert values(Subscription.cancelled_on, Subscription.file_cancelled_at) == [("2026-03-04", "2026-03-04 05:06:07")]
    assert load(SUBSCRIPTIONS, CANCELLED).unchanged == 1


@on_both
@pytest.mark.parametrize("transactions_first", [True, False])
@pytest.mark.parametrize(("renewed", "day"), [("2026-03-04 05:06:06", "2026-03-04"), ("2026-03-04 05:06:07", NEVER)])
def test_a_later_renew_takes_it_back(renewed: str, day: str, transactions_first: bool) -> None:
    files = [(SUBSCRIPTIONS, CANCELLED), (TRANSACTIONS, {"Action": "Renew", "Date": renewed})]
    for slug, row in reversed(files) if transactions_first else files:
        load(slug, row)
    assert cancelled_on() == [day]


@pytest.mark.parametrize(
    ("status", "day"), [("Active", NEVER), ("Ended", NEVER), ("", "2026-03-04"), ("cancelled", "2026-03-04")]
)
def test_a_later_file(status: str, day: str) -> None:
    load(SUBSCRIPTIONS, CANCELLED)
    load(SUBSCRIPTIONS, {"Status": status})
    assert cancelled_on() == [day]


def test_a_file_without_status_leaves_it() -> None:
    load(SUBSCRIPTIONS, CANCELLED)
    assert load(SUBSCRIPTIONS, {"Cost": "1.00"}).updated == 1
    assert cancelled_on() == ["2026-03-04"]


def test_without_a_date_it_is_cancelled_now_and_stays_so() -> None:
    content = b"Customer,Subscription ID,Status\nAcme,S-1,Cancelled\n"
    for _ in range(2):
        summary = plan_of("", content, dry_run=False).summary
        assert cancelled_on() == [str(today())]
    assert summary.unchanged == 1


def test_a_date_in_the_future_counts_as_now() -> None:
    load(SUBSCRIPTIONS, CANCELLED | {"Last modified date": "2999-01-01"})
    assert cancelled_on() == [str(today())]


def test_a_cancel_in_the_future_cancels_then() -> None:
    load(SUBSCRIPTIONS, {})
    load(TRANSACTIONS, {"Action": "Cancel", "Date": "2999-01-01 10:00:00"})
    assert cancelled_on() == ["2999-01-01"]


def test_statuses_that_contradict_the_dates_are_named() -> None:
    load(TRANSACTIONS, {"Action": "Cancel"})
    rows = [{"Status": "Active"}, {"Subscription ID": "S-2", "End": "2020-01-01", "Status": "Active"},
            {"Subscription ID": "S-3", "End": "2999-01-01", "Status": "Active"}]  # fmt: skip
    assert plan_of(SUBSCRIPTIONS, file(SUBSCRIPTIONS, *rows), dry_run=False).notes == [
        "line 2: Subscription “S-1”: the file says Active, by its dates it is Cancelled",
        "line 3: Subscription “S-2”: the file says Active, by its dates it is Ended",
    ]


@on_both
def test_complete_file_cancels_the_others() -> None:
    load(
        SUBSCRIPTIONS,
        {},
        {"Subscription ID": "S-2"},
        {"Subscription ID": "S-3"} | CANCELLED,
        {"Subscription ID": "S-4"},
    )
    summary = load(SUBSCRIPTIONS, {}, complete=True)
    assert (summary.unchanged, summary.cancelled) == (1, 2)
    assert str(summary).endswith("; 2 cancelled, since the complete file doesn't name them")
    assert cancelled_on() == ["2026-03-04", str(today()), str(today()), NEVER]
    assert values(Import.cancelled) == [0, 2]
    assert load(SUBSCRIPTIONS, {}, complete=True).cancelled == 0
    load(SUBSCRIPTIONS, {"Subscription ID": "S-2", "Status": "Active"})
    assert values(Subscription.ref, Subscription.file_cancelled_at)[1] == ("S-2", NEVER_AT)


@on_both
def test_complete_usage_removes_the_others() -> None:
    other = {"Customer": "Other", "Customer ID": "C-2"}
    load(USAGE, {}, {"Product": "EV"}, other, other | {"Product": "EV"})
    summary = load(USAGE, {}, {"Product": "EV"}, complete=True)
    assert (summary.rows, summary.unchanged, summary.removed) == (2, 2, 2)
    assert load(USAGE, {}, {"Product": "EV"}, complete=True).removed == 0


def test_transactions_are_never_complete() -> None:
    load(TRANSACTIONS, {})
    [(_, text)] = faults_of(TRANSACTIONS, file(TRANSACTIONS, {}), complete=True)
    assert "can't be complete" in text


def test_dry_run_of_a_complete_file_changes_nothing() -> None:
    load(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"})
    before = dump()
    plan = plan_of(SUBSCRIPTIONS, file(SUBSCRIPTIONS, {}), complete=True)
    assert (dump(), plan.summary.cancelled, plan.examples["cancelled"]) == (before, 1, ["S-2, Acme"])
