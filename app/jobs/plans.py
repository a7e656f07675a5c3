"""What a file would do, as JSON in the database: a job makes the plan, and pages show it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from itertools import islice
from typing import Any

from app.importing import ImportSummary, Plan, Question
from models import shorten

MAX_SENTENCES = 100  # of each kind that a page shows
_MAX_SENTENCE_CHARS = 400
_MAX_CELL_CHARS = 200  # of a cell that a page shows


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
    if len(questions) > MAX_SENTENCES:
        notes.insert(0, f"Of {len(questions):,} questions {MAX_SENTENCES} are shown, the open ones first.")
    return StoredPlan(
        counts=asdict(plan.summary),
        said=_shortened(plan.said),
        notes=_shortened(notes),
        questions=questions[:MAX_SENTENCES],
        faults=[(fault.line, storable(fault.text, _MAX_SENTENCE_CHARS)) for fault in sorted(plan.faults)],
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
    return [storable(text, _MAX_SENTENCE_CHARS) for text in islice(texts, MAX_SENTENCES)]


def storable(text: str, limit: int = _MAX_CELL_CHARS) -> str:
    """Return a text, shortened, that PostgreSQL takes too: without NUL and lone halves of surrogate pairs."""
    return shorten(text.replace("\0", "\ufffd").encode(errors="replace").decode(), limit)
