"""The audit trail of commands."""

from getpass import getuser
from typing import Any

import click
from peewee import DatabaseError

from models import audit


def note(event: str, outcome: str, about: str, **details: Any) -> None:
    """Add what a command did to the trail. It is done by then, so that a trail that can't be written is only told."""
    try:
        audit.record(event, outcome, who=_who(), about=about, **details)
    except DatabaseError as error:
        click.echo(f"The audit trail can't be written: {error}", err=True)


def _who() -> str:
    """The operator, as far as the machine knows: in a container nobody may have a name."""
    try:
        return f"{getuser()} (command line)"
    except (KeyError, OSError):
        return "(command line)"
