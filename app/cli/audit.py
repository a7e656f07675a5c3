"""`flask audit`: archive old events of the audit trail."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from app.cli.common import CommandError, audit_actor, echo, require_database
from app.web.services import services
from models import timestamp
from models.audit import archive_events

_DAY = 24 * 60 * 60  # seconds


@click.group()
def audit() -> None:
    """Archive old events of the audit trail."""


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def archive(file: Path) -> None:
    """Move events that are older than AUDIT_DAYS into a new FILE, a line of JSON for each."""
    days = services().settings.audit_days
    before = timestamp(-days * _DAY)
    with require_database():
        try:
            number = archive_events(before, file, **audit_actor())
        except OSError as error:
            raise CommandError(f"{file} can't be made: {error.strerror}. Nothing was archived.") from None
    if number:
        echo(f"Moved {number:,} event{'' if number == 1 else 's'} from before {before} UTC into {file}.")
    else:
        echo(f"No event is older than {days} days.")
