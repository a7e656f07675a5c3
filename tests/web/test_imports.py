"""Imports in the browser: upload, check, choose, apply, undo, and what each page says."""

import json
import re
from dataclasses import replace
from hashlib import sha256
from html import unescape
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.jobs import states
from app.web.reports.export_slots import ExportEnded, ExportGuard
from app.web.services import services
from models import AuditEvent, Customer, Import, ImportJob, Subscription
from tests.jobs.work import import_jobs, latest, press, run_jobs, upload, uploaded
from tests.support import EDGE_CASES, OURS, csv_rows, replace_services, signed_in

SUBSCRIPTIONS = (EDGE_CASES / "customer-subscriptions.csv").read_bytes()
SMALL = b"Customer,Subscription ID,End,Cost\nAcme,S-1,2026-05-01,10.00\nAcme,S-2,2026-06-01,20.00\n"
FAULTY = b'Client;Sub ID;End;Cost\nAcme;S-1;2026-05-01;1,00\nBad "x" y;"open;1;2\nAcme;S-1;soon;=1\n'
HTML = {"Accept": "text/html"}
FRAGMENT = {**HTML, "HX-Request": "true", "HX-Request-Type": "partial"}


def page(client: FlaskClient, job: ImportJob, query: str = "") -> str:
    answer = client.get(f"/imports/{job.id}{query}", headers=HTML)
    assert answer.status_code == 200
    return unescape(answer.text)


def faults_file(client: FlaskClient, job: ImportJob, delimiter: str = ",") -> list[list[str]]:
    with client.get(f"/imports/{job.id}/faults.csv") as answer:
        return csv_rows(answer.data, delimiter)


def applied(app: Flask, client: FlaskClient, content: bytes) -> ImportJob:
    job = uploaded(app, client, content)
    assert press(client, job, "apply").status_code == 303
    run_jobs(app)
    assert latest().state == states.APPLIED
    return latest()


