"""The result of an import: the number of rows that changed, or the faults for which a file is rejected."""

from dataclasses import dataclass
from typing import NamedTuple

from models import printable

CHANGES = (
    "added",
    "updated",
    "unchanged",
    "removed",
)  # what an import does to rows; their numbers are kept by Counters

MAX_KEPT_FAULTS = 1000  # faults of a file that are kept; all are counted
_MAX_QUOTED_CHARS = 60


class Fault(NamedTuple):
    """One thing that is wrong in a file. `line` is where the faulty row begins; the headings are line 1."""

    line: int
    text: str


class Faults:
    """What is wrong with a file: how many faults, and the first MAX_KEPT_FAULTS of them. A file may have millions."""

    def __init__(self) -> None:
        self.number, self.kept = 0, list[Fault]()

    def add(self, line: int, *reasons: str) -> None:
        """Add what is wrong with a row."""
        self.number += len(reasons)
        self.kept += [Fault(line, reason) for reason in reasons[: MAX_KEPT_FAULTS - len(self.kept)]]


class FileRejected(Exception):
    """The file was not loaded. `faults` are the first things that are wrong with it, by line, of `number` in all."""

    def __init__(self, file: str, faults: Faults) -> None:
        super().__init__(file, faults)
        self.number, self.faults = faults.number, sorted(faults.kept, key=lambda fault: fault.line)
        self.messages = [f"{file}:{fault.line}: {fault.text}" for fault in self.faults]

    def __str__(self) -> str:
        return "\n".join(self.messages)


class RowRejected(Exception):
    """A row can't be loaded. Each argument is one reason."""


def quote(text: str) -> str:
    """Quote `text` for a message: on one line, shortened to 60 characters, without terminal escapes."""
    short = text if len(text) <= _MAX_QUOTED_CHARS else text[: _MAX_QUOTED_CHARS - 1] + "…"
    return f"“{printable(short, keep='')}”"


@dataclass(frozen=True)
class ImportSummary:
    """The numbers of rows that were new, changed a stored row, or equalled it, and of those that the file removed.

    `renamed` and `moved` count customers that got another name or another reseller. As text:
    "3 rows: 3 added, 0 updated, 0 unchanged, 0 removed; customers: 2 renamed, 1 moved".
    """

    added: int
    updated: int
    unchanged: int
    removed: int
    renamed: int
    moved: int

    @property
    def rows(self) -> int:
        return self.added + self.updated + self.unchanged

    def __str__(self) -> str:
        counts = f"{self.added} added, {self.updated} updated, {self.unchanged} unchanged, {self.removed} removed"
        customers = f"; customers: {self.renamed} renamed, {self.moved} moved" if self.renamed or self.moved else ""
        return f"{self.rows} rows: {counts}{customers}"
