"""PUT /imports/SLUG: a program sends a file. A small text is loaded at once; anything else becomes a job.

The reader and the jobs are those of the browser. What a person would be asked is a 422 here: the program chooses by the
keys of its query, and sends the file again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields, replace

from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import RequestEntityTooLarge

from app.importing import DATE_ORDERS, DECIMALS, LAYOUTS, FileRejected, ImportSummary, Options, add_job
from app.jobs import states
from app.jobs.imports import audit_failure
from app.jobs.previews import is_workbook
from app.jobs.stored_options import dump_options, load_options
from app.jobs.uploads import Upload, Uploads
from app.web.audit import record_event
from app.web.errors import error_response, problem_response
from app.web.fields import is_number
from app.web.imports.context import describe_question, import_facts
from app.web.imports.upload import no_room_response
from app.web.security import visitor
from app.web.services import services
from models import DATABASE_ERRORS, Import, ImportJob, access_db, describe_error, timestamp
from models.audit import BEGUN

SMALL_BYTES = 1_000_000  # the largest text that is loaded while the program waits, which takes about a second
_BLOCK_BYTES = 64 * 1024
_FLAGS = ("complete", "dry_run")  # keys whose value is 1
_CHOICES = {"dates": tuple(DATE_ORDERS), "decimal": tuple(DECIMALS), "names": ("same", "new")}
CONFIRM = "confirm"  # the key whose value is a number of rows
MAX_ROWS = 999_999_999
QUERY_KEYS = {**dict.fromkeys(_FLAGS, ("1",)), **_CHOICES}  # but for CONFIRM
_SLUGS = ", ".join(f"'{slug}'" for slug in LAYOUTS)

blueprint = Blueprint("put", __name__)


@blueprint.put(f"/imports/<any({_SLUGS}):slug>")
def put(slug: str) -> Response:
    """Load the body as a file of this report: 200 with what that did, 202 with a job, or 422 with what is wrong."""
    chosen = _query_values()
    options = _options(slug, chosen)
    limit = services().settings.import_limit
    try:
        with _received_body(services().import_jobs.uploads, limit * 10**6) as upload:
            return _load(upload, options, dry_run="dry_run" in chosen)
    except RequestEntityTooLarge:
        return error_response(413, "This is too large.", [f"A file may have {limit} MB (IMPORT_LIMIT)."], "/imports")
    except OSError as error:
        return no_room_response(error)


def _query_values() -> dict[str, str]:
    """Return the values of the query; any other key or value is a 400."""
    wrong = []
    for key, value in request.args.items(multi=True):
        if key == CONFIRM:
            if value and not is_number(value, len(str(MAX_ROWS))):
                wrong.append(f"{key}: “{value[:60]}” is not the number of rows that the file ends.")
        elif key not in QUERY_KEYS:
            wrong.append(f"{key}: “{value[:60]}” can't be: there are only {', '.join((*QUERY_KEYS, CONFIRM))}.")
        elif value and value not in QUERY_KEYS[key]:
            wrong.append(f"{key}: “{value[:60]}” is not one of {', '.join(QUERY_KEYS[key])}.")
    if wrong:
        abort(error_response(400, "This import can't be done like that.", wrong, "/imports", reason="invalid query"))
    return {key: value for key, value in request.args.items() if value}


def _options(slug: str, chosen: dict[str, str]) -> Options:
    return Options(
        report=slug,
        pass_unknown=True,
        date_order=chosen.get("dates", ""),
        decimal=chosen.get("decimal", ""),
        complete="complete" in chosen,
        names=chosen.get("names", ""),
        confirmed=int(chosen.get(CONFIRM, "0")),
    )


@contextmanager
def _received_body(uploads: Uploads, limit: int) -> Iterator[Upload]:
    """Yield the body of the request as an upload, which is removed unless it is kept. Raises RequestEntityTooLarge."""
    if request.mimetype.startswith("multipart/"):
        details = [
            "Send the file itself as the body, as text/csv or the type of a workbook; a form goes to POST /imports."
        ]
        abort(error_response(415, "This is a form.", details, "/imports"))
    request.max_content_length = limit
    stream, upload = request.stream, uploads.receive()
    try:
        while block := stream.read(_BLOCK_BYTES):
            upload.write(block)
        if not upload.size:
            abort(error_response(400, "There is no file.", ["Send it as the body of the request."], "/imports"))
        yield upload
    finally:
        upload.discard()


def _load(upload: Upload, options: Options, dry_run: bool) -> Response:
    if last := _same_file(upload, options):
        rows = last.added + last.updated + last.unchanged
        counts = dict.fromkeys([field.name for field in fields(ImportSummary)], 0) | {"unchanged": rows}
        return _result(options, counts, [], last.number, dry_run)
    if not dry_run and _is_busy(options.report):
        details = ["Another import of this report is being done, or waits. Try again when it has ended."]
        return error_response(409, "Nothing was changed.", details, "/imports")
    queued = states.CHECK_QUEUED if dry_run else states.APPLY_QUEUED
    if upload.size > SMALL_BYTES or is_workbook(upload) or _is_busy():
        return _queue(_add_job(upload, options, queued), queued)
    return _load_at_once(_add_job(upload, options, states.RUNNING[queued]), options, dry_run)


def _is_busy(slug: str = "") -> bool:
    """Return whether a job changes this report, or any, or waits to."""
    changing = ImportJob.state.in_([states.APPLY_QUEUED, states.APPLYING, states.UNDO_QUEUED, states.UNDOING])
    jobs = ImportJob.select().where(changing)
    return any(
        status.busy for status in states.statuses(jobs.where(ImportJob.report == slug) if slug else jobs).values()
    )


def _same_file(upload: Upload, options: Options) -> Import | None:
    """Return the last of all imports if it was of the same file, read in the same way: nothing is to be done."""
    last: Import | None = Import.select().order_by(Import.id.desc()).first()
    if last is None or last.number is None or last.undoes is not None:
        return None
    job = ImportJob.get_or_none(ImportJob.id == last.number, ImportJob.sha256 == upload.sha256)
    if job is None or last.report != options.report:
        return None
    return last if replace(load_options(job.options), confirmed=options.confirmed) == options else None


def _add_job(upload: Upload, options: Options, state: str) -> ImportJob:
    """Keep the file as that of a new job."""
    now = timestamp()
    with access_db.write_transaction():
        job = add_job(
            user=visitor().id, who=visitor().email, file=f"{options.report}.{'xlsx' if is_workbook(upload) else 'csv'}",
            size=upload.size, sha256=upload.sha256, created_at=now, seen_at=now, state=state, report=options.report,
            options=dump_options(options),
        )  # fmt: skip
        record_event("upload", about=job.file, number=job.id, bytes=job.size, sha256=job.sha256)
        if state in (states.APPLY_QUEUED, states.APPLYING):
            record_event("import", BEGUN, f"{job.report} {job.file}", number=job.id, sha256=job.sha256)
        upload.keep(services().import_jobs.uploads.path(job.id))
    return job


def _queue(job: ImportJob, state: str) -> Response:
    services().import_jobs.wake(job, state)
    response = jsonify(import_facts(job))
    response.status_code, response.headers["Location"] = 202, f"/imports/{job.id}"
    return response


class _OtherImportRuns(Exception):
    """Another import is under way, and a program shouldn't hold a thread of the server until that has ended."""


