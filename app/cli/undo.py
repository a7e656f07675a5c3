"""`flask import --list` and `flask import --undo NUMBER`."""

import click

from app.cli.common import CommandError, WaitingNotice, audit_actor, database_ready, progress_bar, record_event, say
from app.importing import CannotUndo, ListedImport, import_list, numbered, undo_import, undo_preview
from models import Import
from models.audit import DONE

_LISTED = 50  # imports
_HEADINGS = ("Number", "When (UTC)", "Who", "File", "Added", "Updated", "Removed", "Cancelled", "State")
_TEXTS = ("When (UTC)", "Who", "File", "State")  # which are aligned to the left


def print_imports() -> None:
    """Print the newest imports as a table."""
    with database_ready():
        imports, total = list(import_list().limit(_LISTED)), Import.select().count()
    rows = [_HEADINGS, *map(_cells, imports)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        columns = zip(_HEADINGS, row, widths, strict=True)
        cells = (cell.ljust(width) if name in _TEXTS else cell.rjust(width) for name, cell, width in columns)
        say("  ".join(cells).rstrip())
    if total > len(imports):
        say(f"… and {total - len(imports):,} older ones")


def undo(number: int, yes: bool) -> None:
    """Say what undoing an import would do, ask, and do it."""
    try:
        with database_ready():
            preview = undo_preview(number)
            undone = Import.get(Import.number == number)
            about = f"{undone.report} {undone.file}"
            say(f"Import {number}, {about}, by {undone.who}: {preview.summary}.")
            for line in preview.remaining:
                say(line)
            if not yes:
                click.confirm(f"Undo import {number}?", abort=True)
            who = audit_actor()["who"]
            with (
                numbered(who, f"Undo of import {number}: {undone.file}", report=undone.report) as undo_number,
                progress_bar(undone.changed_rows, f"Undo of import {number}") as advance,
            ):
                undo_import(number, undo_number, who, advance, WaitingNotice())
    except CannotUndo as reason:
        raise CommandError(str(reason)) from None
    record_event("import undone", DONE, about, number=number, undo=undo_number)
    say(f"Import {number} is undone, by import {undo_number}.")


def _cells(each: ListedImport) -> tuple[str, ...]:
    counts = (each.added, each.updated, each.removed, each.cancelled)
    return (
        *("" if each.number is None else str(each.number), str(each.loaded_at), each.who, each.file),
        *(f"{count:,}" for count in counts), each.state,
    )  # fmt: skip
