"""What the templates of imports show."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from app.importing import (
    DATE_ORDERS,
    DECIMALS,
    DELIMITERS,
    ENCODINGS,
    LAYOUTS,
    CannotUndo,
    Options,
    Question,
    data_version,
    undo_preview,
)
from app.jobs import states
from app.jobs.plans import StoredPlan, load_plan
from app.jobs.previews import Preview, is_workbook, load_preview, make_preview, recognise_head
from app.jobs.states import Status, is_runner_alive, status_of, statuses
from app.jobs.stored_options import load_options
from app.jobs.uploads import Uploads
from app.reports import REPORTS
from models import Import, ImportJob

_SHOWN = 100  # imports in the list
_MAX_OTHERS = 3  # open files that a page names; of the others it says how many

# What a state is called, and the class of its badge.
LABELS = {
    states.CHECK_QUEUED: ("Waits to be checked", ""),
    states.CHECKING: ("Being checked", ""),
    states.CHECKED: ("Checked", "good"),
    states.CHECK_FAILED: ("Not checked", "bad"),
    states.APPLY_QUEUED: ("Waits to be applied", ""),
    states.APPLYING: ("Being applied", ""),
    states.APPLIED: ("Applied", "good"),
    states.UNDO_QUEUED: ("Waits to be undone", ""),
    states.UNDOING: ("Being undone", ""),
    states.UNDONE: ("Undone", "warn"),
    states.CANCELLED: ("Dropped", ""),
    states.FAILED: ("Failed", "bad"),
    states.NOT_THERE: ("Not in the data", "warn"),
}
# What the counts are called. Those that are kinds of changes name examples of them, too.
COUNTS = {
    "added": "New",
    "updated": "Changed",
    "unchanged": "Same",
    "removed": "Removed",
    "cancelled": "Ended",
    "moved": "Moved",
    "renamed": "Renamed",
}
_ALWAYS = ("added", "updated", "unchanged")  # counts that are shown when they are 0, too
_KIND_BADGES = {"added": "good", "updated": "warn", "unchanged": ""}
# The field of the page's form that answers a question, by the question's setting.
_ANSWER_FIELDS = {"date_order": "dates", "decimal": "decimal", "names": "answer"}


class PreviewRow(NamedTuple):
    """One of the first rows of a file. `state` says what it is, with the class of its badge; "" before the check."""

    line: int
    state: tuple[str, str]
    cells: Sequence[tuple[str, str]]
    faults: Sequence[str]


class ListedImport(NamedTuple):
    """One line of the list: a job of the browser, or an import by a command without one."""

    at: str
    file: str
    who: str
    report: str
    label: tuple[str, str]
    number: int | None
    counts: str
    can_undo: bool


def list_context() -> dict[str, Any]:
    """The newest imports, and whether the process that works on them lives."""
    jobs = list(ImportJob.select().where(ImportJob.state != states.UNDOES).order_by(ImportJob.id.desc()).limit(_SHOWN))
    status = statuses(jobs)
    listed = [_listed(job, status[job.id]) for job in jobs]
    for import_ in Import.select().where(Import.number.is_null()).order_by(Import.id.desc()).limit(_SHOWN):
        listed.append(_listed_without_job(import_))
    listed.sort(key=lambda listed_import: listed_import.at, reverse=True)
    return {"imports": listed[:_SHOWN], "is_runner_alive": is_runner_alive()}


def _listed(job: ImportJob, status: Status) -> ListedImport:
    return ListedImport(
        at=str(job.created_at),
        file=str(job.file),
        who=str(job.who),
        report=_title(str(job.report)),
        label=_label(status, load_plan(job.plan) if status.state == states.CHECKED else None),
        number=job.id,
        counts=counts_text(status.applied) if status.applied else "",
        can_undo=_can_undo(status),
    )


def _listed_without_job(import_: Import) -> ListedImport:
    return ListedImport(
        at=str(import_.loaded_at),
        file=str(import_.file).rpartition("/")[2],
        who=str(import_.who),
        report=_title(str(import_.report)),
        label=LABELS[states.APPLIED],
        number=None,
        counts=counts_text(import_),
        can_undo=False,
    )


def _label(status: Status, plan: StoredPlan | None) -> tuple[str, str]:
    """The words for a state, and the class of their badge."""
    if status.state == states.CHECKED and plan and not plan.can_be_applied:
        return ("Has faults", "bad") if plan.total_faults else ("Has questions", "warn")
    return LABELS[status.state]


def counts_text(done: Import) -> str:
    """The numbers of an import: "3 new, 1 changed"."""
    counts = [(getattr(done, key, 0), label.lower()) for key, label in COUNTS.items()]
    return ", ".join(f"{count:,} {label}" for count, label in counts if count) or "no rows"


def _title(slug: str) -> str:
    return REPORTS[slug].short_title if slug in REPORTS else ""


def find_preview(job: ImportJob, options: Options, uploads: Uploads) -> Preview | None:
    """Read the first rows of a text file; of a workbook return those that the check has kept. None for a lost file."""
    with suppress(FileNotFoundError), uploads.open(job.id) as stream:
        if is_workbook(stream):
            return load_preview(job.preview)
        return make_preview(recognise_head(stream, str(job.file), options), options)
    return None


def page_context(job: ImportJob, uploads: Uploads) -> dict[str, Any]:
    """What the page of an import shows."""
    context = status_context(job)
    options = load_options(job.options)
    is_open = context["status"].state in states.OPEN
    preview = find_preview(job, options, uploads) if is_open else None
    layout = LAYOUTS.get(preview.report) if preview else None
    others = _others(job)
    return context | {
        "options": options,
        "is_open": is_open,
        "preview": preview,
        "rows": _preview_rows(preview, context["plan"]) if preview else [],
        "answers": _answers(options),
        "columns": [(key, layout.label(key)) for key in layout.columns] if layout else [],
        "may_be_complete": bool(layout and layout.can_be_complete),
        "choices": {
            "report": [(slug, REPORTS[slug].short_title) for slug in LAYOUTS],
            "encoding": list(ENCODINGS.items()),
            "delimiter": [(sign, name.capitalize()) for sign, name in DELIMITERS.items()],
            "dates": list(DATE_ORDERS.items()),
            "decimal": list(DECIMALS.items()),
        },
        "others": others[:_MAX_OTHERS],
        "more_others": len(others[_MAX_OTHERS:]),
    }


def _answers(options: Options) -> list[str]:
    """What a person has said about names that look like others, in sentences."""
    answers = [
        f"{kind.capitalize()} “{name}” is {'another one' if choice == name else f'“{choice}”'}."
        for (kind, name), choice in options.name_choices.items()
    ]
    if options.names:
        answers.append("All others are the same." if options.names == "same" else "All others are new names.")
    return answers


def fragment_context(job: ImportJob, uploads: Uploads) -> dict[str, Any]:
    """What changes on the page of an import while a job runs: its state, and at the end what is said of each row."""
    context = status_context(job)
    if context["status"].state != states.CHECKED:
        return context
    preview = find_preview(job, load_options(job.options), uploads)
    return context | {"preview": preview, "rows": _preview_rows(preview, context["plan"]) if preview else []}


def _preview_rows(preview: Preview, plan: StoredPlan | None) -> list[PreviewRow]:
    """The first rows of a file, with what the check has found about them."""
    kinds = dict(plan.kinds) if plan else {}
    faults: dict[int, list[str]] = {}
    for line, text in plan.faults if plan else ():
        faults.setdefault(line, []).append(text)
    rows = []
    for line, cells, own_faults in preview.rows:
        kind, wrong = kinds.get(line, ""), faults.get(line, own_faults)
        state = (COUNTS[kind], _KIND_BADGES[kind]) if kind else ("", "")
        rows.append(PreviewRow(line, ("Fault", "bad") if wrong else state, cells, wrong))
    return rows


def status_context(job: ImportJob) -> dict[str, Any]:
    """What the part of the page shows that changes while a job runs."""
    status, plan = status_of(job), load_plan(job.plan)
    return {
        "job": job,
        "status": status,
        "label": _label(status, plan),
        "plan": plan,
        "is_checked": status.state == states.CHECKED,
        "can_be_checked": status.state in states.CHECKABLE,
        "can_be_dropped": status.state in states.DROPPABLE,
        "waits_for_preview": not job.preview and status.state in (states.CHECK_QUEUED, states.CHECKING),
        "answer_fields": _ANSWER_FIELDS,
        "examples": [(kind, COUNTS[kind], texts) for kind, texts in plan.examples.items()] if plan else [],
        "report_title": _title(str(job.report)),
        "counts": _counts(status, plan),
        "progress": _progress(job, status, plan),
        "is_runner_alive": not status.busy or is_runner_alive(),
        "ending": plan.summary.ending if plan else 0,
        "needs_confirmation": plan is not None and plan.summary.ends_many,
        "is_outdated": status.state == states.CHECKED and plan is not None and plan.data_version != data_version(),
        "same_file": _same_file(job) if status.state == states.CHECKED else None,
        "can_undo": _can_undo(status),
    }


def import_facts(job: ImportJob) -> dict[str, Any]:
    """What a program learns of an import: its state, what it did or would do, and what is wrong with its file."""
    status, plan = status_of(job), load_plan(job.plan)
    counts = dict(plan.counts) if plan else {}
    return {
        "number": job.id,
        "report": job.report,
        "file": job.file,
        "state": status.state,
        "busy": status.busy,
        "message": status.message,
        "counts": counts,
        "faults": [{"line": line, "text": text} for line, text in plan.faults] if plan else [],
        "total": plan.total_faults if plan else 0,
        "questions": [describe_question(question) for question in plan.open_questions] if plan else [],
    }


def describe_question(question: Question) -> str:
    """A question of a file with the keys of the query of PUT that answer it."""
    key = {"date_order": "dates", "confirmed": "confirm"}.get(question.setting, question.setting)
    values = ("same", "new") if key == "names" else question.choices
    answers = " or ".join(f"{key}={value}" for value in values)
    return question.with_answer(f"{answers} says {'that this is meant' if key == 'confirm' else 'which'}")


def undo_context(number: int) -> dict[str, Any]:
    """What undoing an import would do, or why it can't be."""
    try:
        return {"preview": undo_preview(number)}
    except CannotUndo as error:
        newer = {job.id: job.file for job in ImportJob.select().where(ImportJob.id.in_(list(error.newer)))}
        return {"refusal": str(error), "newer": [(each, newer[each]) for each in error.newer if each in newer]}


