"""What an import reports: the number of rows that changed, or the faults for which a file is rejected."""

from dataclasses import astuple, dataclass

_MAX_QUOTED_CHARS = 60


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong in `file`. `line` is where the faulty row begins; the headings are line 1."""

    line: int
    text: str
    file: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class FileRejected(Exception):
    """The file was not loaded. `faults` holds everything wrong with it, by line."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class RowRejected(Exception):
    """A row can't be loaded. Each argument is one reason."""


class FaultList:
    """Collects the faults of one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._faults: list[Fault] = []

    def add(self, line: int, text: str) -> None:
        self._faults.append(Fault(line, text, self._file))

    def add_rejection(self, line: int, rejection: RowRejected) -> None:
        for text in rejection.args:
            self.add(line, text)

    def raise_if_any(self) -> None:
        """Raises FileRejected where a fault was added."""
        if self._faults:
            raise FileRejected(sorted(self._faults, key=lambda fault: fault.line))


def quote(text: str) -> str:
    """Quote `text` for a message: on one line, shortened to 60 characters, without terminal escapes."""
    short = text if len(text) <= _MAX_QUOTED_CHARS else text[: _MAX_QUOTED_CHARS - 1] + "…"
    return "“" + "".join(map(_escape, short)) + "”"


def _escape(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode()


@dataclass(frozen=True)
class RowCounts:
    """How many rows of a file were new, changed a stored row, or equalled it, and how many the file removed."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "RowCounts") -> "RowCounts":
        return RowCounts(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class ImportSummary(RowCounts):
    """The row counts, and how many customers got another name or another reseller.

    As text: "3 rows: 3 added, 0 updated, 0 unchanged, 0 removed; 2 customers renamed, 1 moved".
    """

    renamed: int = 0
    moved: int = 0

    @property
    def rows(self) -> int:
        return self.added + self.updated + self.unchanged

    def __str__(self) -> str:
        counts = f"{self.added} added, {self.updated} updated, {self.unchanged} unchanged, {self.removed} removed"
        return "; ".join([f"{self.rows} rows: {counts}", *self._customer_changes()])

    def _customer_changes(self) -> list[str]:
        changes = [(count, verb) for count, verb in ((self.renamed, "renamed"), (self.moved, "moved")) if count]
        if not changes:
            return []
        (count, verb), *others = changes
        noun = "customer" if count == 1 else "customers"
        return [", ".join([f"{count} {noun} {verb}", *(f"{count} {verb}" for count, verb in others)])]
