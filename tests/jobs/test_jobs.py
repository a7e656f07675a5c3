"""Jobs in the queue and in the database: each is done once, wholly, and said to be what it is."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from signal import SIGTERM

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.importing import Fault, sorted_rows
from app.jobs import imports, states
from app.jobs.faults import FaultLog
from app.jobs.plans import StoredPlan, dump_plan, load_plan
from app.jobs.states import change_state, claim_job, release_jobs, status_of
from models import AuditEvent, Import, ImportJob, JobRunner, Subscription, close_connections, data_folder, reports_db
from tests.databases import importing, on_both
from tests.jobs.work import import_jobs, latest, press, run_jobs, upload, uploaded
from tests.serving import command
from tests.trials.processes import until

SMALL = b"Customer,Subscription ID,End,Cost\nAcme,S-1,2026-05-01,10.00\nAcme,S-2,2026-06-01,20.00\n"


def applying(app: Flask, client: FlaskClient) -> ImportJob:
    """A job whose process has taken it to be applied."""
    job = uploaded(app, client, SMALL)
    press(client, job, "apply")
    taken = claim_job(job.id, states.APPLY_QUEUED)
    assert taken
    return taken


def test_message_in_the_queue_is_json_of_a_number(app: Flask, client: FlaskClient) -> None:
    upload(client, ("a.csv", SMALL))
    (message,) = import_jobs(app).queue.storage.enqueued_items()
    assert bytes(message).startswith(b"[")
    assert f"[{latest().id}]".encode() in bytes(message)


def test_queue_and_uploads_are_private(app: Flask, client: FlaskClient, database_url: str) -> None:
    uploads, number = import_jobs(app).uploads, uploaded(app, client, SMALL.replace(b"20.00", b"much")).id
    rights = {uploads.path(number): 0o600, uploads.faults_path(number): 0o600, uploads.path(number).parent: 0o700}
    if database_url.startswith("sqlite:"):
        rights[data_folder(database_url) / "jobs.db"] = 0o600
    assert {path: stat.S_IMODE(path.stat().st_mode) for path in rights} == rights


@on_both
def test_lost_message_is_sent_again(app: Flask, client: FlaskClient) -> None:
    upload(client, ("a.csv", SMALL))
    import_jobs(app).queue.storage.flush_queue()
    run_jobs(app)
    assert latest().state == states.CHECK_QUEUED
    import_jobs(app).requeue()
    run_jobs(app)
    assert latest().state == states.CHECKED


def test_check_says_that_it_waits_for_another_import(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "HEARTBEAT", 0.01)
    upload(client, ("a.csv", SMALL))
    with ThreadPoolExecutor(1) as worker:
        with importing(reports_db):
            done = worker.submit(_check_in_a_thread, app)
            until(lambda: latest().message)
            assert "Another import is under way" in client.get(f"/imports/{latest().id}").text
        done.result()
    assert (latest().state, latest().message) == (states.CHECKED, "")


def _check_in_a_thread(app: Flask) -> None:
    try:
        import_jobs(app).check(latest().id)
    finally:
        close_connections()


@on_both
def test_doubled_message_does_nothing_twice(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    press(client, job, "apply")
    import_jobs(app).requeue()
    run_jobs(app)
    assert Import.select().count() == 1
    assert AuditEvent.select().where(AuditEvent.event == "import", AuditEvent.outcome == "done").count() == 1


@on_both
def test_job_of_a_dead_process_is_interrupted_and_can_be_repeated(app: Flask, client: FlaskClient) -> None:
    job = applying(app, client)
    assert status_of(latest()).state == states.APPLYING
    assert press(client, job, "apply").status_code == 409
    release_jobs()
    assert status_of(latest()) == states.Status(states.CHECKED, states.INTERRUPTED)
    assert states.INTERRUPTED in client.get(f"/imports/{job.id}").text
    assert press(client, job, "apply").status_code == 303
    run_jobs(app)
    assert status_of(latest()).state == states.APPLIED
    assert Subscription.select().count() == 2


@on_both
def test_process_that_died_behind_the_commit_has_applied(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    press(client, job, "apply")
    run_jobs(app)
    ImportJob.update(state=states.APPLYING).where(ImportJob.id == job.id).execute()  # as if it hadn't come to say so
    for _ in ("at once", "later"):
        assert status_of(latest()).state == states.APPLIED
        assert press(client, job, "apply").status_code == press(client, job, "cancel").status_code == 409
        release_jobs()
    import_jobs(app).requeue()
    assert latest().state == states.APPLIED


def test_applied_file_that_is_queued_again_is_not_applied_twice(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    content = import_jobs(app).uploads.path(job.id).read_bytes()
    press(client, job, "apply")
    run_jobs(app)
    import_jobs(app).uploads.path(job.id).write_bytes(content)
    ImportJob.update(state=states.APPLY_QUEUED).where(ImportJob.id == job.id).execute()
    import_jobs(app).apply(job.id)
    assert Import.select().count() == 1
    assert latest().state == states.APPLIED


def test_work_that_was_taken_away_ends(app: Flask, client: FlaskClient) -> None:
    upload(client, ("a.csv", SMALL))
    job = claim_job(latest().id, states.CHECK_QUEUED)
    assert job
    assert press(client, job, dates="dmy").status_code == 303
    assert not states.note_progress(job, 1, "")
    assert not change_state(job, [states.CHECKING], states.CHECKED)
    run_jobs(app)
    assert (latest().state, latest().revision) == (states.CHECKED, 1)


def test_state_changes_only_for_who_has_seen_the_last_revision(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    ImportJob.update(revision=job.revision + 1).where(ImportJob.id == job.id).execute()
    assert not change_state(job, [states.CHECKED], states.APPLY_QUEUED)
    assert change_state(latest(), [states.CHECKED], states.APPLY_QUEUED)


def test_missing_file_is_said(app: Flask, client: FlaskClient) -> None:
    upload(client, ("a.csv", SMALL))
    import_jobs(app).uploads.delete(latest().id)
    run_jobs(app)
    assert latest().state == states.CHECK_FAILED
    assert "upload it again" in client.get(f"/imports/{latest().id}").text


def test_old_uploads_are_deleted(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    upload(client, ("a.csv", SMALL))
    path = import_jobs(app).uploads.path(latest().id)
    import_jobs(app).clean_up()
    assert path.exists()
    monkeypatch.setattr("app.jobs.imports.UPLOAD_DAYS", -1)
    import_jobs(app).clean_up()
    assert not path.exists()


def test_runner_is_alive_while_it_says_so(app: Flask) -> None:
    assert not states.is_runner_alive()
    for _ in ("first", "again"):
        states.record_runner_heartbeat()
    assert states.is_runner_alive()
    JobRunner.update(seen_at="2020-01-01 00:00:00").execute()
    assert not states.is_runner_alive()


def test_process_says_that_it_lives_and_stops_when_told(app: Flask, database_url: str) -> None:
    with command("jobs", DATABASE_URL=database_url) as process:
        try:
            until(states.is_runner_alive)
            process.send_signal(SIGTERM)
            assert process.wait(30) == 0
        finally:
            process.kill()  # where it didn't start in time, nobody else would end it


def test_faults_are_sorted_however_many_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_rows, "_RUN_ROWS", 3)
    monkeypatch.setattr(sorted_rows, "_BLOCK_ROWS", 2)
    with FaultLog() as log:
        for line in (5, 2, 9, 1, 2, 8, 3):
            log.append(Fault(line, f"fault in “{line}”"))
        assert [(line, len(texts)) for line, texts in log.by_line()] == [(1, 1), (2, 2), (3, 1), (5, 1), (8, 1), (9, 1)]


def test_upload_folder_belongs_to_the_database(tmp_path: Path) -> None:
    assert data_folder(f"sqlite:///{tmp_path}/reports.db") == tmp_path
    assert data_folder("postgresql://host/name") == Path("instance")


def test_plan_of_another_version_is_read() -> None:
    stored = dump_plan(StoredPlan(counts={"added": 2}, has_changes=False))
    same, other = load_plan(stored), load_plan(stored.replace('"has_changes"', '"of_another_version"'))
    assert same
    assert dump_plan(same) == stored
    assert other
    assert (other.counts, other.has_changes) == ({"added": 2}, True)
    assert load_plan("") is None
