"""The form of an import: how its file is read, what its headings mean, and the answers to questions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import abort, request

from app.importing import DATE_ORDERS, DECIMALS, DELIMITERS, ENCODINGS, LAYOUTS, Options
from app.importing.layouts import heading_key
from app.jobs.plans import StoredPlan
from app.jobs.previews import Preview
from app.web.errors import error_response
from app.web.fields import is_number
from models import ImportJob, shorten

# The fields with fixed choices: the field of Options, and its choices but for "", which recognises it.
CHOICES: Mapping[str, tuple[str, Sequence[str]]] = {
    "report": ("report", tuple(LAYOUTS)),
    "encoding": ("encoding", tuple(ENCODINGS)),
    "delimiter": ("delimiter", tuple(DELIMITERS)),
    "dates": ("date_order", tuple(DATE_ORDERS)),
    "decimal": ("decimal", tuple(DECIMALS)),
    "names": ("names", ("same", "new")),
}


def submitted_revision(job: ImportJob) -> int:
    """Return the revision of the options that the person has seen, which the form names; 400 where it names none."""
    text = request.form.get("revision", "")
    if not is_number(text, 8):  # as many digits as each integer of a database can have
        _abort(job, "revision", text, "the number that the page has in its form")
    return int(text)


def shown_options(options: Options, preview: Preview | None) -> Options:
    """Return the options as the page's form has them: the report and the columns are there as they were recognised."""
    options = replace(options, confirmed=None)  # what a program has confirmed; the form has a tick of its own
    if preview is None:
        return options
    mapping = {**options.mapping, **_by_heading(preview, [key for _, key, _ in preview.headings])}
    return replace(options, report=preview.report, mapping=mapping)


def submitted_options(job: ImportJob, options: Options, preview: Preview | None, plan: StoredPlan | None) -> Options:
    """Return the options that the form sends; a key that it doesn't send leaves what was chosen before."""
    chosen: dict[str, Any] = {}
    for key, (field, choices) in CHOICES.items():
        sent = request.form.getlist(key)  # twice where the page asks for it: in the form, and as a question
        value = next(filter(None, reversed(sent)), "") if sent else getattr(options, field)
        if value and value not in choices:
            _abort(job, key, value, f"one of {', '.join(choices)}")
        chosen[field] = value
    changed = replace(options, **chosen, complete="complete" in request.form, confirmed=None)
    if changed.report and changed.report != (preview.report if preview else ""):
        return replace(changed, mapping={})  # of another report's columns
    changed = replace(changed, mapping=_submitted_mapping(job, changed, preview))
    if "forget" in request.form:
        return replace(changed, names="", name_choices={})
    return replace(changed, name_choices=_submitted_names(job, changed, plan))


def _submitted_mapping(job: ImportJob, options: Options, preview: Preview | None) -> Mapping[str, str]:
    """Return the column of each heading, by the index of the heading on the page."""
    keys = request.form.getlist("mapping")
    if not (keys and preview and preview.report):
        return options.mapping
    columns = LAYOUTS[preview.report].columns
    for key in keys:
        if key and key not in columns:
            _abort(job, "mapping", key, f"one of {', '.join(columns)}")
    if len(keys) != len(preview.headings):
        _abort(job, "mapping", str(len(keys)), f"a column for each of the {len(preview.headings)} headings")
    return {**options.mapping, **_by_heading(preview, keys)}


def _by_heading(preview: Preview, keys: Sequence[str]) -> Mapping[str, str]:
    """Return the keys of columns by the headings that they stand beside."""
    headings = (heading for heading, _, _ in preview.headings)
    return {heading_key(heading): key for heading, key in zip(headings, keys, strict=True) if heading}


def _submitted_names(job: ImportJob, options: Options, plan: StoredPlan | None) -> Mapping[tuple[str, str], str]:
    """Return the answers to “did you mean”, in the order of the questions on the page."""
    asked = [question for question in plan.questions if question["setting"] == "names"] if plan else []
    answers = dict(options.name_choices)
    for question, answer in zip(asked, request.form.getlist("answer"), strict=False):
        names = [name for name, _ in question["choices"]]
        if answer and answer not in names:
            _abort(job, "answer", answer, f"one of {', '.join(names)}")
        if answer:
            kind, name = question["subject"]
            answers[kind, name] = answer
    return answers


def _abort(job: ImportJob, key: str, value: str, right: str) -> None:
    short = shorten(value, 60)  # as much as tells which it is
    abort(error_response(400, f"{key}: “{short}” is not {right}.", home=f"/imports/{job.id}", reason=f"invalid {key}"))
