"""The command `flask jobs`."""

import sys

import click

from app.cli.common import echo, require_database
from app.jobs.runner import run_jobs
from app.web.request_log import JSON_FORMAT, configure_logging
from app.web.services import services


@click.command()
def jobs() -> None:
    """Work on jobs, such as imports in the browser, until stopped. Run one of these beside the server."""
    sender = services().sender
    configure_logging(None if sys.stderr.isatty() else JSON_FORMAT)
    with require_database():
        echo("Working on imports and deliveries." if sender else "Working on imports.")
        run_jobs(services().import_jobs, sender)
