"""Split the lines of a CSV file into rows of cells.

Quotes follow RFC 4180, with what people's files have besides: blanks around a quoted cell, and quotes inside of
an unquoted one (Rack 19" Systems). A quote that isn't closed, or with text after it, would swallow the rows that
follow. It is a fault of the line in which it opens, and reading goes on with the next line.
"""

import re
from collections.abc import Callable, Iterator

from app.importing.encodings import MAX_LINE_CHARS
from app.importing.results import Unreadable

MAX_CELL_CHARS = 1_000_000
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "pipes"}

Finder = Callable[[str], str]  # a line → what is wrong with it
FaultSink = Callable[[int, str], None]  # gets the number of a line and what is wrong with it
NumberedRow = tuple[int, list[str]]  # the line in which a row begins, and its cells

_BLANKS = " \t\n\r\x0b\x0c\x1a\x85\xa0\u200b\u3000\ufeff"  # what an empty line may have, Ctrl-Z included
_INSIDE = re.compile('[^"]*(?:""[^"]*)*')
_NUL = "there is a NUL, which no text can have"
_TOO_LONG = "a cell is over 1 MB"
_UNCLOSED = "the quote that opens in this line is never closed; a quote inside of a quoted cell is written twice"
_UNCLOSED_FOR_LONG = "the quote that opens in this line isn't closed within 1 MB, so that rows stand in a cell"
_TEXT_BEHIND = "text follows a quote that closes; a quote inside of a quoted cell is written twice"
_SWALLOWED = "a quote opens in this line and closes in line {}, so that one cell holds the rows between"


class CsvRows:
    """The rows of lines. From the headings on, `width` is their number, and `text_columns` where line breaks may stand.

    `empty_rows` counts the lines passed over: blank ones, and those of delimiters only. `find_fault`, if lines may be
    damaged, says what is wrong with one; `add_fault` gets all faults. `line` is the number of the last line read.
    """

    def __init__(self, lines: Iterator[str], delimiter: str, find_fault: Finder | None, add_fault: FaultSink) -> None:
        self.empty_rows, self.line, self.width = 0, 0, 0
        self.text_columns: frozenset[int] = frozenset()
        self._lines, self._delimiter, self._find_fault, self._add_fault = lines, delimiter, find_fault, add_fault
        self._again: list[str] = []  # lines that a faulty quote had swallowed, the next one last
        blanks = _BLANKS.replace(delimiter, "")
        self._open_quote = re.compile(f'[{blanks}]*"')
        self._close_quote = re.compile(f'"[{blanks}]*(?:{re.escape(delimiter)}|$)')

    def __iter__(self) -> Iterator[NumberedRow]:
        """Raises Unreadable where the rest of the file can't be read."""
        delimiter, blanks, find_fault = self._delimiter, _BLANKS + self._delimiter, self._find_fault
        again, lines = self._again, self._lines
        while line := again.pop() if again else next(lines, ""):
            self.line += 1
            if len(line) == MAX_LINE_CHARS:
                raise Unreadable(self.line, _TOO_LONG)
            if not line.strip(blanks):
                self.empty_rows += 1
            elif "\0" in line or (find_fault and find_fault(line)):
                self._add_fault(self.line, self._fault_of(line))
            elif '"' in line:
                yield from self._quoted_row(line.rstrip("\n"))
            elif len(line) > MAX_CELL_CHARS and max(map(len, line.split(delimiter))) > MAX_CELL_CHARS:
                self._add_fault(self.line, _TOO_LONG)
            else:
                yield self.line, line.rstrip("\n").split(delimiter)

    def _fault_of(self, line: str) -> str:
        """What is wrong with the bytes of a line, "" for nothing."""
        return _NUL if "\0" in line else self._find_fault(line) if self._find_fault else ""

    def _quoted_row(self, text: str) -> Iterator[NumberedRow]:
        first, more = self.line, list[str]()
        try:
            cells = self._split(text, more)
            if more:
                self._check_line_breaks(cells)
        except ValueError as error:
            self._add_fault(first, str(error))
            self._again += filter(None, reversed(more))
            self.line = first
            return
        if any(cells):
            yield first, cells
        else:
            self.empty_rows += 1

    def _split(self, text: str, more: list[str]) -> list[str]:
        """The cells of a row. Appends the lines that it takes besides the first to `more`. Raises ValueError."""
        cells, at = list[str](), 0
        while True:
            if opening := self._open_quote.match(text, at):
                cell, text, at = self._quoted_cell(text, opening.end(), more)
                cells.append(cell)
                closing = self._close_quote.match(text, at)
                if not closing:
                    raise ValueError(_TEXT_BEHIND)
                at = closing.end()
                if not closing[0].endswith(self._delimiter):
                    return cells
            else:
                end = text.find(self._delimiter, at)
                cells.append(text[at:] if end < 0 else text[at:end])
                if end < 0:
                    return cells
                at = end + 1

    def _quoted_cell(self, text: str, at: int, more: list[str]) -> tuple[str, str, int]:
        """A cell from after its quote on, the line in which it ends, and where. Raises ValueError."""
        parts, length = list[str](), 0
        while True:
            inside = _INSIDE.match(text, at)
            part = inside[0] if inside else ""
            parts.append(part)
            length += len(part) + 1
            at += len(part)
            if length > MAX_CELL_CHARS + 1:
                raise ValueError(_UNCLOSED_FOR_LONG if more else _TOO_LONG)
            if at < len(text):
                return "\n".join(parts).replace('""', '"'), text, at
            line = next(self._lines, "") if not self._again else self._again.pop()
            self.line += 1
            more.append(line)
            if fault := self._fault_of(line) if line else _UNCLOSED:
                raise ValueError(fault)
            text, at = line.rstrip("\n"), 0

    def _check_line_breaks(self, cells: list[str]) -> None:
        """Refuse a cell that looks as if quotes had swallowed rows: where no line break can be, or as long as a row."""
        broken = [column for column, cell in enumerate(cells) if "\n" in cell]
        whole_rows = any(cells[column].count(self._delimiter) >= self.width - 1 for column in broken)
        if self.width and (whole_rows or not self.text_columns.issuperset(broken)):
            raise ValueError(_SWALLOWED.format(self.line))
