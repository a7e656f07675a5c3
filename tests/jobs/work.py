"""Work on the jobs that a test's requests have queued, in the test's own thread."""

from io import BytesIO

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.jobs.imports import ImportJobs
from app.web.services import services
from models import ImportJob
from tests.support import OURS


def import_jobs(app: Flask) -> ImportJobs:
    jobs: ImportJobs = services(app).import_jobs
    return jobs


def run_jobs(app: Flask) -> None:
    """Do what `flask jobs` does with the queue, until it is empty."""
    queue = import_jobs(app).queue
    while task := queue.dequeue():
        queue.execute(task)


def upload(client: FlaskClient, *files: tuple[str, bytes]) -> TestResponse:
    data = {"file": [(BytesIO(content), name) for name, content in files]}
    return client.post("/imports", data=data, headers=OURS, content_type="multipart/form-data")


def uploaded(app: Flask, client: FlaskClient, content: bytes, name: str = "a.csv") -> ImportJob:
    """Upload a file, let it be checked, and return its job."""
    answer = upload(client, (name, content))
    assert answer.status_code == 303, answer.text
    run_jobs(app)
    return latest()


def latest() -> ImportJob:
    job: ImportJob = ImportJob.select().order_by(ImportJob.id.desc()).get()
    return job


def press(client: FlaskClient, job: ImportJob, action: str = "", **form: str | list[str]) -> TestResponse:
    """Send a form of an import's page, as of the revision that the job has."""
    path = f"/imports/{job.id}/{action}".rstrip("/")
    return client.post(path, data={"revision": str(job.revision), **form}, headers=OURS)
