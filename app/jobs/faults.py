"""All faults of a file, and its copy with a column that tells them."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from sys import maxsize

from app.importing import Fault, Faults, Options, Reader, RecognisedFile
from app.importing.encodings import read_lines
from app.importing.results import Unreadable
from app.importing.sorted_rows import SortedRows
from app.table.csv import EXCEL, SEMICOLON, Dialect
from app.table.kinds import unguard
from models import OWNER_ONLY

HEADING = "Fault"  # of the column
_NO_MORE_FAULTS: tuple[int, list[str]] = (maxsize, [])  # behind the last line


class FaultLog(Faults):
    """Keeps all faults of a file. Use it in a `with`."""

    def __init__(self) -> None:
        super().__init__()
        self._all = SortedRows()

    def __enter__(self) -> "FaultLog":
        return self

    def __exit__(self, *_: object) -> None:
        self._all.__exit__()

    def append(self, fault: Fault) -> None:
        super().append(fault)
        self._all.add((fault.line, fault.text))

    def by_line(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each line with faults, in their order, and what is wrong with it."""
        for line, faults in groupby(self._all, itemgetter(0)):
            yield line, [text for _, text in faults]


def write_faults(file: RecognisedFile, options: Options, faults: FaultLog, path: Path) -> None:
    """Write the headings and rows of a file as a CSV with a column of faults. Raises OSError when the disk is full.

    A line that is no row, because of a quote or of its bytes, stands as it is in the first cell. A file with semicolons
    gets them again: where Excel has written these it opens a file with commas in one column.
    """
    dialect = SEMICOLON if file.delimiter == SEMICOLON.delimiter else EXCEL
    row, lines = partial(_row, dialect, len(file.headings)), _Lines(file)
    draft = path.with_name(f"{path.name}.part")
    draft.touch(OWNER_ONLY)
    with draft.open("w", encoding="utf-8", errors="replace", newline="") as out:
        out.write(dialect.start)
        for line, cells, texts in _join_faults(_rows(file, options, dialect), faults.by_line()):
            if cells is None:
                out.write(row([lines.text(line)], texts))
            else:
                out.write(row(cells, [HEADING] if line == file.heading_line and not texts else texts))
    draft.replace(path)


def _join_faults(
    rows: Iterable[tuple[int, Sequence[str]]], faults: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, Sequence[str] | None, list[str]]]:
    """Yield line, cells and faults of each row, and of each other line with faults, which has None instead of cells.

    Both come in the order of lines.
    """
    faulty, texts = next(faults, _NO_MORE_FAULTS)
    for line, cells in rows:
        while faulty < line:
            yield faulty, None, texts
            faulty, texts = next(faults, _NO_MORE_FAULTS)
        if faulty == line:
            yield line, cells, texts
            faulty, texts = next(faults, _NO_MORE_FAULTS)
        else:
            yield line, cells, []
    if texts:
        yield faulty, None, texts
    yield from ((line, None, rest) for line, rest in faults)


def _row(dialect: Dialect, width: int, cells: Sequence[str], faults: Sequence[str]) -> str:
    padding = [""] * (width - len(cells))
    return dialect.line([*cells, *padding, "; ".join(faults)])


def _rows(file: RecognisedFile, options: Options, dialect: Dialect) -> Iterator[tuple[int, Sequence[str]]]:
    """The headings, and the rows after them as the file has them, without formula guards: these are written anew."""
    if not file.headings:
        return
    for line, cells in _guarded_rows(file, options):
        yield line, cells if file.sheet is not None else [unguard(cell, dialect.delimiter) for cell in cells]


def _guarded_rows(file: RecognisedFile, options: Options) -> Iterator[tuple[int, Sequence[str]]]:
    yield file.heading_line, file.headings
    if file.layout is not None:
        with suppress(Unreadable):  # which is a fault
            yield from Reader(file, options).numbered_rows()
        return
    yield from file.rows_below_headings()


class _Lines:
    """The lines of a file by their numbers, which must be asked for in their order."""

    def __init__(self, file: RecognisedFile) -> None:
        is_text = file.encoding is not None and file.sheet is None
        lines = read_lines(file.stream, file.encoding) if is_text and file.encoding else iter(())
        self._numbered = enumerate(lines, 1)

    def text(self, number: int) -> str:
        """The text of a line, "" in a workbook."""
        return next((text.rstrip("\n") for at, text in self._numbered if at >= number), "")
