"""What is wrong with a file, line by line."""

from dataclasses import dataclass

_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """`line` is where the faulty record begins, the heading being line 1."""

    line: int
    text: str
    file: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class FileRejected(Exception):
    """A file that was not loaded. `faults` holds everything wrong with it, in the order of its lines."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(faults)
        self.faults = faults

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


class RowRejected(Exception):
    """A row that can't be right. Its arguments say why, each for itself."""


class FaultList:
    """Collects the faults of one file."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._found: list[Fault] = []

    def add(self, line: int, text: str) -> None:
        self._found.append(Fault(line, text, self._file))

    def add_rejection(self, line: int, why: RowRejected) -> None:
        for text in why.args:
            self.add(line, text)

    def check(self) -> None:
        """Raises Faulty when anything was found."""
        if self._found:
            raise FileRejected(sorted(self._found, key=lambda fault: fault.line))


def quote(text: str) -> str:
    """`text` as a message shows it: in quotation marks, on one line, not too long, harmless to a terminal."""
    short = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return "“" + "".join(map(_visible, short)) + "”"


def _visible(letter: str) -> str:
    return letter if letter.isprintable() else letter.encode("unicode_escape").decode()
