"""PUT /imports/SLUG: programs send files with a token that may import."""

import json
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.importing import load_file
from app.jobs import imports, states
from app.web.imports import put
from app.web.services import services
from models import AccessToken, AuditEvent, Import, ImportJob, Subscription, User, access_db, reports_db, timestamp
from tests.databases import importing, on_both
from tests.databases import sqlite_first as database_url
from tests.jobs.conftest import own_folder
from tests.jobs.work import import_jobs, latest, press, run_jobs
from tests.support import EDGE_CASES, OURS, add_token, program, replace_services, signed_in

__all__ = ["database_url", "own_folder"]

SLUG = "customer-subscriptions"
PATH = f"/imports/{SLUG}"
SMALL = b"Customer,Subscription ID,End,Cost\nAcme,S-1,2026-05-01,10.00\nAcme,S-2,2026-06-01,20.00\n"
FAULTY = b"Customer,Subscription ID,End\nAcme,S-1,soon\nAcme,S-2,later\n"
UNCLEAR = b"Customer,Subscription ID,End\nAcme,S-1,03/04/2026\n"


@pytest.fixture
def loader(app: Flask) -> FlaskClient:
    """A program whose token may import."""
    token = add_token(app, name="Loader")
    AccessToken.update(may_import=True).execute()
    return program(app, token)


def send(client: FlaskClient, content: bytes, query: str = "", **headers: str) -> TestResponse:
    return client.put(f"{PATH}{query}", data=content, headers={"Content-Type": "text/csv", **headers})


