"""What is kept of imports: the list, what each changed, and for how long."""

from io import BytesIO

import pytest

from app.importing import (
    CannotUndo,
    FileRejected,
    UsageRecord,
    changed_rows,
    discard_history,
    history,
    load_records,
    newest_imports,
    numbered_import,
    undo_import,
    undo_preview,
)
from app.importing.kept_rows import KEPT_FIELDS
from app.jobs import states
from app.jobs.states import release_jobs, status_of
from models import ChangedRow, Customer, Holding, Import, ImportJob, reports_db
from tests.databases import on_both
from tests.importing.files import NOTHING, SUBSCRIPTIONS, TRANSACTIONS, USAGE, file, import_numbered, values
from tests.support import load_stream


def changed(number: int) -> list[tuple[str, ...]]:
    return [tuple(change) for change in changed_rows(number)]


def test_every_field_of_a_row_is_kept_or_follows_from_others() -> None:
    follow = {"id", "ref_key", "name_key", "look_alike_key", "subscription_key", "customer_ref", "cancelled_on"}
    for table, kept in KEPT_FIELDS.items():
        named = {"ref"} if table is not Customer else set()  # by which the history knows the row
        named |= {"customer", "certificate_type", "product"} if table is Holding else set()
        owner = set() if table is Customer else {"reseller"}  # a copy of the customer's
        assert {*kept} == set(table._meta.fields) - follow - named - owner


def test_added_rows_have_all_their_cells() -> None:
    import_numbered(1, TRANSACTIONS, {"Cost": "1234.50", "Product": "DV; EV", "Reseller": "North"})
    cells = {change[2]: change[4] for change in changed(1) if change[1] == "T-1"}
    assert cells == {
        "Customer": "Acme", "Subscription ID": "S-1", "Product": "DV; EV", "Action": "Inventory", "User": "Ann",
        "Date": "2026-03-04 05:06:07", "Total": "3", "Cost": "1234.50",
    }  # fmt: skip
    assert [change for change in changed(1) if change[1] != "T-1"] == [
        ("added", "Acme, C-1", "Customer", "", "Acme"), ("added", "Acme, C-1", "Customer ID", "", "C-1"),
        ("added", "Acme, C-1", "Reseller", "", "North"),
    ]  # fmt: skip


def test_added_customers_are_in_the_order_of_the_file() -> None:
    ids = [f"C-{number}" for number in range(30, 0, -1)]
    import_numbered(1, SUBSCRIPTIONS, *({"Subscription ID": f"S-{id_}", "Customer ID": id_} for id_ in ids))
    assert [
        change[4] for change in changed(1) if change[2] == "Customer ID" and change[1] == f"Acme, {change[4]}"
    ] == ids