def test_file_is_checked_and_applied(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    assert job.state == states.CHECKED
    assert "Apply 2 rows" in page(client, job)
    assert Subscription.select().count() == 0
    assert press(client, job, "apply").status_code == 303
    run_jobs(app)
    assert latest().state == states.APPLIED
    assert Subscription.select().count() == 2
    load = Import.get()
    assert (load.number, load.who) == (job.id, "admin@partner.example")
    assert not import_jobs(app).uploads.path(job.id).exists()
    text = page(client, job)
    assert job.sha256 in text
    assert '<a class="button" href="/reports/customer-subscriptions">Open Subscriptions</a>' in text
    assert "2 new" in client.get("/imports").text
    events = [(event.event, event.outcome) for event in AuditEvent.select().where(AuditEvent.event != "request")]
    assert events == [("upload", "done"), ("import", "begun"), ("import", "done")]


def test_changes_are_an_export(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/imports/{applied(app, client, SMALL).id}/changes.csv"
    with client.get(path) as answer:
        changes = csv_rows(answer.data)
    assert changes[0] == ["Change", "Row", "Column", "Before", "After"]
    assert ["added", "S-1", "Cost", "", "10.00"] in changes
    client.head(path)

    def ended(*_: object) -> None:
        raise ExportEnded("The session has ended")

    monkeypatch.setattr(ExportGuard, "check", ended)
    with pytest.raises(ExportEnded):
        client.get(path)
    events = AuditEvent.select().where(AuditEvent.event == "export").order_by(AuditEvent.id)
    assert [(event.about, event.outcome) for event in events] == [
        (path, outcome) for outcome in ("begun", "done", "begun", "failed")
    ]
    assert json.loads(events[1].details) == {"rows": len(changes) - 1}


def test_several_files_are_several_imports(client: FlaskClient) -> None:
    for number in range(4):
        upload(client, (f"older {number}.csv", SMALL))
    answer = upload(client, ("a.csv", SMALL), ("b.csv", SUBSCRIPTIONS))
    second, first = ImportJob.select().order_by(ImportJob.id.desc()).limit(2)
    assert (first.file, second.file) == ("a.csv", "b.csv")
    assert answer.location == f"/imports/{first.id}"
    assert f'Also open: <a href="/imports/{second.id}">' in page(client, first)


def test_first_rows_are_shown_before_the_check(client: FlaskClient) -> None:
    upload(client, ("a.csv", "Kunde;Sub ID;End;Cost\nMüller;S-1;27.11.2026;1234,5\n".encode()))
    text = page(client, latest())
    assert "2026-11-27<br><small>27.11.2026</small>" in text
    assert "1,234.50<br><small>1234,5</small>" in text
    assert 'hx-trigger="every 2s"' in text
    assert "Nothing works on imports at the moment" in text


def test_dates_with_two_readings_are_shown_as_they_stand(client: FlaskClient) -> None:
    """The day that tells the order may be far below, where no first row is."""
    rows = "".join(f"Acme,S-{row},0{row}/02/2026,1.00\n" for row in range(1, 4))
    upload(client, ("a.csv", f"Customer,Subscription ID,End,Cost\n{rows}".encode()))
    text = page(client, latest())
    assert '<td dir="auto">03/02/2026</td>' in text
    assert "2026-02-03" not in text
    upload(client, ("a.csv", f"Customer,Subscription ID,End,Cost\n{rows}Acme,S-4,02/13/2026,1\n".encode()))
    assert "2026-03-02<br><small>03/02/2026</small>" in page(client, latest())


def row_states(text: str) -> list[tuple[str, str]]:
    """The line and the state of each of the first rows."""
    found = re.findall(r'<tr><td class="number">(\d+)</td><td>(?:<span class="badge[^>]*>([^<]*)</span>)?</td>', text)
    assert found
    return found


USAGE = "Customer,Customer ID,Certificate Type,Product,Current Inventory,Used\n"


@pytest.mark.parametrize(
    ("known", "content", "kinds"),
    [
        (
            SMALL.decode(),
            SMALL.decode().replace("20.00", "21.00")
            + "Acme,S-3,2026-05-01,1\nAcme,S-4,soon,1\nAcme,S-1,2026-05-01,1\n",
            ["Same", "Changed", "New", "Fault", "Fault"],
        ),
        (
            USAGE + "A,C-1,SSL,DV,5,3\nA,C-1,SSL,EV,5,3\nB,C-2,,,0,0\n",
            USAGE + "A,C-1,SSL,DV,5,3\nA,C-1,SSL,EV,5,4\nA,C-1,SSL,OV,1,0\nB,C-2,SSL,DV,1,1\nN,C-3,SSL,DV,1,0\n",
            ["Same", "Changed", "New", "New", "New"],
        ),
        (
            USAGE + "A,C-1,SSL,DV,5,3\nA,C-1,SSL,EV,5,3\n",
            "Customer,Customer ID,Current Inventory,Used\nA,C-1,10,6\nN,C-3,1,0\nN,C-3,1,0\n",
            ["Same", "New", "Fault"],
        ),
    ],
    ids=["subscriptions", "usage", "totals of usage"],
)
def test_first_rows_say_what_they_are(
    app: Flask, client: FlaskClient, known: str, content: str, kinds: list[str]
) -> None:
    applied(app, client, known.encode())
    upload(client, ("b.csv", content.encode()))
    waiting = page(client, latest())
    assert {state for _, state in row_states(waiting)} <= {"", "Fault"}, "nobody knows before the check"
    run_jobs(app)
    states_by_line = [(str(line), kind) for line, kind in enumerate(kinds, 2)]
    assert row_states(page(client, latest())) == states_by_line
    fragment = client.get(f"/imports/{latest().id}", headers=FRAGMENT).text
    assert row_states(fragment) == states_by_line
    assert '<hx-partial hx-target="#first-rows"' in fragment


def test_runner_that_lives_is_not_missed(client: FlaskClient) -> None:
    states.record_runner_heartbeat()
    assert "Nothing works" not in client.get("/imports").text


def test_faults_are_listed_and_stand_in_a_file(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, FAULTY)
    text = page(client, job)
    assert "Nothing is applied while there are faults" in text
    assert "End: “soon” is not a date such as 2026-11-22" in text
    answer = press(client, job, "apply")
    assert (answer.status_code, "The file has faults." in answer.text) == (409, True)
    rows = faults_file(client, job, ";")
    assert rows[0] == ["Client", "Sub ID", "End", "Cost", "Fault"]
    assert rows[1] == ["Acme", "S-1", "2026-05-01", "1,00", ""]
    assert rows[2][0] == 'Bad "x" y;"open;1;2'
    assert "never closed" in rows[2][4]
    assert rows[3][:4] == ["Acme", "S-1", "soon", "'=1"]
    assert "soon" in rows[3][4]
    assert "=1" in rows[3][4]


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_file_of_faults_loads_when_it_is_corrected(app: Flask, client: FlaskClient, delimiter: str) -> None:
    """Its guards are as those of an export: amounts have none, and names that look like formulas have one."""
    rows = [
        ["Customer", "Subscription ID", "End", "Cost"],
        ["'=x", "S-1", "2026-05-01", "-12.50"],
        ["''=y", "S-2", "2026-05-01", "'-1,000.00"],
        ["+1 month", "S-3", "soon", "+3.00"],
        ["-7", "S-4", "2026-05-01", "-$ 8"],
    ]
    text = "\n".join(delimiter.join(f'"{cell}"' for cell in row) for row in rows)
    job = uploaded(app, client, text.encode())
    assert [row[:4] for row in faults_file(client, job, delimiter)][1:] == [
        ["'=x", "S-1", "2026-05-01", "-12.50"],
        ["''=y", "S-2", "2026-05-01", "-1,000.00"],
        ["'+1 month", "S-3", "soon", "+3.00"],
        ["-7", "S-4", "2026-05-01", "'-$ 8"],
    ]
    with client.get(f"/imports/{job.id}/faults.csv") as answer:
        corrected = answer.data.replace(b"soon", b"2026-05-01")
    job = applied(app, client, corrected)
    names = {name for (name,) in Customer.select(Customer.name).where(Customer.id != 0).tuples()}
    assert names == {"=x", "'=y", "+1 month", "-7"}
    costs = [cost for (cost,) in Subscription.select(Subscription.cost).order_by(Subscription.ref).tuples()]
    assert costs == [-1250, -100000, 300, -800]
    changes = csv_rows(client.get(f"/imports/{job.id}/changes.csv").data)
    assert ["added", "S-1", "Cost", "", "-12.50"] in changes
    assert ["added", "S-1", "Customer", "", "'=x"] in changes


def test_file_of_faults_has_those_of_the_headings(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, b"What,Ever\n1,2\n")
    rows = faults_file(client, job)
    assert "choose it under Report" in rows[0][2]
    assert rows[1] == ["1", "2", ""]
    assert page(client, job).count("choose it under Report") == 1
    assert 'id="rows"' not in page(client, job)


def test_fault_stands_under_its_row(client: FlaskClient) -> None:
    upload(client, ("a.csv", FAULTY.replace(b";soon;", b";2026-05-02;").replace(b"=1", b"x")))
    rows = re.findall(r'<tr><td class="number">(\d+)</td>|<span class="error">(.*?)</span>', page(client, latest()))
    lines, faults = [line for line, _ in rows if line], [text for _, text in rows if text]
    assert (lines, len(faults)) == (["2", "4"], 1)
    assert "Cost: “x”" in faults[0]
    assert "The first 2 rows, as they are read" in page(client, latest())


def test_file_without_changes_is_not_applied(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL)
    text = page(client, uploaded(app, client, SMALL + b"\n"))
    assert "This file changes nothing." in text
    assert "This file has headings, but no rows." in page(client, uploaded(app, client, SMALL.splitlines()[0]))
    assert 'id="apply"' not in text
    assert 'id="cancel"' in text
    text = page(
        client, uploaded(app, client, SMALL.replace(b"Cost\n", b"Cost,Customer ID\n").replace(b"0\n", b"0,C-1\n"))
    )
    assert '/apply">Apply 2 rows<' in text, "it tells the customer's ID"


def test_mapping_is_changed_and_remembered(app: Flask, client: FlaskClient) -> None:
    content = b"Kunde,Nr,End,Cost\nAcme,S-1,2026-05-01,10.00\n"
    job = uploaded(app, client, content)
    assert "is missing" in page(client, job)
    press(client, job, report="customer-subscriptions")
    run_jobs(app)
    answer = press(client, latest(), mapping=["customer", "subscription_id", "end", "cost"])
    assert answer.status_code == 303
    run_jobs(app)
    press(client, latest(), "apply")
    run_jobs(app)
    assert Subscription.get().ref == "S-1"
    job = uploaded(app, client, content.replace(b"10.00", b"12.00"))
    assert "Apply 1 row" in page(client, job)
    assert "S-1, Acme: Cost 10.00 → 12.00" in page(client, job)


def test_unknown_heading_is_left_out(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL.replace(b"Cost", b"Notes").replace(b"10.00", b"x"))
    assert "“Notes” is left out." in page(client, job)
    assert "Apply 2 rows" in page(client, job)


def test_choices_that_cannot_be_are_refused(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    for form in ({"report": "sales"}, {"encoding": "x"}, {"mapping": "price"}, {"dates": "ymd"}, {"revision": "x"}):
        answer = press(client, job, **form)
        assert answer.status_code == 400, form
        assert f"“{next(iter(form.values()))}”" in answer.text
    assert press(client, job, mapping="customer").status_code == 400, "one column for four headings"


def test_second_click_and_second_tab_do_nothing(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    assert press(client, job, decimal="comma").status_code == 303
    for action in ("apply", ""):
        answer = press(client, job, action)  # as the other tab knows it
        assert answer.status_code == 409
        assert "with other choices" in answer.text
    run_jobs(app)
    assert "choices were changed" in press(client, job, "apply").text
    assert "is not applied" in press(client, latest(), "undo").text
    assert [press(client, latest(), "apply").status_code for _ in range(3)] == [303, 409, 409]
    run_jobs(app)
    assert press(client, latest(), "apply").status_code == 409
    assert press(client, latest()).status_code == 409
    assert Import.select().count() == 1


def test_choice_that_was_changed_before_apply_is_checked_first(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    shown = {"report": "customer-subscriptions", "mapping": ["customer", "subscription_id", "end", "cost"]}
    answer = press(client, job, "apply", **shown | {"mapping": ["customer", "subscription_id", "end", ""]})
    assert "Nothing is applied yet" in client.get(answer.location, headers=HTML).text
    run_jobs(app)
    assert (latest().state, Import.select().count()) == (states.CHECKED, 0)
    press(client, latest(), "apply", **shown | {"mapping": ["customer", "subscription_id", "end", ""]})
    run_jobs(app)
    assert [row.cost for row in Subscription.select()] == [0, 0]


def test_choices_as_the_page_shows_them_are_applied(app: Flask, client: FlaskClient) -> None:
    """Recognised ones, which no option names, are no change."""
    job = uploaded(app, client, SMALL)
    fields = {"report": "customer-subscriptions", "encoding": "", "delimiter": "", "dates": "", "decimal": ""}
    press(client, job, "apply", mapping=["customer", "subscription_id", "end", "cost"], **fields)
    run_jobs(app)
    assert latest().state == states.APPLIED


def test_same_file_again_is_said(app: Flask, client: FlaskClient) -> None:
    first = applied(app, client, SMALL)
    ImportJob.update(created_at="2026-01-01 00:00:00").where(ImportJob.id == first.id).execute()  # long before
    again = uploaded(app, client, SMALL)
    link = f'<a href="/imports/{first.id}">{Import.get().loaded_at} UTC</a>'
    assert f"This very file was applied on {link}" in page(client, again)
    applied(app, client, SMALL.replace(b"10.00", b"11.00"))
    assert "This very file" not in page(client, again)


def test_same_file_again_is_read_as_before(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL)
    content = b"Customer,Subscription ID,End\nACME,S-9,03/04/2026\nacme,S-8,03/05/2026\n"
    press(client, uploaded(app, client, content), dates="dmy", answer=["Acme", "acme"])
    run_jobs(app)
    assert press(client, latest(), "apply").status_code == 303
    run_jobs(app)
    assert latest().state == states.APPLIED
    again = page(client, uploaded(app, client, content))
    assert "This very file was applied" in again
    assert "questions are open" not in again
    press(client, latest(), mapping=["", "subscription_id", "end"])
    run_jobs(app)
    text = page(client, latest())
    assert "Nothing is applied while there are faults" in text
    assert "This very file was applied" in text


def test_complete_file_that_ends_much_is_confirmed_with_the_number(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL)
    job = uploaded(app, client, SMALL[: SMALL.index(b"Acme,S-2")])
    press(client, job, complete="on")
    run_jobs(app)
    assert "doesn't name 1 row: it ends" in page(client, latest())
    assert "Apply 1 row, end 1<" in page(client, latest())
    for confirm in ("", "2"):
        assert press(client, latest(), "apply", confirm=confirm).status_code == 400
    assert press(client, latest(), "apply", confirm="1").status_code == 303
    run_jobs(app)
    assert Import.select().order_by(Import.id.desc()).get().cancelled == 1


def test_complete_file_does_not_end_what_came_since_the_check(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL)
    job = uploaded(app, client, SMALL)
    press(client, job, complete="on")
    run_jobs(app)
    job = latest()
    applied(app, client, SMALL.replace(b"S-", b"T-"))
    assert press(client, job, "apply").status_code == 303
    run_jobs(app)
    assert "The data has changed since the check" in page(client, ImportJob.get_by_id(job.id))
    assert Import.select().count() == 2


def test_usage_file_of_totals_that_loses_details_is_confirmed(app: Flask, client: FlaskClient) -> None:
    applied(app, client, b"Customer,Type,Product,Inventory,Used\nAcme,SSL,DV,5,3\nAcme,SSL,EV,5,3\nElse,SSL,DV,1,1\n")
    totals = b"Customer,Inventory,Used\nAcme,10,6\nElse,1,1\n"
    applied(app, client, totals)
    job = uploaded(app, client, totals.replace(b"10,6", b"10,7"))
    text = page(client, job)
    assert "line 2: “Acme”: the file has totals only; one line without Certificate Type and Product replaces" in text
    assert "doesn't name 2 rows: they are removed" in text
    assert "Apply 2 rows, remove 2<" in text
    assert press(client, job, "apply").status_code == 400
    assert press(client, job, "apply", confirm="2").status_code == 303


def test_file_does_what_its_page_shows(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL)
    job = uploaded(app, client, SMALL.replace(b"10.00", b"50.00"))
    assert "S-1, Acme: Cost 10.00 → 50.00" in page(client, job)
    assert "has changed since" not in page(client, job)
    applied(app, client, SMALL.replace(b"10.00", b"60.00"))
    assert "The data has changed since this check." in page(client, job)
    assert press(client, job, "apply").status_code == 303
    run_jobs(app)
    text = page(client, ImportJob.get_by_id(job.id))
    assert "would do something else now" in text
    assert "S-1, Acme: Cost 60.00 → 50.00" in text
    assert Subscription.get(Subscription.ref == "S-1").cost == 6000
    assert press(client, ImportJob.get_by_id(job.id), "apply").status_code == 303
    run_jobs(app)
    assert Subscription.get(Subscription.ref == "S-1").cost == 5000


def test_file_that_still_does_the_same_is_applied(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    applied(app, client, SMALL.replace(b"S-", b"T-"))
    assert press(client, job, "apply").status_code == 303
    run_jobs(app)
    assert ImportJob.get_by_id(job.id).state == states.APPLIED


def test_questions_are_answered_on_the_page(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL)
    job = uploaded(app, client, b"Customer,Subscription ID,End\nACME,S-9,03/04/2026\n")
    text = page(client, job)
    assert "Nothing is applied while questions are open" in text
    assert press(client, job, "apply").status_code == 409
    answer = "Acme" if "did you mean" in text else ""
    press(client, job, dates=["", "dmy"], answer=answer)
    run_jobs(app)
    press(client, latest(), "apply")
    run_jobs(app)
    assert str(Subscription.get(Subscription.ref == "S-9").ends_on) == "2026-04-03"
    assert Customer.select().where(Customer.id > 0).count() == 1


def test_open_question_comes_before_many_others(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL)
    twins = "".join(f"Twin {number},A-{number}\nTWIN {number},B-{number}\n" for number in range(120))
    job = uploaded(app, client, f"Customer,Subscription ID\n{twins}ACME,S-9\n".encode())
    text = page(client, job)
    assert "Nothing is applied while questions are open" in text
    assert "Of 121 questions 100 are shown, the open ones first." in text
    press(client, job, answer="Acme")
    run_jobs(app)
    assert "Customer “ACME” is “Acme”." in page(client, latest())
    press(client, latest(), "apply")
    run_jobs(app)
    assert latest().state == states.APPLIED
    assert Customer.select().where(Customer.name.in_(["Acme", "ACME"])).count() == 1


def test_all_names_are_answered_at_once(app: Flask, client: FlaskClient) -> None:
    applied(app, client, SMALL.replace(b"Acme,S-2", b"Beta,S-2"))
    job = uploaded(app, client, b"Customer,Subscription ID\nACME,S-3\nBETA,S-4\n")
    press(client, job, names="new")
    run_jobs(app)
    assert "did you mean" not in page(client, latest())
    assert "All others are new names." in page(client, latest())
    press(client, latest(), forget="on")
    run_jobs(app)
    assert page(client, latest()).count("did you mean") == 2
    press(client, latest(), names="same")
    run_jobs(app)
    press(client, latest(), "apply")
    run_jobs(app)
    assert [customer.name for customer in Customer.select()] == ["Acme", "Beta"]


def test_dropped_file_is_deleted(app: Flask, client: FlaskClient) -> None:
    job = uploaded(app, client, SMALL)
    assert press(client, job, "cancel").location == "/imports"
    assert not import_jobs(app).uploads.path(job.id).exists()
    assert press(client, job, "apply").status_code == press(client, job, "cancel").status_code == 409
    assert "Dropped" in page(client, latest())


def test_import_is_undone_once(app: Flask, client: FlaskClient) -> None:
    job = applied(app, client, SMALL)
    undo = f'href="/imports/{job.id}?undo=1#undo"'
    assert undo in client.get("/imports").text
    assert "2 rows are removed; 1 customer is removed." in page(client, job, "?undo=1")
    assert [press(client, job, "undo").status_code for _ in range(2)] == [303, 409]
    run_jobs(app)
    assert Subscription.select().count() == 0
    text = page(client, job)
    assert "Undone" in text
    assert undo not in client.get("/imports").text
    assert press(client, job, "undo").status_code == 409
    undoing = Import.get(Import.undoes == job.id)
    assert client.get(f"/imports/{undoing.number}").location == f"/imports/{job.id}"


def test_import_that_cannot_be_undone_says_why(app: Flask, client: FlaskClient) -> None:
    job = applied(app, client, SMALL)
    newer = applied(app, client, SMALL.replace(b"10.00", b"11.00"))
    text = page(client, job, "?undo=1")
    assert f"Import {newer.id}, which is newer" in text
    assert f'<a href="/imports/{newer.id}?undo=1#undo">{newer.id}: <bdi>a.csv</bdi></a>' in text
    press(client, job, "undo")
    run_jobs(app)
    assert f"Import {newer.id}, which is newer" in page(client, job)
    assert Subscription.select().count() == 2


def test_fragment_ends_its_own_polling(app: Flask, client: FlaskClient) -> None:
    upload(client, ("a.csv", SMALL))
    path = f"/imports/{latest().id}"
    assert "every 2s" in client.get(path, headers=FRAGMENT).text
    run_jobs(app)
    text = client.get(path, headers=FRAGMENT).text
    assert "every 2s" not in text
    assert "<html" not in text
    assert "hx-partial" in text


def test_large_file_comes_whole(app: Flask, client: FlaskClient) -> None:
    content = SMALL + b"".join(b"Acme,S-%06d,2026-05-01,10.00\n" % number for number in range(10_000))
    upload(client, ("a.csv", content))
    assert latest().size == len(content)
    assert latest().sha256 == sha256(content).hexdigest()
    assert import_jobs(app).uploads.path(latest().id).read_bytes() == content


def test_more_files_than_the_form_says_are_not_stored(app: Flask, client: FlaskClient) -> None:
    assert "20 at a time, of 500 MB together at most" in client.get("/imports", headers=HTML).text
    answer = upload(client, *((f"{number}.csv", SMALL) for number in range(21)))
    assert (answer.status_code, "be 20 at most" in answer.text) == (413, True)
    assert not ImportJob.select().exists()


def test_file_over_the_limit_is_not_stored(app: Flask, client: FlaskClient) -> None:
    replace_services(app, settings=replace(services(app).settings, import_limit=0))
    answer = upload(client, ("a.csv", b"x" * 100_000))
    assert answer.status_code == 413
    assert "0 MB (IMPORT_LIMIT)" in answer.text
    assert not ImportJob.select().exists()
    folder = import_jobs(app).uploads.path(1).parent
    assert not folder.exists() or not [*folder.iterdir()]


@pytest.mark.parametrize("body", [b"", b"--x\r\nnonsense", b'--x\r\nContent-Disposition: form-data; name="file"; f'])
def test_form_without_a_whole_file_leaves_nothing(app: Flask, client: FlaskClient, body: bytes) -> None:
    answer = client.post("/imports", data=body, headers=OURS, content_type="multipart/form-data; boundary=x")
    assert answer.status_code == 400
    assert not ImportJob.select().exists()
    assert upload(client, ("", b"")).status_code == 400


def test_upload_without_room_is_said(app: Flask, client: FlaskClient) -> None:
    import_jobs(app).uploads.path(1).parent.write_text("a file where the folder should be")
    answer = upload(client, ("a.csv", SMALL))
    assert answer.status_code == 507
    assert not ImportJob.select().exists()


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "temp/passwd"])
def test_names_of_files_are_text(app: Flask, client: FlaskClient, name: str) -> None:
    job = uploaded(app, client, SMALL, name)
    assert job.file == "passwd"
    assert import_jobs(app).uploads.path(job.id).exists()


def test_markup_in_a_file_is_text(app: Flask, client: FlaskClient) -> None:
    content = b"Customer,Subscription ID,<b>x</b>\n<script>alert(1)</script>,S-1,<i>\n"
    job = uploaded(app, client, content, "<img src=x>.csv")
    text = client.get(f"/imports/{job.id}").text
    assert not re.search("<script>|<img|<b>x|<i>", text.partition("<main")[2])


def test_workbook_is_opened_by_the_job_alone(app: Flask, client: FlaskClient) -> None:
    answer = client.get("/reports/customer-subscriptions.xlsx")
    upload(client, ("a.xlsx", answer.data))
    assert "when the check has opened the workbook" in page(client, latest())
    run_jobs(app)
    assert "An Excel workbook" in page(client, latest())
    assert "Column for Customer" in page(client, latest())
    later = client.get(f"/imports/{latest().id}?preview=none", headers=FRAGMENT)
    assert later.headers["HX-Refresh"] == "true"


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "[Content_Types].xml"])
def test_hostile_workbook_is_a_fault(app: Flask, client: FlaskClient, part: str) -> None:
    data = BytesIO()
    with ZipFile(data, "w", ZIP_DEFLATED) as archive:
        archive.writestr(part, b'<row r="1048576"><c r="XFD1048576">' + b" " * 1_000_000)
    job = uploaded(app, client, data.getvalue(), "bomb.xlsx")
    assert job.state == states.CHECKED
    assert "Apply" not in page(client, job)


def test_account_that_does_not_see_costs_imports_nothing(app: Flask) -> None:
    person = signed_in(app, "admin", costs=False)
    assert 'href="/imports"' not in person.get("/reports", headers=HTML).text
    answer = person.get("/imports")
    assert answer.status_code == upload(person, ("a.csv", SMALL)).status_code == 403
    assert "doesn't see all of it" in answer.text


def test_unknown_import_is_404(client: FlaskClient) -> None:
    for path in ("/imports/7", "/imports/7/faults.csv", "/imports/7/changes.csv"):
        assert client.get(path).status_code == 404
    assert client.post("/imports/7/apply", data={"revision": "0"}, headers=OURS).status_code == 404
