"""`flask import --list` and `flask import --undo NUMBER`."""

import click

from app.cli.common import (
    CommandError,
    WaitingNotice,
    audit_actor,
    echo,
    progress_bar,
    record_event,
    require_database,
)
from app.importing import CannotUndo, newest_imports, numbered_import, undo_import, undo_preview
from models import Import
from models.audit import DONE

_LISTED = 50  # imports
_HEADINGS = ("Number", "When (UTC)", "Who", "File", "Added", "Updated", "Removed", "Cancelled", "State")
_TEXTS = ("When (UTC)", "Who", "File", "State")  # which are aligned to the left


def print_imports() -> None:
    """Print the newest imports as a table."""
    with require_database():
        imports, total = newest_imports(_LISTED), Import.select().count()
    rows = [_HEADINGS, *(_cells(*listed) for listed in imports)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        columns = zip(_HEADINGS, row, widths, strict=True)
        cells = (cell.ljust(width) if name in _TEXTS else cell.rjust(width) for name, cell, width in columns)
        echo("  ".join(cells).rstrip())
    if total > len(imports):
        echo(f"… and {total - len(imports):,} older ones")


def undo(number: int, yes: bool) -> None:
    """Say what undoing an import would do, ask, and do it."""
    try:
        with require_database():
            preview = undo_preview(number)
            undone = Import.get(Import.number == number)
            about = f"{undone.report} {undone.file}"
            echo(f"Import {number}, {about}, by {undone.who}: {preview.summary}.")
            for line in preview.remaining:
                echo(line)
            if not yes:
                click.confirm(f"Undo import {number}?", abort=True)
            who = audit_actor()["who"]
            with (
                numbered_import(who, f"Undo of import {number}: {undone.file}", report=undone.report) as undo_number,
                progress_bar(undone.changed_rows, f"Undo of import {number}") as advance,
            ):
                undo_import(number, undo_number, who, advance, WaitingNotice())
    except CannotUndo as reason:
        raise CommandError(str(reason)) from None
    record_event("import undone", DONE, about, number=number, undo=undo_number)
    echo(f"Import {number} is undone, by import {undo_number}.")


def _cells(import_: Import, state: str) -> tuple[str, ...]:
    counts = (import_.added, import_.updated, import_.removed, import_.cancelled)
    return (
        "" if import_.number is None else str(import_.number),
        str(import_.loaded_at),
        str(import_.who),
        str(import_.file),
        *(f"{count:,}" for count in counts),
        state,
    )
