"""What an import finds and does: faults, questions, the numbers of rows that change, and examples of them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from models import shorten

MAX_FAULTS = 1000  # that are kept; all are counted
MAX_EXAMPLES = 10  # of each kind of change, note or question

CHANGES = ("added", "updated", "unchanged", "removed", "cancelled")  # what an import does to rows

_MAX_QUOTED_CHARS = 60
_CONFIRMED_SHARE = 10  # a file that ends more than one of so many rows must be confirmed

Row = dict[str, Any]  # a table row's values by field name; dates are text, as in files


class Fault(NamedTuple):
    """One thing that is wrong in a file.

    line:    the line in which the row begins.
    text:    what is wrong, and what would be right.
    heading, value: those of the cell, if one cell is at fault.
    """

    line: int
    text: str
    heading: str = ""
    value: str = ""


class Faults(list[Fault]):
    """The first MAX_FAULTS faults of a file. `total` counts all. Override `append` to see every one."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def append(self, fault: Fault) -> None:
        self.total += 1
        if len(self) < MAX_FAULTS:
            super().append(fault)

    def add(self, line: int, text: str) -> None:
        self.append(Fault(line, text))

    def extend(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            self.append(fault)


class Question(NamedTuple):
    """Something with several readings that a person must settle.

    setting: what settles it: a field of Options, `date_order`, `decimal`, `names` or `confirmed`.
    subject: what it is about: "" for the file, else the kind of a name and the name: ("reseller", "acme").
    choices: the answers and what each means.
    option:  the options of `flask import` that settle it.
    default: the answer that holds unless somebody says otherwise, "" where somebody must.
    """

    line: int
    text: str
    setting: str
    choices: Mapping[str, str]
    option: str
    subject: tuple[str, str] = ("", "")
    default: str = ""

    def __str__(self) -> str:
        return self.with_answer(self.option)

    def with_answer(self, how: str) -> str:
        """The question, and how to answer it."""
        return f"{self.text}{' ' if self.text.endswith('?') else '; '}{how}"


class Unreadable(Exception):
    """The file can't be read beyond a line. The arguments are its number, and why."""


class RowRejected(Exception):
    """A row can't be loaded. Each argument is one reason, a text or a Fault whose line isn't known yet."""

    def faults(self, line: int) -> list[Fault]:
        return [fault._replace(line=line) if isinstance(fault, Fault) else Fault(line, fault) for fault in self.args]


class FileRejected(Exception):
    """The file was not loaded. `faults` are what is wrong with it, by line, and `total` how many there are.

    Questions that nobody has answered count as faults.
    """

    def __init__(self, file: str, faults: Sequence[Fault], total: int) -> None:
        super().__init__(file, faults)
        self.faults, self.total = faults, total
        self.messages = [f"{file}:{fault.line}: {fault.text}" for fault in faults]

    def __str__(self) -> str:
        return "\n".join(self.messages)


def quote(text: str) -> str:
    """Quote `text` for a message: on one line, shortened to 60 characters, without terminal escapes."""
    short = shorten(text, _MAX_QUOTED_CHARS)
    chars = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in short)
    return f"“{''.join(chars)}”"


class Change(NamedTuple):
    """A row before and after an import; None where there is none. `table` is its Peewee model."""

    table: Any
    before: Row | None
    after: Row | None


class ChangeLog:
    """Counts what an import does to rows, and keeps examples. `keep` is called with all changes but "unchanged" ones.

    `kinds` has the kind of each of the first valid rows, by line: "added", "updated" or "unchanged".
    """

    keep: Callable[[str, Sequence[Change]], object] | None = None

    def __init__(self) -> None:
        self.counts = Counter(dict.fromkeys(CHANGES, 0))
        self.examples: defaultdict[str, list[Change]] = defaultdict(list)
        self.kinds: dict[int, str] = {}

    def note_kind(self, line: int, kind: str) -> None:
        """Note the kind of a row, if it is one of the first."""
        if len(self.kinds) < MAX_EXAMPLES:
            self.kinds[line] = kind

    def record(self, kind: str, changes: Sequence[Change]) -> None:
        """Count changes of one kind, one of CHANGES, and keep some as examples."""
        self.counts[kind] += len(changes)
        if kind == "unchanged":
            return
        if self.keep:
            self.keep(kind, changes)
        if room := MAX_EXAMPLES - len(self.examples[kind]):
            self.examples[kind] += changes[:room]


