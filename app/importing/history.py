"""What imports changed, row by row, and how one is taken back. A stand-in."""

# ruff: noqa: ARG001

from collections.abc import Iterator
from typing import NamedTuple

from app.importing.reader import Progress
from app.importing.results import ImportSummary


class CannotUndo(Exception):
    """An import can't be taken back; the message says why."""


class UndoPreview(NamedTuple):
    """What taking an import back would do."""

    summary: ImportSummary
    kept: list[str]


class RowChange(NamedTuple):
    """One value of a row that an import changed."""

    change: str
    row: str
    column: str
    before: str
    after: str


def undo_preview(number: int) -> UndoPreview:
    raise CannotUndo("Nothing is kept of this import.")


def undo_import(number: int, undo_number: int, who: str = "", progress: Progress | None = None) -> ImportSummary:
    raise CannotUndo("Nothing is kept of this import.")


def changed_rows(number: int) -> Iterator[RowChange]:
    return iter(())


def discard_history(days: int) -> int:
    return 0
