"""`flask backup` and `flask restore`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import models
from app.cli.common import audit_actor, echo, explain_errors, record_event
from app.deliveries.runs import skip_waiting_runs
from models import DatabaseContents, utc_now
from models.audit import DONE, FAILED

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))

_COUNTED_TABLES = ("customer", "subscription", "transaction", "user", "saved_view")  # whose rows messages count


@click.command()
@_FILE
def backup(file: Path) -> None:
    """Copy reports into a new FILE, and users into FILE.users, as they are at one moment. The server may run."""
    with record_failure("backup", file):
        contents = models.create_backup(file)
    record_event("backup", DONE, str(file), rows=sum(contents.rows.values()))
    echo(f"{file} has {_describe(contents)}.")


@click.command()
@_FILE
@click.option("--yes", is_flag=True, help="Don't ask in a terminal; elsewhere nothing is asked.")
def restore(file: Path, yes: bool) -> None:
    """Replace all data by the backup in FILE and FILE.users. Stop the server first."""
    with record_failure("restore", file):
        contents = models.read_backup(file)
        echo(f"{file} has {_describe(contents)}; its last event is of {contents.last_event or 'never'} UTC.")
        echo(_describe_loss(file))
        if not yes and sys.stdin and sys.stdin.isatty():
            click.confirm("Restore it?", abort=True)
        models.restore_backup(file, audit_actor(), lambda: skip_waiting_runs(utc_now()))
    with explain_errors():
        applied = models.apply_migrations()
    if applied:
        echo(f"Applied {', '.join(applied)}.")
    echo("Restored. Everybody has to sign in again.")


@contextmanager
def record_failure(event: str, file: Path) -> Iterator[None]:
    """Explain in one line why a command failed, and record it in the audit trail."""
    try:
        with explain_errors():
            yield
    except click.ClickException as error:
        record_event(event, FAILED, str(file), why=error.message)
        raise


def _describe(contents: DatabaseContents) -> str:
    counts = [f"{contents.rows.get(table, 0):,} {table.replace('_', ' ')}s" for table in _COUNTED_TABLES]
    return f"{', '.join(counts)}; the last import was {contents.last_import or 'never'}"


def _describe_loss(file: Path) -> str:
    """Describe the data that a restore replaces, as far as it can be read."""
    try:
        loss = f"Now there are {_describe(models.live_contents())}. All of it goes; only the audit trail loses nothing."
        emails = ", ".join(models.users_reenabled_by(file))
    except models.DATABASE_ERRORS as error:
        return f"The present data can't be read ({models.describe_error(error)}), and goes."
    return f"{loss}\nDisabled now, and then let in again: {emails}." if emails else loss
