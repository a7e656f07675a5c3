"""Imports in the browser: upload, check, apply, and what each page says."""

from flask import Flask
from flask.testing import FlaskClient

from app.jobs import states
from models import Import, ImportJob, Subscription
from tests.support import EDGE_CASES
from tests.web.jobs import import_jobs, latest, press, run_jobs, uploaded

SUBSCRIPTIONS = (EDGE_CASES / "customer-subscriptions.csv").read_bytes()
SMALL = b"Customer,Subscription ID,End,Cost\nAcme,S-1,2026-05-01,10.00\nAcme,S-2,2026-06-01,20.00\n"
HTML = {"Accept": "text/html"}


def page(client: FlaskClient, job: ImportJob) -> str:
    answer = client.get(f"/imports/{job.id}", headers=HTML)
    assert answer.status_code == 200
    return answer.text


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
    assert "Take back" in text
    assert "2 new" in client.get("/imports").text
