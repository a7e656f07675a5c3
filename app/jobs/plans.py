"""What jobs leave for the pages, as JSON in the database: options, the first rows of a file, and what it would do."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from hashlib import sha256
from io import BytesIO
from itertools import islice
from typing import IO, Any, Protocol

from app.importing import (
    Faults,
    ImportSummary,
    Layout,
    Options,
    Plan,
    Question,
    Reader,
    RecognisedFile,
    Record,
    recognise_file,
)
from app.importing.layouts import heading_key
from app.importing.workbook import SIGNATURE
from models import PRODUCT_SEPARATOR, clean_text, shorten

PREVIEW_ROWS = 10
_HEAD_BYTES = 256 * 1024  # of a text file, in which its first rows are
_MAX_CHARS = 200  # of a cell that a page shows
_MAX_HEADINGS = 300  # that a page shows
_MAX_SENTENCES, _MAX_SENTENCE_CHARS = 100, 400


def dump_options(options: Options) -> str:
    choices = [[*subject, choice] for subject, choice in options.name_choices.items()]
    return json.dumps({**asdict(replace(options, name_choices={})), "name_choices": choices})


def load_options(text: str) -> Options:
    """The options of a job. In the browser, headings that mean nothing are shown, and passed over."""
    values = json.loads(text)
    choices = {(kind, name): choice for kind, name, choice in values.pop("name_choices", [])}
    return Options(**{**values, "pass_unknown": True, "name_choices": choices})


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
    """Read the first rows of a recognised file."""
    layout = file.layout
    columns = [(index, key) for index, key in enumerate(file.mapping) if key] if layout else []
    rows, first = [], list[str]()
    for line, cells, record, faults in _first_rows(file, options):
        first = first or list(cells)
        if layout and record is not None:
            shown = [_parsed_cell(layout, key, record, cells[index]) for index, key in columns]
        else:
            shown = [(_storable_cell(cells, index), "") for index, _ in columns]
        rows.append((line, shown, faults))
    keyed = zip(file.headings, file.mapping, strict=True)
    return Preview(
        report=layout.report.slug if layout else "",
        encoding=file.encoding.name if file.encoding else "",
        delimiter=file.delimiter,
        said=list(islice(file.sentences(), _MAX_SENTENCES)),
        faults=[fault.text for fault in file.faults],
        headings=[
            (_storable(heading), key or "", _storable_cell(first, index))
            for index, (heading, key) in islice(enumerate(keyed), _MAX_HEADINGS)
        ],
        columns=[(layout.label(key), layout.column(key).kind.numeric) for _, key in columns] if layout else [],
        rows=rows,
    )


def dump_preview(preview: Preview) -> str:
    return json.dumps(asdict(preview))


def load_preview(text: str) -> Preview | None:
    return Preview(**json.loads(text)) if text else None


_Row = tuple[int, Sequence[str], Record | None, list[str]]


def _first_rows(file: RecognisedFile, options: Options) -> Iterator[_Row]:
    """The first rows, with their records and what is wrong with them."""
    if not file.headings:
        return
    if file.layout is None:
        yield from ((line, cells, None, []) for line, cells in islice(file.rows_below_headings(), PREVIEW_ROWS))
        return
    found = Faults()  # also of lines that are no rows
    for line, cells, record in list(islice(Reader(file, options, faults=found).rows(), PREVIEW_ROWS)):
        yield line, cells, record, [fault.text for fault in found if fault.line == line]


def _parsed_cell(layout: Layout, key: str, record: Record, cell: str) -> tuple[str, str]:
    """A cell as it is read, and as the file has it where that differs."""
    column, kind = layout.columns[key], layout.column(key).kind
    value = getattr(record, column.field or key)
    if value is None:
        return "", _storable(cell)
    text = PRODUCT_SEPARATOR.join(value) if isinstance(value, tuple) else kind.show(value)
    exported = text if isinstance(value, tuple) else kind.export(value)
    return _storable(text), "" if clean_text(cell) in (text, exported, str(value)) else _storable(cell)


def _storable_cell(cells: Sequence[str], index: int) -> str:
    """The cell of a row, "" where the row is too short."""
    return _storable(cells[index]) if index < len(cells) else ""


def _storable(text: str, limit: int = _MAX_CHARS) -> str:
    """Return a text, shortened, that PostgreSQL takes too: without NUL and lone halves of surrogate pairs."""
    return shorten(text.replace("\0", "\ufffd").encode(errors="replace").decode(), limit)


@dataclass(frozen=True)
class StoredPlan:
    """A `Plan` as a page shows it.

    counts:    the fields of ImportSummary.
    faults:    the first ones: line, words. `total_faults` counts all.
    questions: each as a dict of the fields of Question. `setting` is a field of Options.
    data_version: the version of the data that the plan is of.
    has_changes: whether the file changes anything, such as a customer's ID, which no count has.
    kinds:     the lines of the first rows that are right, and whether they are added, updated or unchanged.
    """

    counts: dict[str, int] = field(default_factory=dict)
    said: Sequence[str] = ()
    notes: Sequence[str] = ()
    questions: Sequence[dict[str, Any]] = ()
    faults: Sequence[tuple[int, str]] = ()
    total_faults: int = 0
    examples: dict[str, Sequence[str]] = field(default_factory=dict)
    data_version: str = ""
    has_changes: bool = True
    kinds: Sequence[tuple[int, str]] = ()

    @property
    def rows(self) -> int:
        return sum(self.counts.get(key, 0) for key in ("added", "updated", "unchanged"))

    @property
    def summary(self) -> ImportSummary:
        return ImportSummary(**self.counts)

    @property
    def open_questions(self) -> list[Question]:
        return [load_question(question) for question in self.questions if not question["default"]]

    @property
    def can_be_applied(self) -> bool:
        return not self.total_faults and not self.open_questions

    def shows_same(self, other: "StoredPlan") -> bool:
        """Whether another plan shows a person the same of what the file does to the reports."""
        one, two = (json.loads(dump_plan(plan)) for plan in (self, other))
        return all(one[name] == two[name] for name in ("counts", "notes", "questions", "examples"))


def load_question(question: Mapping[str, Any]) -> Question:
    """A question as a plan has stored it."""
    return Question(**{**question, "choices": dict(question["choices"]), "subject": tuple(question["subject"])})


def store_plan(plan: Plan) -> StoredPlan:
    """The plan as pages show it, shortened where a file makes it long: open questions come before others."""
    asked = sorted(plan.questions, key=lambda question: bool(question.default))
    questions = [{**question._asdict(), "choices": list(question.choices.items())} for question in asked]
    notes = list(plan.notes)
    if len(questions) > _MAX_SENTENCES:
        notes.insert(0, f"Of {len(questions):,} questions {_MAX_SENTENCES} are shown, the open ones first.")
    return StoredPlan(
        counts=asdict(plan.summary),
        said=_shortened(plan.said),
        notes=_shortened(notes),
        questions=questions[:_MAX_SENTENCES],
        faults=[(fault.line, _storable(fault.text, _MAX_SENTENCE_CHARS)) for fault in sorted(plan.faults)],
        total_faults=plan.faults.total,
        examples={kind: _shortened(texts) for kind, texts in plan.examples.items()},
        data_version=plan.data_version,
        has_changes=plan.has_changes,
        kinds=list(plan.kinds.items()),
    )


def dump_plan(plan: StoredPlan) -> str:
    return json.dumps(asdict(plan))


def load_plan(text: str) -> StoredPlan | None:
    """Return the plan of a job, None while it has none. One that an older version stored may lack fields."""
    if not text:
        return None
    known = {item.name for item in fields(StoredPlan)}
    return StoredPlan(**{key: value for key, value in json.loads(text).items() if key in known})


def _shortened(texts: Iterable[str]) -> list[str]:
    return [_storable(text, _MAX_SENTENCE_CHARS) for text in islice(texts, _MAX_SENTENCES)]
