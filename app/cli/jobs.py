"""The command `flask jobs`."""

import sys

import click
from flask import current_app

from app.cli.common import database_ready, say
from app.deliveries.sending import Sender
from app.jobs.imports import ImportJobs
from app.jobs.runner import run_jobs
from app.web.request_log import JSON_FORMAT, configure_logging


@click.command()
def jobs() -> None:
    """Work on jobs, such as imports in the browser, until stopped. Run one of these beside the server."""
    work: ImportJobs = current_app.extensions["import_jobs"]
    sender: Sender | None = current_app.extensions.get("delivery_sender")
    configure_logging(None if sys.stderr.isatty() else JSON_FORMAT)
    with database_ready():
        say("Working on imports and deliveries." if sender else "Working on imports.")
        run_jobs(work, sender)
