"""Faults of an import file: collected line by line, and raised together."""

from dataclasses import dataclass

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
