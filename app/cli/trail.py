"""The audit trail of commands."""

from getpass import getuser
from typing import Any

import click

from models import TROUBLE, audit, told


def note(event: str, outcome: str, about: str, **details: Any) -> None:
    """Add what a command did to the trail. It is done by then, so that a trail that can't be written is only told."""
    try:
        audit.record(event, outcome, about=about, **operator(), **details)
    except TROUBLE as error:
        click.echo(f"The audit trail can't be written: {told(error)}", err=True)


def operator() -> dict[str, str]:
    """Who runs the command, as far as the machine knows: in a container nobody may have a name."""
    try:
        return {"who": f"{getuser()} (command line)"}
    except (KeyError, OSError):
        return {"who": "(command line)"}
