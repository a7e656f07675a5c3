"""Read the rows of a recognised file into records, and collect what is wrong with them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache, partial
from typing import Any

from app.importing.cells import DATE_ORDERS, DECIMALS, Ambiguous, Formats, Parser, evidence
from app.importing.csv_rows import NumberedRow
from app.importing.layouts import FileColumn, Record, describe_cell_error
from app.importing.options import Options
from app.importing.recognise import SEPARATOR_LINE, RecognisedFile
from app.importing.results import Fault, Faults, Question, RowRejected, Unreadable, quote
from app.table.kinds import DATE, DATETIME, INTEGER, MONEY, Kind, unguard
from models import clean_text

Progress = Callable[[int], object]  # is called with how much was done since the last call, here in bytes

_CACHED_CELLS = 2_000  # recurring texts of a column that are cleaned once
_PROGRESS_ROWS = 1_000
_NUMBERS_AND_DATES = (INTEGER, MONEY, DATE, DATETIME)
_WITHOUT_LINE_BREAKS = (
    "customer_id",
    "subscription_id",
    "transaction_id",
    "last_modified_by",
    "action",
    "status",
)
_SETTINGS = {"date_order": DATE_ORDERS, "decimal": DECIMALS}


# A row of a file: where it begins, its cells, and the record that it becomes; None where something is wrong with it.
ReadRow = tuple[int, Sequence[str], Record | None]

Parsers = list[tuple[int, int, Parser]]  # the index of a cell, that of its value in the record, and its parser


class Reader:
    """Reads a recognised file, which has no faults, once.

    faults:     what is wrong, as it is found.
    questions:  settings that a cell with two readings needs, and that neither the file nor the options tell.
    passed_over: what was passed over, in words, and how often.
    """

    def __init__(
        self, file: RecognisedFile, options: Options, progress: Progress | None = None, faults: Faults | None = None
    ) -> None:
        if file.layout is None:
            raise TypeError("the file's report isn't known")
        self.layout = file.layout
        self.faults = Faults() if faults is None else faults
        self.questions: dict[str, Question] = {}
        self.passed_over = Counter[str]()
        self._file, self._progress = file, progress
        self._formats = options.formats
        self._columns = [index for index, key in enumerate(file.mapping) if key]
        self._unnamed = [index for index, heading in enumerate(file.headings) if not heading]
        self._made_parsers: dict[Formats, Parsers] = {}
        defaults = self.layout.defaults()
        self._defaults = [defaults[name] for name in self.layout.record._fields]
        self._parsers = self._make_parsers(self._formats)

    def records(self) -> Iterator[tuple[int, Record]]:
        """Yield the line and the record of each row that is right."""
        for line, _, record in self.rows():
            if record is not None:
                yield line, record

    def rows(self) -> Iterator[ReadRow]:
        """Yield all rows after the headings; `faults` has what is wrong with the last one when it comes."""
        width = len(self._file.headings)
        try:
            for line, cells in self.numbered_rows():
                try:
                    row = cells if len(cells) == width else self._cut_to_width(cells, width)
                    yield line, row, self._record(line, row)
                except RowRejected as rejection:
                    self.faults.extend(rejection.faults(line))
                    yield line, cells, None
        except Unreadable as end:
            self.faults.add(*end.args)

    def numbered_rows(self) -> Iterator[NumberedRow]:
        """Yield the line and the cells of each row after the headings. Raises Unreadable."""
        heading_line, headings = self._file.heading_line, list[str]()
        for line, cells in self._csv_rows() if self._file.sheet is None else self._sheet_rows():
            if line > heading_line and cells != headings:
                yield line, cells
            elif line > heading_line:  # of a file that was put together from several
                self.passed_over["repeated headings"] += 1
            elif line == heading_line:
                headings = cells
            else:
                self.passed_over["rows before the headings"] += 1

    def _csv_rows(self) -> Iterator[NumberedRow]:
        """The rows of a CSV from its first line on, but for one that names the delimiter."""
        rows, last = self._file.csv_rows(self.faults.add), 0
        for count, (line, cells) in enumerate(rows):
            if line == self._file.heading_line:
                rows.width = len(self._file.headings)
                rows.text_columns = self._text_columns
            if line >= self._file.heading_line or not SEPARATOR_LINE.fullmatch(self._file.delimiter.join(cells)):
                yield line, cells
            if self._progress and count % _PROGRESS_ROWS == 0:
                at = self._file.position
                self._progress(at - last)
                last = at
        self.passed_over["empty lines"] += rows.empty_rows
        if self._progress:
            self._progress(self._file.size - last)

    def _sheet_rows(self) -> Iterator[NumberedRow]:
        for line, cells in self._file.sheet_rows():
            if any(cells):
                yield line, cells
            else:
                self.passed_over["empty rows"] += 1
        if self._progress:
            self._progress(self._file.size)

    @property
    def _text_columns(self) -> frozenset[int]:
        """Where a cell may have line breaks: among names, not among ids, emails, numbers and dates."""
        return frozenset(
            index
            for index, key in enumerate(self._file.mapping)
            if not key or (key not in _WITHOUT_LINE_BREAKS and self.layout.column(key).kind not in _NUMBERS_AND_DATES)
        )

    def _cut_to_width(self, cells: list[str], width: int) -> list[str]:
        """Leave out empty cells beyond the headings. Raises RowRejected where one isn't empty, or one is missing."""
        if len(cells) < width or any(map(clean_text, cells[width:])):
            hint = "; a cell with the delimiter inside needs double quotes around it" if len(cells) > width else ""
            count = f"{len(cells)} cell{'s' if len(cells) != 1 else ''}"
            raise RowRejected(f"the row has {count}, the heading has {width}{hint}")
        self.passed_over["rows' empty cells beyond the headings"] += 1
        return cells[:width]

    def _record(self, line: int, cells: Sequence[str]) -> Record:
        """Raises RowRejected."""
        for index in self._unnamed:
            if clean_text(cells[index]):
                raise RowRejected(f"column {index + 1} has no heading, but here it has {quote(cells[index])}")
        values = self._defaults.copy()
        try:
            for index, target, parse in self._parsers:
                values[target] = parse(cells[index])
        except (ValueError, Ambiguous):
            self._parse_again(line, cells, values)
        record: Record = self.layout.record(*values)
        return self.layout.fill_in(record) if self.layout.fill_in else record

    def _parse_again(self, line: int, cells: Sequence[str], values: list[Any]) -> None:
        """Parse a row with an ambiguous or a faulty cell. Raises RowRejected with all faults of its cells."""
        faults = []
        for number, (index, target, parse) in enumerate(self._parsers):
            heading, cell, is_asked = self._file.headings[index], cells[index], False
            try:
                try:
                    values[target] = parse(cell)
                except Ambiguous as ambiguous:
                    _, _, parse_settled = self._settle(ambiguous.setting, line, heading, cell)[number]
                    is_asked = ambiguous.setting in self.questions  # and the other reading may be right
                    values[target] = parse_settled(cell)
            except ValueError as error:
                if not is_asked:
                    faults.append(Fault(line, describe_cell_error(heading, cell, error), heading, cell))
        if len(faults) > 1 and (note := self._quote_note(cells)):
            raise RowRejected(f"the row has only {note}; take it out if it is a note or a line of totals")
        if faults:
            raise RowRejected(*faults)

    def _quote_note(self, cells: Sequence[str]) -> str:
        """Quote the filled cells of a row that looks like a note or a line of totals, "" for any other row.

        Such a row has at most one cell besides amounts and whole numbers.
        """
        numbers = {index for index in self._columns if self._kind(index) in (INTEGER, MONEY)}
        filled = [index for index, cell in enumerate(cells) if clean_text(cell)]
        if len([index for index in filled if index not in numbers]) > 1:
            return ""
        return ", ".join(quote(cells[index]) for index in filled)

    def _settle(self, setting: str, line: int, heading: str, cell: str) -> Parsers:
        """Look through the whole file for what tells how it writes dates or numbers. Ask if nothing tells, or both.

        Return the parsers that read the cell. If the file tells, they are used from now on, otherwise for this row.
        """
        found = self._evidence[setting]
        choices = {key: shape for key, shape in _SETTINGS[setting].items() if key != "iso"}
        if len(found) == 1:
            self._formats = replace(self._formats, **{setting: next(iter(found))})
            self._parsers = self._make_parsers(self._formats)
            return self._parsers
        if setting not in self.questions:
            option = " or ".join(f"--{setting.replace('_', '-')} {key}" for key in choices)
            why = "the file has both" if found else "nothing in the file tells"
            text = f"{heading}: {quote(cell)} can be {' or '.join(choices.values())}, and {why}"
            self.questions[setting] = Question(line, text, setting, choices, f"{option} says which")
        return self._make_parsers(replace(self._formats, **{setting: next(iter(choices))}))

    @cached_property
    def _evidence(self) -> dict[str, set[str]]:
        """What all numbers and dates of the file tell about its formats."""
        kinds = [(index, self._kind(index)) for index in self._columns]
        kinds = [(index, kind) for index, kind in kinds if kind in _NUMBERS_AND_DATES]
        found: dict[str, set[str]] = {"": set(), **{setting: set() for setting in _SETTINGS}}
        judge = lru_cache(_CACHED_CELLS)(evidence)
        for _, cells in Reader(self._file, Options()).numbered_rows():
            for index, kind in kinds:
                if index < len(cells):
                    setting, meaning = judge(kind, cells[index])
                    found[setting].add(meaning)
        return {setting: meanings - {""} for setting, meanings in found.items()}

    def _kind(self, index: int) -> Kind:
        return self.layout.column(self._file.mapping[index] or "").kind

    def _make_parsers(self, formats: Formats) -> Parsers:
        if formats in self._made_parsers:
            return self._made_parsers[formats]
        parsers = self._made_parsers[formats] = []
        for index in self._columns:
            key = self._file.mapping[index] or ""
            column = self.layout.columns[key]
            target = self.layout.record._fields.index(column.field or key)
            parsers.append((index, target, self._parser(key, column, formats)))
        return parsers

    def _parser(self, key: str, column: FileColumn, formats: Formats) -> Parser:
        kind = self.layout.column(key).kind
        if kind in _NUMBERS_AND_DATES:
            parse = formats.parser(kind)
            if column.optional:
                return lambda cell: parse(cell) if clean_text(cell) else None
            parse = _chain(parse, column.check) if column.check else parse
            return parse if kind is DATETIME else lru_cache(_CACHED_CELLS)(parse)  # most moments occur once
        clean = clean_text if self._file.sheet is not None else partial(_clean_cell, delimiter=self._file.delimiter)
        return lru_cache(_CACHED_CELLS)(_chain(clean, column.check) if column.check else clean)


def _clean_cell(cell: str, delimiter: str) -> str:
    """A text without formula guards, as our files have them, which are separated by commas or semicolons."""
    return clean_text(unguard(cell, ";" if delimiter == ";" else ","))


def _chain(first: Parser, second: Callable[[Any], Any]) -> Parser:
    return lambda cell: second(first(cell))
