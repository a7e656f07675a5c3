"""Parts of all commands: errors as messages, progress bars, and audit events."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from getpass import getuser
from time import monotonic
from typing import Any

import click

import models
from app.table.totals import TooManyGroups
from app.validation import ValidationError
from models import DATABASE_ERRORS, BackupError, BadDatabaseURL, DatabaseNotEmpty, audit, describe_error, printable

MAX_WAIT = 3600  # seconds that a command waits for another import


class CommandError(click.ClickException):
    """Ends a command with exit code 1. The message may quote names and files."""

    def format_message(self) -> str:
        return printable(self.message)


def echo(text: str = "", err: bool = False) -> None:
    """Print a line, or several. Characters that control a terminal are escaped: names may have them."""
    click.echo(printable(text, keep="\n\t"), err=err)


@contextmanager
def require_database() -> Iterator[None]:
    """Check that the database has this version's schema, then run the block. Exits with 1 and a message otherwise."""
    with explain_errors():
        models.check_schema()
        yield


@contextmanager
def explain_errors() -> Iterator[None]:
    """Turn errors that a person can do something about into a message of one line and exit code 1."""
    try:
        yield
    except (BackupError, BadDatabaseURL, DatabaseNotEmpty, TooManyGroups, ValidationError) as error:
        raise CommandError(str(error)) from None
    except models.SchemaMismatch as error:
        raise CommandError(f"The database can't be used: {error}") from None
    except DATABASE_ERRORS as error:
        message = f"The database can't be used: {describe_error(error)}. Nothing was changed."
        raise CommandError(message) from error


def record_event(event: str, outcome: str, about: str, **details: Any) -> None:
    """Record what a command has done. A failure only prints a warning: the work is committed by then."""
    try:
        audit.record(event, outcome, about=about, **audit_actor(), **details)
    except DATABASE_ERRORS as error:
        echo(f"The audit trail can't be written: {describe_error(error)}", err=True)


def audit_actor() -> dict[str, str]:
    """The name of the operating system's user. In a container the user id may have no name."""
    try:
        return {"who": f"{getuser()} (command line)"}
    except (KeyError, OSError):
        return {"who": "(command line)"}


class WaitingNotice:
    """Says once that a command waits for another import to end. Raises CommandError when that takes MAX_WAIT."""

    def __init__(self) -> None:
        self._since: float | None = None

    def __call__(self) -> None:
        if self._since is None:
            self._since = monotonic()
            echo("Waiting for another import…", err=True)
        if monotonic() - self._since >= MAX_WAIT:
            raise CommandError("Another process doesn't stop writing. Nothing was changed; try again later.")


@contextmanager
def progress_bar(length: int, label: str) -> Iterator[Callable[[int], None] | None]:
    """A progress bar on a terminal, None elsewhere or where the length isn't known."""
    if not (length and sys.stderr.isatty()):
        yield None
        return
    steps = max(length // 100, 1)
    with click.progressbar(length=length, label=label, file=sys.stderr, update_min_steps=steps) as bar:
        yield bar.update
        bar.finish()
        bar.render_progress()
