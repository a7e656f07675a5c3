"""Recognise a file: its encoding, delimiter and headings, the report that it belongs to, what each heading means."""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO

from python_calamine import CalamineSheet

from app.importing.csv_rows import DELIMITERS, CsvRows, FaultSink, NumberedRow
from app.importing.encodings import (
    ENCODINGS,
    Encoding,
    find_accents,
    find_bad_bytes,
    read_lines,
    recognise_encoding,
)
from app.importing.layouts import LAYOUTS, Layout, heading_key
from app.importing.options import Options
from app.importing.results import Fault, Unreadable, quote
from app.importing.workbook import OLD_SIGNATURE, SIGNATURE, open_sheets, sheet_rows
from models import clean_text

IMPORTABLE = tuple(LAYOUTS)  # the slugs of reports that have an import file

SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)  # tells Excel the delimiter
_ROWS_BEFORE_HEADINGS = 20  # among which the headings are looked for
_MIN_HEADINGS = 2  # known ones, which tell the headings from a title above them
_TITLE_SHARE = 2  # a row with less than half as many cells as another is a title above the headings
_BYTES_OF_FORMAT = 64  # in which a file's signature stands
_WEB_PAGE = "a web page or XML, whatever its name says; open it in Excel, and save it as .xlsx or as CSV"
_PICTURE = "a picture; choose a CSV file or an Excel workbook (.xlsx)"
_OTHER_FORMATS = {  # what files are that begin like that, in lower case
    OLD_SIGNATURE: "a workbook of Excel before 2007, or one with a password; save it as .xlsx without one, or as CSV",
    b"%pdf-": "a PDF; choose a CSV file or an Excel workbook (.xlsx)",
    b"\x89png": _PICTURE, b"\xff\xd8\xff": _PICTURE, b"gif8": _PICTURE,
    b"<!doctype": _WEB_PAGE, b"<html": _WEB_PAGE, b"<table": _WEB_PAGE, b"<?xml": _WEB_PAGE,
}  # fmt: skip


@dataclass(frozen=True)
class RecognisedFile:
    """A file, and how it is to be read.

    layout:       of the report that its headings belong to; None where they don't tell.
    headings:     as the file has them, but for blanks around; `heading_line` is where they stand.
    mapping:      the column's key for each heading, "" for one that is left out, None for one that means nothing to us.
    encoding, delimiter: of a CSV.
    sheet, other_sheets: of a workbook, the one that is read and the names of the others.
    other_tables: the names of other sheets that have the headings of a report.
    error_cells:  how many cells of the workbook have an error.
    size:         in bytes.
    """

    name: str
    stream: IO[bytes]
    size: int
    layout: Layout | None = None
    headings: Sequence[str] = ()
    heading_line: int = 1
    mapping: Sequence[str | None] = ()
    encoding: Encoding | None = None
    delimiter: str = ""
    sheet: CalamineSheet | None = None
    other_sheets: Sequence[str] = ()
    other_tables: Sequence[str] = ()
    error_cells: int = 0
    faults: Sequence[Fault] = field(default=())

    @property
    def known_columns(self) -> set[str]:
        return {key for key in self.mapping if key}

    @property
    def position(self) -> int:
        """How many of its bytes have been read."""
        return self.stream.tell()

    def sheet_rows(self) -> Iterator[NumberedRow]:
        """The rows of a workbook's sheet, empty ones too."""
        return sheet_rows(self.sheet) if self.sheet else iter(())

    def csv_rows(self, add_fault: FaultSink) -> CsvRows:
        """The rows of a CSV from its first line on."""
        if self.encoding is None:
            raise TypeError("only a CSV has lines")
        find_fault = partial(find_bad_bytes, encoding=self.encoding) if self.encoding.damaged else None
        return CsvRows(read_lines(self.stream, self.encoding), self.delimiter, find_fault, add_fault)

    def rows_below_headings(self) -> Iterator[NumberedRow]:
        """The rows as they stand, whatever is wrong with them."""
        rows = iter(self.csv_rows(lambda line, text: None)) if self.sheet is None else self.sheet_rows()
        return (row for row in rows if row[0] > self.heading_line)

    def sentences(self) -> Iterator[str]:
        """Say how the file is read."""
        if self.sheet is not None:
            yield f"An Excel workbook; the sheet {quote(self.sheet.name)} is read."
            if self.other_sheets:
                yield f"Of the workbook are not read: {', '.join(map(quote, self.other_sheets))}."
        elif self.encoding is not None:
            delimiter = DELIMITERS.get(self.delimiter, quote(self.delimiter))
            yield f"The text is {self.encoding}. Cells are separated by {delimiter}."
        if self.layout:
            yield f"The headings are those of the {self.layout.report.title}."
            for heading, key in zip(self.headings, self.mapping, strict=True):
                if key and heading != self.layout.label(key):
                    yield f"{quote(heading)} is read as {self.layout.label(key)}."
                elif not key and heading:
                    yield f"{quote(heading)} is left out."

    def warnings(self) -> Iterator[str]:
        """Say what may be read otherwise than it is meant."""
        if self.encoding is not None and not self.encoding.certain:
            name, words = ENCODINGS[self.encoding.name], find_accents(self.stream, self.encoding)
            examples = f": {', '.join(map(quote, words))}" if words else ""
            yield f"The text is taken for {name}. If it looks wrong, choose another encoding{examples}."
        for name in self.other_tables:
            yield f"The sheet {quote(name)} has a table, too, which is not read: save it as a file of its own."
        if self.error_cells:
            yield f"Cells of the workbook with an error such as #N/A are read as empty: {self.error_cells:,}."