def facts(answer: TestResponse, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json


@on_both
def test_small_file_is_loaded_at_once(app: Flask, client: FlaskClient, loader: FlaskClient) -> None:
    found = facts(send(loader, SMALL))
    assert (found["report"], found["dry_run"], found["counts"]["added"]) == (SLUG, False, 2)
    assert Subscription.select().count() == 2
    job = latest()
    assert (job.id, job.state, job.who) == (found["number"], states.APPLIED, "admin@partner.example")
    assert not import_jobs(app).uploads.path(job.id).exists()
    assert job.sha256 in client.get(f"/imports/{job.id}", headers={"Accept": "text/html"}).text
    events = [(event.event, event.outcome) for event in AuditEvent.select() if event.event in ("import", "upload")]
    assert events == [("upload", "done"), ("import", "begun"), ("import", "done")]


@pytest.mark.parametrize("query", ["", "?dry_run=1"])
def test_small_file_is_a_job_while_another_import_is_under_way(app: Flask, loader: FlaskClient, query: str) -> None:
    with importing(reports_db):
        answer = send(loader, SMALL, query)
        assert facts(answer, 202)["state"] == (states.CHECK_QUEUED if query else states.APPLY_QUEUED)
    run_jobs(app)
    found = facts(loader.get(answer.headers["Location"]))
    assert (found["state"], found["counts"]["added"]) == (states.CHECKED if query else states.APPLIED, 2)


def test_same_file_again_changes_nothing(loader: FlaskClient) -> None:
    first, version = facts(send(loader, SMALL)), Import.last()
    again = facts(send(loader, SMALL))
    assert (again["number"], again["counts"]["unchanged"], again["counts"]["added"]) == (first["number"], 2, 0)
    assert Import.last() == version, "nor does any file of a report"
    assert facts(send(loader, SMALL, "?decimal=point"))["counts"]["unchanged"] == 2
    assert Import.last() != version, "read in another way it may be another file"


def test_dry_run_keeps_nothing(app: Flask, loader: FlaskClient) -> None:
    found = facts(send(loader, SMALL, "?dry_run=1"))
    assert (found["dry_run"], found["number"], found["counts"]["added"]) == (True, None, 2)
    assert not Subscription.select().exists()
    assert not ImportJob.select().exists()
    assert not list(import_jobs(app).uploads.path(1).parent.iterdir())


@on_both
def test_faults_are_a_422_and_keep_nothing(app: Flask, loader: FlaskClient) -> None:
    answer = send(loader, FAULTY)
    found = facts(answer, 422)
    assert answer.mimetype == "application/problem+json"
    assert [(fault["line"], fault["heading"]) for fault in found["faults"]] == [(2, "End"), (3, "End")]
    assert (found["total"], found["status"]) == (2, 422)
    assert "soon" in found["detail"]
    assert not ImportJob.select().exists()
    assert not Import.select().exists()
    assert not list(import_jobs(app).uploads.path(1).parent.iterdir())
    assert outcomes() == [("begun", ""), ("failed", "2 faults or questions")]
    send(loader, FAULTY, "?dry_run=1")
    assert len(outcomes()) == 2, "a dry run is no import"


def outcomes() -> list[tuple[str, str]]:
    events = AuditEvent.select().where(AuditEvent.event == "import").order_by(AuditEvent.id)
    return [(event.outcome, json.loads(event.details).get("why", "")) for event in events]


@pytest.mark.parametrize("database_url", ["SQLite"], indirect=True)
def test_file_that_is_loaded_but_not_noted_is_loaded(app: Flask, loader: FlaskClient) -> None:
    """The users' database fails when the reports have the rows."""
    failing = "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    access_db.execute_sql(f"CREATE TRIGGER full BEFORE UPDATE ON import_job WHEN NEW.state = 'applied' {failing}")
    found = facts(send(loader, SMALL))
    access_db.execute_sql("DROP TRIGGER full")
    assert found["counts"]["added"] == 2
    assert facts(send(loader, SMALL))["counts"]["unchanged"] == 2, "the program may ask again"
    assert (latest().id, latest().state) == (found["number"], states.APPLYING)
    import_jobs(app).requeue()
    assert latest().state == states.APPLIED
    assert outcomes() == [("begun", ""), ("done", "")]


def test_loading_has_a_heartbeat(app: Flask, loader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*arguments: Any, **options: Any) -> Any:
        states.release_jobs()  # as a process does that starts meanwhile
        while states.status_of(latest()).state != states.APPLYING:
            pass
        return load_file(*arguments, **options)

    monkeypatch.setattr(imports, "HEARTBEAT", 0.01)
    monkeypatch.setattr(imports, "load_file", load)
    facts(send(loader, SMALL))
    assert latest().state == states.APPLIED


def test_question_names_its_answer(loader: FlaskClient) -> None:
    detail = facts(send(loader, UNCLEAR), 422)["detail"]
    assert "03/04/2026" in detail
    assert "dates=dmy or dates=mdy" in detail
    assert facts(send(loader, UNCLEAR, "?dates=dmy"))["counts"]["added"] == 1
    assert str(Subscription.get().ends_on) == "2026-04-03"
    other_name = SMALL.replace(b"Acme", b"ACME")
    assert "names=same or names=new" in facts(send(loader, other_name), 422)["faults"][0]["text"]
    assert facts(send(loader, other_name, "?names=same"))["counts"]["added"] == 1


def test_complete_file_that_ends_more_than_a_tenth_must_be_confirmed(loader: FlaskClient) -> None:
    send(loader, SMALL)
    one = SMALL.rpartition(b"Acme")[0]
    assert facts(send(loader, one))["counts"]["cancelled"] == 0
    for query in ("?complete=1", "?complete=1&dry_run=1", "?complete=1&confirm=2", "?complete=1&confirm="):
        answer = send(loader, one, query)
        found = facts(answer, 422)
        assert answer.mimetype == "application/problem+json"
        assert "confirm=1 says that this is meant" in found["detail"], query
        assert (found["total"], Import.select().count()) == (1, 2)
    assert facts(send(loader, one, "?complete=1&confirm=1"))["counts"]["cancelled"] == 1
    assert facts(send(loader, one, "?complete=1"))["counts"]["unchanged"] == 1, "the same file again"


def test_complete_file_that_ends_a_tenth_is_loaded(loader: FlaskClient) -> None:
    rows = SMALL.splitlines(keepends=True)
    ten = [rows[1].replace(b"S-1", b"S-%d" % number) for number in range(10)]
    send(loader, b"".join([rows[0], *ten]))
    assert facts(send(loader, b"".join([rows[0], *ten[1:]]), "?complete=1"))["counts"]["cancelled"] == 1


def test_questions_of_a_job_name_the_keys_that_answer_them(
    app: Flask, client: FlaskClient, loader: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(loader, SMALL)
    monkeypatch.setattr(put, "SMALL_BYTES", 10)
    for content, query, key in (
        (UNCLEAR, "", "dates=dmy or dates=mdy says which"),
        (SMALL.replace(b"Acme", b"ACME"), "", "names=same or names=new says which"),
        (SMALL.rpartition(b"Acme")[0], "?complete=1", "confirm=1 says that this is meant"),
    ):
        location = send(loader, content, query).headers["Location"]
        run_jobs(app)
        found = facts(loader.get(location))
        assert (found["state"], len(found["questions"])) == (states.CHECKED, 1)
        assert key in found["questions"][0]
    job = latest()
    assert "Check it again" in client.get(location).text
    press(client, job, complete="on")
    run_jobs(app)
    assert "1 row: it ends" in client.get(location).text, "a person is asked as for any file"
    monkeypatch.setattr(put, "SMALL_BYTES", 1000)
    assert facts(send(loader, content, "?complete=1&confirm=1"))["counts"]["cancelled"] == 1


@on_both
@pytest.mark.parametrize("query", ["", "?complete=1"])
def test_large_file_is_a_job(app: Flask, loader: FlaskClient, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
    monkeypatch.setattr(put, "SMALL_BYTES", 10)
    answer = send(loader, SMALL, query)
    found = facts(answer, 202)
    assert answer.location == f"/imports/{found['number']}"
    assert (found["state"], found["busy"]) == (states.APPLY_QUEUED, True)
    assert facts(loader.get(answer.location))["busy"] is True
    run_jobs(app)
    done = facts(loader.get(answer.location))
    assert (done["state"], done["busy"], done["counts"]["added"]) == (states.APPLIED, False, 2)
    assert Subscription.select().count() == 2


def test_large_faulty_file_tells_its_faults(app: Flask, loader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(put, "SMALL_BYTES", 10)
    answer = send(loader, FAULTY)
    run_jobs(app)
    done = facts(loader.get(answer.location))
    assert (done["state"], done["total"], [fault["line"] for fault in done["faults"]]) == (states.CHECKED, 2, [2, 3])
    assert done["message"] == "The file has faults or questions. Nothing was changed."
    assert not Import.select().exists()


def test_large_dry_run_is_a_check(app: Flask, loader: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(put, "SMALL_BYTES", 10)
    answer = send(loader, SMALL, "?dry_run=1")
    run_jobs(app)
    done = facts(loader.get(answer.location))
    assert (done["state"], done["counts"]["added"]) == (states.CHECKED, 2)
    assert not Subscription.select().exists()


@on_both
def test_other_import_of_the_report_is_a_409(loader: FlaskClient) -> None:
    waiting = {"who": "x", "file": "x", "created_at": timestamp(), "seen_at": timestamp()}
    job = ImportJob.create(report=SLUG, state=states.APPLY_QUEUED, **waiting)
    facts(send(loader, SMALL), 409)
    assert send(loader, SMALL, "?dry_run=1").status_code == 202, "it changes nothing"
    ImportJob.update(report="customer-usage").where(ImportJob.id == job.id).execute()
    assert send(loader, SMALL).status_code == 202, "it waits its turn"


@pytest.mark.parametrize(
    ("query", "content", "content_type", "status"),
    [
        ("?complete=yes", SMALL, "text/csv", 400),
        ("?nothing=1", SMALL, "text/csv", 400),
        ("?dates=xyz", SMALL, "text/csv", 400),
        ("?confirm=many", SMALL, "text/csv", 400),
        ("?confirm=7", SMALL, "text/csv", 200),
        ("", b"", "text/csv", 400),
        ("", b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
        ("", SMALL, "application/x-www-form-urlencoded", 200),
        ("?complete=&dates=", SMALL, "", 200),
    ],
    ids=lambda value: "" if isinstance(value, bytes) else None,
)
def test_requests(loader: FlaskClient, query: str, content: bytes, content_type: str, status: int) -> None:
    assert send(loader, content, query, **{"Content-Type": content_type}).status_code == status


def test_limit(app: Flask, loader: FlaskClient) -> None:
    replace_services(app, settings=replace(services(app).settings, import_limit=0))
    assert send(loader, SMALL).status_code == 413


def test_unknown_report(loader: FlaskClient) -> None:
    assert loader.put("/imports/nothing", data=SMALL).status_code in (404, 405)


def test_who_may_import(app: Flask, client: FlaskClient, loader: FlaskClient) -> None:
    assert send(client, SMALL).status_code == 403, "a session needs the origin"
    assert send(client, SMALL, **OURS).status_code == 200
    reader = program(app, add_token(app, name="Reader"))
    answer = send(reader, SMALL, Accept="application/json")
    assert (answer.status_code, "reads only" in facts(answer, 403)["detail"]) == (403, True)
    assert reader.get(f"/imports/{latest().id}").status_code == 403
    assert loader.get("/imports").status_code == 403
    assert loader.post("/imports").status_code == 403
    for change in ({"role": "viewer"}, {"role": "admin", "reseller": "North"}):
        User.update(change).execute()
        assert send(loader, SMALL).status_code == 403
        assert loader.get(f"/imports/{latest().id}").status_code == 403


def test_only_those_who_may_can_give_the_right(app: Flask, client: FlaskClient) -> None:
    form = {"name": "A", "last_day": timestamp(86400)[:10], "import": "1"}
    for person, may in ((client, True), (signed_in(app, "admin", "North"), False), (signed_in(app, "viewer"), False)):
        assert ('name="import"' in person.get("/account").text) is may
        assert person.post("/account/tokens", data=form, headers=OURS).status_code == 200
        assert AccessToken.select().order_by(AccessToken.id.desc()).get().may_import is may
    assert "A</bdi>, may import" in client.get("/account").text


def test_export_and_import_are_the_same_rows(app: Flask, loader: FlaskClient) -> None:
    facts(send(loader, (EDGE_CASES / f"{SLUG}.csv").read_bytes()))
    again = facts(send(loader, loader.get(f"/reports/{SLUG}.csv").data))
    assert (again["counts"]["added"], again["counts"]["updated"]) == (0, 0)
    workbook = send(loader, loader.get(f"/reports/{SLUG}.xlsx").data)
    assert workbook.status_code == 202, "only a job opens a workbook"
    run_jobs(app)
    done = facts(loader.get(workbook.location))
    assert (done["state"], done["counts"]["added"], done["counts"]["updated"]) == (states.APPLIED, 0, 0)
