"""The first rows of an uploaded file, as a page shows them before any job has read it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from io import BytesIO
from itertools import islice
from typing import IO, Protocol

from app.importing import Faults, Layout, Options, Reader, RecognisedFile, Record, recognise_file
from app.importing.layouts import heading_key
from app.importing.workbook import SIGNATURE
from app.jobs.plans import MAX_SENTENCES, storable
from app.table.kinds import DATE, DATETIME, INTEGER, MONEY, Kind
from models import PRODUCT_SEPARATOR, clean_text

PREVIEW_ROWS = 10
_HEAD_BYTES = 256 * 1024  # of a text file, in which its first rows are
_MAX_HEADINGS = 300  # that a page shows
_KINDS_OF = {"date_order": (DATE, DATETIME), "decimal": (INTEGER, MONEY)}  # by the setting that tells their readings

# A row: its line, its cells, its record (None where something is wrong with it), and what is wrong.
_Row = tuple[int, Sequence[str], Record | None, list[str]]


@dataclass(frozen=True)
class Preview:
    """The first rows of a file, as they are read.

    report:   the slug of the report, "" where the headings don't tell it.
    encoding, delimiter: of a text, "" for a workbook.
    said:     how the file is read, in sentences.
    faults:   what is wrong with the headings.
    headings: each with the key of its column, "" for one that is left out, and its cell in the first row.
    columns:  the labels of the columns that are read, and whether they are of numbers.
    rows:     the line of each, its cells as (as read, as the file has it if that differs), and what is wrong with it.
    """

    report: str = ""
    encoding: str = ""
    delimiter: str = ""
    said: Sequence[str] = ()
    faults: Sequence[str] = ()
    headings: Sequence[tuple[str, str, str]] = ()
    columns: Sequence[tuple[str, bool]] = ()
    rows: Sequence[tuple[int, Sequence[tuple[str, str]], Sequence[str]]] = ()


class Readable(Protocol):
    """A file that may still be written."""

    def seek(self, offset: int, /) -> int: ...
    def read(self, size: int, /) -> bytes: ...


def is_workbook(stream: Readable) -> bool:
    """Whether a file is a zip file, as workbooks are. Only a job opens these: they may be hostile, and take memory."""
    stream.seek(0)
    return stream.read(len(SIGNATURE)) == SIGNATURE


def recognise_head(stream: IO[bytes], name: str, options: Options) -> RecognisedFile:
    """Recognise a text file by its first rows, at once however large it is."""
    stream.seek(0)
    head = stream.read(_HEAD_BYTES + 1)
    if len(head) > _HEAD_BYTES:
        head = head[: head.rfind(b"\n") + 1] or head
    return recognise_file(BytesIO(head), name, options)


def headings_digest(file: RecognisedFile) -> str:
    """A name of a set of headings, under which a mapping of them is remembered; "" where there are none."""
    keys = sorted({heading_key(heading) for heading in file.headings if heading})
    return sha256("\n".join(keys).encode(errors="replace")).hexdigest() if keys else ""


def make_preview(file: RecognisedFile, options: Options) -> Preview:
    """Read the first rows of a recognised file. Dates and numbers with two readings stay as the file has them."""
    layout = file.layout
    columns = [(index, key) for index, key in enumerate(file.mapping) if key] if layout else []
    first_rows, unsettled = _first_rows(file, options)
    rows = []
    for line, cells, record, faults in first_rows:
        if layout and record is not None:
            shown = [
                (storable(cells[index]), "")
                if layout.column(key).kind in unsettled
                else _parsed_cell(layout, key, record, cells[index])
                for index, key in columns
            ]
        else:
            shown = [(_storable_cell(cells, index), "") for index, _ in columns]
        rows.append((line, shown, faults))
    first = first_rows[0][1] if first_rows else []
    keyed = zip(file.headings, file.mapping, strict=True)
    return Preview(
        report=layout.report.slug if layout else "",
        encoding=file.encoding.name if file.encoding else "",
        delimiter=file.delimiter,
        said=list(islice(file.sentences(), MAX_SENTENCES)),
        faults=[fault.text for fault in file.faults],
        headings=[
            (storable(heading), key or "", _storable_cell(first, index))
            for index, (heading, key) in islice(enumerate(keyed), _MAX_HEADINGS)
        ],
        columns=[(layout.label(key), layout.column(key).kind.numeric) for _, key in columns] if layout else [],
        rows=rows,
    )


def dump_preview(preview: Preview) -> str:
    return json.dumps(asdict(preview))


def load_preview(text: str) -> Preview | None:
    return Preview(**json.loads(text)) if text else None


def _first_rows(file: RecognisedFile, options: Options) -> tuple[list[_Row], Sequence[Kind]]:
    """The first rows, with their records and what is wrong with them; the kinds of cells that have two readings."""
    if not file.headings:
        return [], ()
    if file.layout is None:
        return [(line, cells, None, []) for line, cells in islice(file.rows_below_headings(), PREVIEW_ROWS)], ()
    found = Faults()  # also of lines that are no rows
    reader = Reader(file, options, faults=found)
    first = [
        (line, cells, record, [fault.text for fault in found if fault.line == line])
        for line, cells, record in list(islice(reader.rows(), PREVIEW_ROWS))
    ]
    return first, [kind for setting in reader.questions for kind in _KINDS_OF[setting]]


def _parsed_cell(layout: Layout, key: str, record: Record, cell: str) -> tuple[str, str]:
    """A cell as it is read, and as the file has it where that differs."""
    column, kind = layout.columns[key], layout.column(key).kind
    value = getattr(record, column.field or key)
    if value is None:
        return "", storable(cell)
    text = PRODUCT_SEPARATOR.join(value) if isinstance(value, tuple) else kind.show(value)
    exported = text if isinstance(value, tuple) else kind.export(value)
    return storable(text), "" if clean_text(cell) in (text, exported, str(value)) else storable(cell)


def _storable_cell(cells: Sequence[str], index: int) -> str:
    """The cell of a row, "" where the row is too short."""
    return storable(cells[index]) if index < len(cells) else ""