@contextmanager
def rereadable(stream: IO[bytes]) -> Iterator[IO[bytes]]:
    """The stream, or a temporary copy of one that can be read only once, such as standard input."""
    if stream.seekable():
        yield stream
    else:
        with TemporaryFile() as copy:
            copyfileobj(stream, copy)
            yield copy


def recognise_file(stream: IO[bytes], name: str, options: Options) -> RecognisedFile:
    """Recognise a file as far as it, or a person by `options`, tells. What is wrong is in its `faults`.

    The stream must be one that can be read several times: see `rereadable`.
    """
    file = RecognisedFile(name, stream, stream.seek(0, 2))
    stream.seek(0)
    head = stream.read(_BYTES_OF_FORMAT)
    start = head.removeprefix(BOM_UTF8).lstrip().lower()
    if other := next((words for signature, words in _OTHER_FORMATS.items() if start.startswith(signature)), ""):
        return replace(file, faults=[Fault(1, f"this is {other}")])
    try:
        file = _recognise_workbook(file, options) if head.startswith(SIGNATURE) else _recognise_csv(file, options)
    except Unreadable as error:
        return replace(file, faults=[Fault(*error.args)])
    return replace(file, faults=list(_heading_faults(file, options)))


def _recognise_workbook(file: RecognisedFile, options: Options) -> RecognisedFile:
    """Choose the first sheet with the headings of a report, else the one with most headings, known ones before."""
    sheets, errors = open_sheets(file.stream)
    candidates = [replace(file, sheet=sheet, error_cells=errors) for sheet in sheets]
    files = [_find_headings(each, islice(each.sheet_rows(), _ROWS_BEFORE_HEADINGS), options) for each in candidates]
    if not files:
        raise Unreadable(1, "the workbook has no sheet")
    found = next(filter(_is_complete, files), None) or max(files, key=_count_headings)
    others = [file for file in candidates if file.sheet is not found.sheet]
    return replace(found, other_sheets=_sheet_names(others), other_tables=_sheet_names(filter(_is_table, others)))


def _is_complete(file: RecognisedFile) -> bool:
    return file.layout is not None and not file.layout.missing(file.known_columns)


def _is_table(file: RecognisedFile) -> bool:
    """Whether a sheet has the headings of a report, be it another one than that which a person has chosen."""
    return _is_complete(_find_headings(file, islice(file.sheet_rows(), _ROWS_BEFORE_HEADINGS), Options()))


def _sheet_names(files: Iterable[RecognisedFile]) -> list[str]:
    return [file.sheet.name for file in files if file.sheet]


def _recognise_csv(file: RecognisedFile, options: Options) -> RecognisedFile:
    """Choose the delimiter that `sep=` names, else the one by which most headings are known, else most cells are."""
    file = replace(file, encoding=recognise_encoding(file.stream, options.encoding))
    lines = read_lines(file.stream, file.encoding) if file.encoding else iter(())
    first = next(filter(clean_text, islice(lines, _ROWS_BEFORE_HEADINGS)), "")
    named = SEPARATOR_LINE.fullmatch(first)
    delimiters = [options.delimiter] if options.delimiter else [named[1]] if named else list(DELIMITERS)
    files = []
    for delimiter in delimiters:
        candidate = replace(file, delimiter=delimiter)
        rows = islice(candidate.csv_rows(lambda line, text: None), _ROWS_BEFORE_HEADINGS)
        without_sep = (row for row in rows if not SEPARATOR_LINE.fullmatch(delimiter.join(row[1])))
        files.append(_find_headings(candidate, without_sep, options))
    return max(files, key=_count_headings)


def _count_headings(file: RecognisedFile) -> tuple[int, int]:
    """How many headings are known, and how many there are."""
    return len(file.known_columns), len(file.headings)


