"""All faults of a file, and its copy with a column that tells them."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

from app.importing import Fault, Faults, Options, Reader, RecognisedFile
from app.importing.encodings import read_lines
from app.importing.results import Unreadable
from app.importing.sorted_rows import SortedRows
from app.table.csv import EXCEL
from app.table.kinds import unguard
from models.sqlite import OWNER_ONLY

HEADING = "Fault"  # of the column


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

    A line that is no row, because of a quote or of its bytes, stands as it is in the first cell.
    """
    width = len(file.headings)
    lines = _Lines(file)
    rest = faults.by_line()
    wrong, texts = next(rest, (0, []))
    draft = path.with_name(f"{path.name}.part")
    draft.touch(OWNER_ONLY)
    with draft.open("w", encoding="utf-8", errors="replace", newline="") as out:
        out.write(EXCEL.start)
        for line, cells in chain(_rows(file, options), [(0, [])]):  # 0 is after the last row
            while wrong and (line == 0 or wrong < line):
                out.write(_row([lines.text(wrong)], width, texts))
                wrong, texts = next(rest, (0, []))
            if line and wrong == line:
                out.write(_row(cells, width, texts))
                wrong, texts = next(rest, (0, []))
            elif line:
                out.write(_row(cells, width, [HEADING] if line == file.heading_line else []))
    draft.replace(path)


def _row(cells: Sequence[str], width: int, faults: Sequence[str]) -> str:
    padding = [""] * (width - len(cells))
    return EXCEL.line([*cells, *padding, "; ".join(faults)])


def _rows(file: RecognisedFile, options: Options) -> Iterator[tuple[int, Sequence[str]]]:
    """The headings, and the rows after them as the file has them, without formula guards: these are written anew."""
    if not file.headings:
        return
    delimiter = ";" if file.delimiter == ";" else ","
    for line, cells in _guarded_rows(file, options):
        yield line, cells if file.sheet is not None else [unguard(cell, delimiter) for cell in cells]


def _guarded_rows(file: RecognisedFile, options: Options) -> Iterator[tuple[int, Sequence[str]]]:
    yield file.heading_line, file.headings
    if file.layout is not None:
        with suppress(Unreadable):  # which is a fault
            yield from Reader(file, options).numbered_rows()
        return
    rows = file.sheet_rows() if file.sheet is not None else iter(file.csv_rows(lambda line, text: None))
    yield from (row for row in rows if row[0] > file.heading_line)


class _Lines:
    """The lines of a file by their numbers, which must be asked for in their order."""

    def __init__(self, file: RecognisedFile) -> None:
        is_text = file.encoding is not None and file.sheet is None
        lines = read_lines(file.stream, file.encoding) if is_text and file.encoding else iter(())
        self._numbered = enumerate(lines, 1)

    def text(self, number: int) -> str:
        """The text of a line, "" in a workbook."""
        return next((text.rstrip("\n") for at, text in self._numbered if at >= number), "")