class Notes(Counter[str]):
    """Counts remarks of several kinds, with the line and words of the first few of each."""

    def __init__(self) -> None:
        super().__init__()
        self.examples: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)

    def add(self, kind: str, line: int, text: str) -> None:
        self[kind] += 1
        if len(self.examples[kind]) < MAX_EXAMPLES:
            self.examples[kind].append((line, text))

    def lines(self) -> Iterator[str]:
        """Yield each remark with its line, and how many more there are of its kind."""
        for kind, examples in self.examples.items():
            yield from (f"line {line}: {text}" for line, text in sorted(examples))
            if more := self[kind] - len(examples):
                yield f"… and {more:,} more of these"


@dataclass(frozen=True)
class ImportSummary:
    """The numbers of rows that were new, changed a stored row, or equalled it, and of those that the file removed.

    `cancelled` are subscriptions that a complete file doesn't name. `renamed` and `moved` count customers that got
    another name or another reseller. As text: "3 rows: 3 added, 0 updated, 0 unchanged, 0 removed; customers: 2
    renamed, 1 moved".
    """

    added: int
    updated: int
    unchanged: int
    removed: int
    renamed: int
    moved: int
    cancelled: int = 0

    @property
    def rows(self) -> int:
        return self.added + self.updated + self.unchanged

    @property
    def ending(self) -> int:
        """How many rows of the reports the file ends or removes, since it doesn't name them."""
        return self.cancelled + self.removed

    @property
    def fate(self) -> str:
        """What becomes of the rows that the file doesn't name: "it ends", "they are removed"."""
        one, many = ("it is removed", "they are removed") if self.removed else ("it ends", "they end")
        return one if self.ending == 1 else many

    @property
    def ends_many(self) -> bool:
        """Whether these are more than a tenth of the known rows that the file touches."""
        return self.ending * _CONFIRMED_SHARE > self.updated + self.unchanged + self.ending

    def __str__(self) -> str:
        counts = f"{self.added} added, {self.updated} updated, {self.unchanged} unchanged, {self.removed} removed"
        cancelled = f"; {self.cancelled} cancelled, since the complete file doesn't name them" if self.cancelled else ""
        customers = f"; customers: {self.renamed} renamed, {self.moved} moved" if self.renamed or self.moved else ""
        return f"{self.rows} rows: {counts}{cancelled}{customers}"


@dataclass(frozen=True)
class Plan:
    """What an import does, or would do.

    said:      how the file was read, in sentences: its encoding, what was passed over, what its missing columns mean.
    notes:     what somebody should know, by line: moves, statuses that contradict dates.
    questions: what has several readings. Those without a default must be answered before the file can be loaded.
    faults:    what is wrong. The file can't be loaded while there are any.
    examples:  changes by their kind, in words: "S-1: Cost 100.00 → 120.00".
    has_changes: whether anything changes, be it only the ID of a customer.
    data_version: the version of the data for which the plan was made, "" before the first import.
    kinds:     the kind of each of the first valid rows, by line: "added", "updated" or "unchanged".
    """

    summary: ImportSummary
    said: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    faults: Faults = field(default_factory=Faults)
    examples: Mapping[str, list[str]] = field(default_factory=dict)
    has_changes: bool = False
    data_version: str = ""
    kinds: Mapping[int, str] = field(default_factory=dict)

    @property
    def open_questions(self) -> list[Question]:
        return [question for question in self.questions if not question.default]

    @property
    def can_be_applied(self) -> bool:
        return not self.faults and not self.open_questions

    def raise_if_rejected(self, name: str, describe: Callable[[Question], str] = str) -> None:
        """Raise FileRejected where there are faults or open questions, which `describe` turns into words."""
        asked = [Fault(question.line, describe(question)) for question in self.open_questions]
        if asked or self.faults:
            faults = sorted([*self.faults, *asked], key=lambda fault: fault.line)
            raise FileRejected(name, faults, self.faults.total + len(asked))