def _find_headings(file: RecognisedFile, rows: Iterator[NumberedRow], options: Options) -> RecognisedFile:
    """Find the headings: the first row with all that a report requires, else the first that is no title above them."""
    incomplete = []
    for line, cells in _until_unreadable(rows):
        headings = [clean_text(cell) for cell in cells]
        while headings and not headings[-1]:
            headings.pop()
        if headings:
            found = _find_report(replace(file, headings=headings, heading_line=line), options)
            if _is_complete(found):
                return found
            incomplete.append((sum(map(bool, headings)), found))
    most = max((count for count, _ in incomplete), default=0)
    wide = (found for count, found in incomplete if count * _TITLE_SHARE >= most)
    return next(wide, replace(file, layout=LAYOUTS.get(options.report)))


def _until_unreadable(rows: Iterable[NumberedRow]) -> Iterator[NumberedRow]:
    """Yield rows up to where the file can't be read. `Reader` says why it can't."""
    try:
        yield from rows
    except Unreadable:
        return


def _find_report(file: RecognisedFile, options: Options) -> RecognisedFile:
    """Choose the report that requires nothing that the file lacks, and knows most of its headings."""
    layouts = [LAYOUTS[options.report]] if options.report else LAYOUTS.values()
    files = [replace(file, layout=layout, mapping=_map_headings(file.headings, layout, options)) for layout in layouts]

    def fit(file: RecognisedFile) -> tuple[bool, int]:
        missing = file.layout.missing(file.known_columns) if file.layout else ()
        return not missing, len(file.known_columns)

    best = max(files, key=fit)
    ties = [file for file in files if fit(file) == fit(best)]
    is_told = options.report or (len(ties) == 1 and len(best.known_columns) >= _MIN_HEADINGS)
    return best if is_told else replace(file, mapping=[None] * len(file.headings))


def _map_headings(headings: Sequence[str], layout: Layout, options: Options) -> list[str | None]:
    """Return the column's key for each heading, as `RecognisedFile.mapping` has them.

    A label goes before a synonym of the same column: beside "Customer", "Client" means nothing.
    """
    keys = {heading_key(heading): layout.keys_by_heading.get(heading_key(heading)) for heading in headings}
    labels = {key for heading, key in keys.items() if key and heading == heading_key(layout.label(key))}
    known = {
        heading: key for heading, key in keys.items() if key not in labels or heading == heading_key(layout.label(key))
    }
    chosen = {**known, **{heading_key(heading): key for heading, key in options.mapping.items()}}
    return [chosen.get(heading_key(heading)) if heading else "" for heading in headings]


def _is_empty(file: RecognisedFile) -> bool:
    """Whether no line of a text, or row of a sheet, has anything but blanks."""
    if file.headings:
        return False
    if file.encoding is None:
        return not any(any(cells) for _, cells in file.sheet_rows())
    return not any(map(clean_text, read_lines(file.stream, file.encoding)))


def _heading_faults(file: RecognisedFile, options: Options) -> Iterator[Fault]:
    """Yield what is wrong with the headings of a file."""
    line, layout = file.heading_line, file.layout
    if _is_empty(file):
        yield Fault(line, "the file is empty")
        return
    if layout is None:
        known = {heading for layout in LAYOUTS.values() for heading in layout.keys_by_heading}
        has_known = known.intersection(map(heading_key, file.headings))
        what = "the headings don't tell the report" if has_known else "this is no table of one of the reports"
        mapped = "choose it under Report" if has_known else "if it is one, choose it under Report, and then all columns"
        by_command = f"name the report, one of {', '.join(IMPORTABLE)}"
        yield Fault(line, f"{what}; {mapped if options.pass_unknown else by_command}")
        return
    expected = f"expected are {', '.join(column.label for column in layout.report.columns)}"
    if not any(file.headings):
        yield Fault(line, f"the headings are missing; {expected}")
        return
    yield from _repeated_headings(file, layout)
    unknown = [heading for heading, key in zip(file.headings, file.mapping, strict=True) if key is None]
    for heading in dict.fromkeys(unknown):
        if not options.pass_unknown:
            yield Fault(
                line, f"the heading {quote(heading)} is unknown; {expected}; --ignore HEADING leaves one out", heading
            )
    mapped = "if another one means it, choose that for it, or rename it in the file"
    for group in layout.missing(file.known_columns):
        missing = f"the heading {' or '.join(quote(layout.label(key)) for key in group)} is missing"
        yield Fault(line, f"{missing}; {mapped if options.pass_unknown else expected}")


def _repeated_headings(file: RecognisedFile, layout: Layout) -> Iterator[Fault]:
    """Yield a fault for each column that several headings mean."""
    counts = Counter(file.mapping)
    for key in (key for key in dict.fromkeys(file.mapping) if key and counts[key] > 1):
        twice = [file.headings[index] for index, column in enumerate(file.mapping) if column == key]
        same = f"the heading {quote(twice[0])} is expected once, not {len(twice)} times"
        several = f"the headings {' and '.join(map(quote, twice))} mean the same, {layout.label(key)}"
        yield Fault(file.heading_line, same if len(set(twice)) == 1 else several, twice[0])
