"""`flask backup` and `restore`: an installation kept, and brought back."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import models
from app.cli.common import audit_actor, database_errors_explained, record_event
from models import Backup, BackupError
from models.audit import DONE, FAILED

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_COUNTED_TABLES = {
    "customer": "customers",
    "subscription": "subscriptions",
    "transaction": "transactions",
    "user": "users",
    "saved_view": "saved views",
}
"""Tables whose rows are told, and what they are."""


@click.command()
@_FILE
def backup(file: Path) -> None:
    """Copy reports into a new FILE, and users into one beside it, as they are at one moment. They can be in use."""
    with _audited("backup", file):
        made = models.create_backup(file)
    record_event("backup", DONE, str(file), rows=sum(made.rows.values()))
    click.echo(f"{file} has {_describe_backup(made)}.")


@click.command()
@_FILE
@click.option("--yes", is_flag=True, help="Don't ask in a terminal; elsewhere nothing is asked.")
def restore(file: Path, yes: bool) -> None:
    """Put what `flask backup` has kept in FILE in the place of all that is there now. The server may run."""
    with _audited("restore", file):
        kept = models.read_backup(file)
        models.verify_backup(file, kept)
        click.echo(f"{file} was made at {kept.made_at} UTC and has {_describe_backup(kept)}.")
        click.echo(_describe_loss(file))
        if not yes and sys.stdin and sys.stdin.isatty():
            click.confirm("Restore it?", abort=True)
        models.restore_backup(file, audit_actor(), made_at=kept.made_at)
    with database_errors_explained():
        applied = models.migrate()
    if applied:
        click.echo(f"Applied {', '.join(applied)}.")
    click.echo("Restored. Everybody has to sign in again.")


@contextmanager
def _audited(event: str, file: Path) -> Iterator[None]:
    """Say in one line what keeps a command from its work, and in the trail that something did."""
    try:
        with database_errors_explained():
            yield
    except BackupError as why:
        record_event(event, FAILED, str(file), why=str(why))
        raise click.ClickException(f"{why}. Nothing was changed.") from None
    except click.ClickException as refused:
        record_event(event, FAILED, str(file), why=refused.message)
        raise


def _describe_backup(backup: Backup) -> str:
    counts = [f"{backup.rows.get(table, 0):,} {name}" for table, name in _COUNTED_TABLES.items()]
    return f"{', '.join(counts)}; the last import was {backup.last_import or 'never'}"


def _describe_loss(file: Path) -> str:
    """What a restore takes away, as far as it can be read."""
    try:
        lines = [
            f"Now there are {_describe_backup(models.describe_current())}. "
            "All of it goes; only the audit trail loses nothing."
        ]
        if again := models.users_reenabled_by(file):
            lines.append(f"Disabled now, and then let in again: {', '.join(again)}.")
    except (BackupError, *models.DATABASE_ERRORS) as error:
        return f"What is there now can't be read ({models.describe_error(error)}), and goes."
    return "\n".join(lines)
