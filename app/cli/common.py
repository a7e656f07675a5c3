"""What commands share: error messages and the audit trail."""

from collections.abc import Iterator
from contextlib import contextmanager
from getpass import getuser
from typing import Any

import click

import models
from models import DATABASE_ERRORS, audit, describe_error


@contextmanager
def database_ready() -> Iterator[None]:
    """Refuse a database that isn't of this version, before anything else is said about it."""
    with database_errors_explained():
        models.check()
        yield


@contextmanager
def database_errors_explained() -> Iterator[None]:
    """Turn what the database refuses into one line and exit code 1."""
    try:
        yield
    except models.SchemaMismatch as unfit:
        raise click.ClickException(f"The database can't be used: {unfit}") from None
    except models.DATABASE_ERRORS as error:
        raise click.ClickException(
            f"The database can't be used: {models.describe_error(error)}. Nothing was changed."
        ) from error


def record_event(event: str, outcome: str, about: str, **details: Any) -> None:
    """Add what a command did to the trail. It is done by then, so that a trail that can't be written is only told."""
    try:
        audit.record(event, outcome, about=about, **audit_actor(), **details)
    except DATABASE_ERRORS as error:
        click.echo(f"The audit trail can't be written: {describe_error(error)}", err=True)


def audit_actor() -> dict[str, str]:
    """Who runs the command, as far as the machine knows: in a container nobody may have a name."""
    try:
        return {"who": f"{getuser()} (command line)"}
    except (KeyError, OSError):
        return {"who": "(command line)"}