def _refuse_to_wait() -> None:
    raise _OtherImportRuns


def _load_at_once(job: ImportJob, options: Options, dry_run: bool) -> Response:
    """Load the file while the program waits, or queue it. Keep nothing of a file that isn't loaded."""
    is_kept, why = False, ""
    try:
        plan = services().import_jobs.load_at_once(job, options, dry_run, _refuse_to_wait)
        plan.raise_if_rejected(job.file, describe_question)
        is_kept = not dry_run
    except _OtherImportRuns:
        is_kept, queued = True, states.CHECK_QUEUED if dry_run else states.APPLY_QUEUED
        states.change_state(job, [states.RUNNING[queued]], queued)
        return _queue(ImportJob.get_by_id(job.id), queued)
    except FileRejected as rejected:
        why = f"{rejected.total:,} faults or questions"
        faults = [{"line": fault.line, "text": fault.text, "heading": fault.heading} for fault in rejected.faults]
        title = "This file can't be loaded. Nothing was changed."
        details = [f"line {fault['line']}: {fault['text']}" for fault in faults[:10]]
        return problem_response(422, title, details, "faults in the file", faults=faults, total=rejected.total)
    except Exception as error:
        why = describe_error(error) if isinstance(error, DATABASE_ERRORS) else "a defect"
        raise
    finally:
        if not is_kept:
            _remove_job(job, why)
    return _result(options, asdict(plan.summary), [*plan.said, *plan.notes], None if dry_run else job.id, dry_run)


def _remove_job(job: ImportJob, why: str) -> None:
    """Remove a job unless the reports have its rows. Record why it failed; "" means that it was a dry run."""
    if not Import.select().where(Import.number == job.id).exists():
        if why:
            audit_failure(job, why)
        services().import_jobs.uploads.delete(job.id)
        job.delete_instance()


def _result(options: Options, counts: dict[str, int], notes: list[str], number: int | None, dry_run: bool) -> Response:
    facts = {"report": options.report, "dry_run": dry_run, "number": number, "counts": counts, "notes": notes}
    return jsonify(facts)
