"""`flask backup` and `restore`: an installation kept, and brought back."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

import models
from app.cli.refusals import explained
from app.cli.trail import note, operator
from models import Backup, BadBackup
from models.audit import DONE, FAILED

_FILE = click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
_TOLD = {
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
    with _noted("backup", file):
        made = models.back_up(file)
    note("backup", DONE, str(file), rows=sum(made.rows.values()))
    click.echo(f"{file} has {_told(made)}.")


@click.command()
@_FILE
@click.option("--yes", is_flag=True, help="Don't ask in a terminal; elsewhere nothing is asked.")
def restore(file: Path, yes: bool) -> None:
    """Put what `flask backup` has kept in FILE in the place of all that is there now. The server may run."""
    with _noted("restore", file):
        kept = models.read_backup(file)
        models.verify(file, kept)
        click.echo(f"{file} was made at {kept.made_at} UTC and has {_told(kept)}.")
        click.echo(_lost(file))
        if not yes and sys.stdin and sys.stdin.isatty():
            click.confirm("Restore it?", abort=True)
        models.restore(file, operator(), made_at=kept.made_at)
    with explained():
        applied = models.migrate()
    if applied:
        click.echo(f"Applied {', '.join(applied)}.")
    click.echo("Restored. Everybody has to sign in again.")


@contextmanager
def _noted(event: str, file: Path) -> Iterator[None]:
    """Say in one line what keeps a command from its work, and in the trail that something did."""
    try:
        with explained():
            yield
    except BadBackup as why:
        note(event, FAILED, str(file), why=str(why))
        raise click.ClickException(f"{why}. Nothing was changed.") from None
    except click.ClickException as refused:
        note(event, FAILED, str(file), why=refused.message)
        raise


def _told(backup: Backup) -> str:
    counts = [f"{backup.rows.get(table, 0):,} {name}" for table, name in _TOLD.items()]
    return f"{', '.join(counts)}; the last import was {backup.last_import or 'never'}"


def _lost(file: Path) -> str:
    """What a restore takes away, as far as it can be read."""
    try:
        lines = [f"Now there are {_told(models.present())}. All of it goes; only the audit trail loses nothing."]
        if again := models.let_in_again(file):
            lines.append(f"Disabled now, and then let in again: {', '.join(again)}.")
    except (BadBackup, *models.TROUBLE) as error:
        return f"What is there now can't be read ({models.told(error)}), and goes."
    return "\n".join(lines)