@on_both
def test_changes_have_what_was_before_and_after_whatever_came_since() -> None:
    import_numbered(1, SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"})
    import_numbered(2, SUBSCRIPTIONS, {"Cost": "5.00", "Last modified by": "bob@b.example"})
    import_numbered(3, SUBSCRIPTIONS, {"Cost": "6.00", "Customer": "Acme Ltd", "Reseller": "North"})
    second = [
        ("updated", "S-1", "Cost", "1200.50", "5.00"),
        ("updated", "S-1", "Last modified by", "ann@acme.example", "bob@b.example"),
    ]
    third = [
        ("updated", "S-1", "Cost", "5.00", "6.00"), ("updated", "S-1", "Last modified by", *second[1][:2:-1]),
        ("updated", "Acme Ltd, C-1", "Customer", "Acme", "Acme Ltd"),
        ("updated", "Acme Ltd, C-1", "Reseller", "", "North"),
    ]  # fmt: skip
    assert [changed(2), changed(3)] == [second, third]
    undo_import(3, 4, "ann")
    undo_import(2, 5, "ann")
    undo_import(1, 6, "ann")
    assert changed(2) == second
    assert [change[3:] for change in changed(4)[:2]] == [("6.00", "5.00"), second[1][3:]]
    assert ("removed", "S-2", "Customer", "Acme", "") in changed(6)


@on_both
def test_holdings_that_go_and_come() -> None:
    import_numbered(1, USAGE, {}, {"Product": "EV", "Used": "9"})
    import_numbered(2, USAGE, {"Product": "EV", "Used": "4"}, {"Product": "OV"})
    import_numbered(3, USAGE, NOTHING)
    assert {*changed(2)} == {
        *(("added", "Acme, SSL, OV", label, "", count) for label, count in _counts("5", "2", "3", "0")),
        *(("removed", "Acme, SSL, DV Single", label, count, "") for label, count in _counts("5", "2", "3", "0")),
        ("updated", "Acme, SSL, EV", "Available", "0", "1"),
        ("updated", "Acme, SSL, EV", "Used", "9", "4"),
        ("updated", "Acme, SSL, EV", "Over Inventory", "4", "0"),
    }
    assert {change[:2] for change in changed(3)} == {("removed", "Acme, SSL, EV"), ("removed", "Acme, SSL, OV")}


def _counts(*counts: str) -> list[tuple[str, str]]:
    return list(zip(("Current Inventory", "Available", "Used", "Over Inventory"), counts, strict=True))


def test_complete_files_cancel() -> None:
    import_numbered(1, SUBSCRIPTIONS, {"Subscription ID": "S-1"}, {"Subscription ID": "S-2"})
    import_numbered(2, SUBSCRIPTIONS, {"Subscription ID": "S-2"}, complete=True)
    assert changed(2) == [("cancelled", "S-1", "Status", "", "Cancelled")]


def test_what_keeps_no_history() -> None:
    import_numbered(1, USAGE, {}, dry_run=True)
    with reports_db.write_transaction():
        load_records(USAGE, [(1, UsageRecord("Acme", "C-1", "North", "SSL", "DV", 5, 3))], "demo")
    load_stream(USAGE, BytesIO(file(USAGE, {})))
    assert not ChangedRow.select().exists()
    assert values(Import.number) == [None, None]
    assert [state for _, state in newest_imports(9)] == ["", ""]


def test_unchanged_rows_are_not_kept() -> None:
    import_numbered(1, USAGE, {}, {"Product": "EV"})
    import_numbered(2, USAGE, {}, {"Product": "EV", "Used": "4"})
    assert [(row.kind, row.table) for row in ChangedRow.select().where(ChangedRow.number == 2)] == [
        ("updated", "holding")
    ]
    assert values(Import.changed_rows)[0] == 1


@on_both
def test_history_is_discarded_after_days(caplog: pytest.LogCaptureFixture) -> None:
    import_numbered(1, USAGE, {})
    import_numbered(2, USAGE, {"Used": "4"})
    Import.update(loaded_at="2026-01-01 00:00:00").where(Import.number == 1).execute()
    kept = Import.get(Import.number == 1).changed_rows
    assert discard_history(90) == kept
    with caplog.at_level("DEBUG", "peewee"):
        assert discard_history(90) == 0
    assert not any("DELETE" in record.getMessage() for record in caplog.records), "it is known to be gone"
    assert {row.number for row in ChangedRow.select()} == {2}
    assert [(each.number, each.changed_rows, state) for each, state in newest_imports(9)] == [
        (2, 1, "can be undone"), (1, kept, ""),
    ]  # fmt: skip
    with pytest.raises(CannotUndo, match="older than HISTORY_DAYS"):
        undo_preview(1)
    undo_import(2, 3, "ann")


@on_both
def test_the_oldest_history_goes_when_there_is_too_much() -> None:
    for number in (1, 2, 3):
        import_numbered(number, USAGE, {"Used": str(number)})
    assert discard_history(90, max_changes=2) > 2
    assert {row.number for row in ChangedRow.select()} == {2, 3}
    assert discard_history(90, max_changes=1) == 1


def test_half_discarded_history_counts_as_gone() -> None:
    import_numbered(1, USAGE, {}, {"Product": "EV"})
    Import.update(discarded=True).execute()
    with pytest.raises(CannotUndo):
        undo_import(1, 2, "ann")
    assert discard_history(90) == 0
    assert discard_history(90, max_changes=0) == Import.get().changed_rows


def test_numbers_are_those_of_jobs() -> None:
    with numbered_import("ann", "file.csv", report=USAGE, size=3, sha256="ab") as number:
        import_numbered(number, USAGE, {})
        assert status_of(ImportJob.get()).state == states.APPLIED, "in the reports it is"
    with pytest.raises(FileRejected), numbered_import("ann", "g.csv") as other:
        import_numbered(other, USAGE, {"Used": "x"})
    jobs = {job.id: (job.state, job.file, job.who, job.report, job.sha256) for job in ImportJob.select()}
    assert jobs == {number: ("applied", "file.csv", "ann", USAGE, "ab"), other: ("failed", "g.csv", "ann", "", "")}
    assert ImportJob.get_by_id(other).message.startswith("file.csv:2: Used: ")
    assert values(Import.number) == [number]


def test_number_is_given_once_whatever_becomes_of_the_jobs() -> None:
    with numbered_import("ann", "file.csv") as number:
        import_numbered(number, USAGE, {})
    ImportJob.delete().execute()  # a new users' database
    with numbered_import("ann", "other.csv") as other:
        assert other > number
        assert status_of(ImportJob.get()).state == states.APPLYING
        import_numbered(other, USAGE, {"Used": "4"})


def test_import_by_a_command_is_being_applied_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "HEARTBEAT", 0.01)
    with numbered_import("ann", "file.csv") as number:
        assert status_of(ImportJob.get()).state == states.APPLYING
        release_jobs()  # as a process does that starts meanwhile
        while status_of(ImportJob.get()).state != states.APPLYING:
            pass
    ImportJob.update(state=states.APPLYING).execute()  # as if it had been killed
    release_jobs()
    assert status_of(ImportJob.get_by_id(number)).state == states.FAILED