def _can_undo(status: Status) -> bool:
    return status.state == states.APPLIED and status.applied is not None and status.applied.can_be_undone


def _counts(status: Status, plan: StoredPlan | None) -> list[tuple[str, int]]:
    """The labels and numbers of what a file did, or would do."""
    counts = dict(plan.counts) if plan else {}
    if status.applied:
        counts |= {key: getattr(status.applied, key) for key in COUNTS if hasattr(status.applied, key)}
    return [(label, counts[key]) for key, label in COUNTS.items() if key in counts and (counts[key] or key in _ALWAYS)]


def _progress(job: ImportJob, status: Status, plan: StoredPlan | None) -> dict[str, Any] | None:
    """How far a running job is, in rows where a check has counted them; None while none runs."""
    if status.state not in states.RUNNING.values():
        return None
    whole = job.size  # bytes
    rows = plan.rows if plan and status.state == states.APPLYING else 0
    if status.state == states.UNDOING and status.applied:  # which counts rows
        whole = rows = status.applied.changed_rows
    share = min(job.done / whole, 1) if whole else 0.0
    return {"percent": int(share * 100), "rows": rows, "done": int(rows * share)}


def _same_file(job: ImportJob) -> Import | None:
    """The last import of all, if it was of the very same file: then applying that again changes nothing."""
    last: Import | None = Import.select().order_by(Import.id.desc()).first()
    if last is None or last.number is None:
        return None
    same = (ImportJob.id == last.number) & (ImportJob.sha256 == job.sha256) & (ImportJob.id != job.id)
    return last if ImportJob.select().where(same).exists() else None


def _others(job: ImportJob) -> Sequence[ImportJob]:
    """Other files that somebody must still look at, the newest first: those that came with this one."""
    waiting = ImportJob.state.in_(states.OPEN) & (ImportJob.id != job.id)
    return list(ImportJob.select().where(waiting).order_by(ImportJob.id.desc()).limit(_SHOWN))
