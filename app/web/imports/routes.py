"""The routes of imports: choose files, see what they would do, apply them, undo them."""

from collections.abc import Iterator
from functools import partial
from itertools import islice

from flask import Blueprint, Response, abort, current_app, jsonify, redirect, render_template, request, send_file
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from app.importing import Options, add_job, changed_rows
from app.jobs import states
from app.jobs.plans import load_plan
from app.jobs.states import change_state, status_of
from app.jobs.stored_options import dump_options, load_options
from app.jobs.uploads import Upload
from app.table.csv import CHUNK_ROWS, EXCEL, Progress
from app.web.audit import record_event
from app.web.errors import asks_for_json, error_response, is_fragment_request
from app.web.imports.context import (
    find_preview,
    fragment_context,
    import_facts,
    list_context,
    page_context,
    undo_context,
)
from app.web.imports.form import shown_options, submitted_options, submitted_revision
from app.web.imports.upload import MAX_FILES, no_room_response, received_files
from app.web.reports.export import stream_file
from app.web.security import visitor
from app.web.services import services
from models import ImportJob, access_db, read_transaction, timestamp
from models.audit import BEGUN

_NUMBER = "<id:number>"

blueprint = Blueprint("imports", __name__, url_prefix="/imports")


@blueprint.get("")
def list_imports() -> ResponseReturnValue:
    return _list_page()


@blueprint.post("")
def upload() -> ResponseReturnValue:
    """Receive files, and let each be checked."""
    limit = services().settings.import_limit
    try:
        with received_files(services().import_jobs.uploads, limit * 10**6) as files:
            if not files:
                return _list_page(400, "Choose a file first.")
            jobs = [_add(name, received) for name, received in files]
    except RequestEntityTooLarge:
        details = [f"All files together may have {limit} MB (IMPORT_LIMIT), and be {MAX_FILES} at most."]
        return error_response(413, "This is too large.", details, "/imports")
    except OSError as error:
        return no_room_response(error)
    return redirect(f"/imports/{jobs[0].id}", 303)


def _add(name: str, received: Upload) -> ImportJob:
    """Keep a file that was received whole, and queue its check."""
    now, jobs = timestamp(), services().import_jobs
    with access_db.write_transaction():
        job = add_job(
            user=visitor().id, who=visitor().email, file=name, size=received.size, sha256=received.sha256,
            created_at=now, seen_at=now, state=states.CHECK_QUEUED,
        )  # fmt: skip
        record_event("upload", about=name, number=job.id, bytes=received.size, sha256=received.sha256)
        received.keep(jobs.uploads.path(job.id))
    jobs.prepare(job)
    jobs.wake(job, states.CHECK_QUEUED)
    return job


@blueprint.get(f"/{_NUMBER}")
def show(number: int) -> ResponseReturnValue:
    """Show a file, its first rows, and what it would do or has done; for htmx what changes while a job runs."""
    job = _job_or_404(number)
    if job.state == states.UNDOES:
        return redirect(f"/imports/{ImportJob.get(ImportJob.undo == number).id}", 303)
    if asks_for_json() or visitor().token:
        return jsonify(import_facts(job))
    if is_fragment_request():
        context = fragment_context(job, services().import_jobs.uploads)
        response = current_app.make_response(render_template("imports/_fragment.html", **context))
        lacks_preview = job.preview and request.args.get("preview") == "none"
        if lacks_preview or context["status"].state not in {*states.OPEN, *states.BUSY}:  # the page looks otherwise now
            response.headers["HX-Refresh"] = "true"
        return response
    context = page_context(job, services().import_jobs.uploads)
    if context["can_undo"] and "undo" in request.args:
        context["undo"] = undo_context(number)
    return render_template("imports/import.html", **context)


@blueprint.post(f"/{_NUMBER}")
def change(number: int) -> ResponseReturnValue:
    """Read the file in another way, and check it again."""
    job = _job_or_404(number)
    if submitted_revision(job) != job.revision:
        return _conflict(number)
    _, options = _shown_and_submitted(job)
    return _check_again(job, options) or redirect(f"/imports/{number}", 303)


def _shown_and_submitted(job: ImportJob) -> tuple[Options, Options]:
    """Return the options that the page shows, and those that its form sends."""
    options = load_options(job.options)
    preview = find_preview(job, options, services().import_jobs.uploads)
    return shown_options(options, preview), submitted_options(job, options, preview, load_plan(job.plan))


def _check_again(job: ImportJob, options: Options) -> Response | None:
    """Queue a check with other options. Return why that can't be, or None."""
    values = {"options": dump_options(options), "plan": "", "message": "", "done": 0, "preview": ""}
    is_applied = status_of(job).applied is not None
    if is_applied or not change_state(job, states.CHECKABLE, states.CHECK_QUEUED, revision=job.revision + 1, **values):
        return _conflict(job.id)
    services().import_jobs.wake(job, states.CHECK_QUEUED)
    return None


@blueprint.post(f"/{_NUMBER}/apply")
def apply(number: int) -> ResponseReturnValue:
    """Let a checked file be applied, once. Choices that were made since are checked first."""
    job = _job_or_404(number)
    if submitted_revision(job) != job.revision:
        return _conflict(number)
    if "report" in request.form:  # a program that sends no choices has changed none
        shown, options = _shown_and_submitted(job)
        if options != shown:
            return _check_again(job, options) or redirect(f"/imports/{number}?choices=changed", 303)
    plan = load_plan(job.plan)
    if plan is None or not plan.can_be_applied or status_of(job).applied:
        return _conflict(number)
    ending = plan.summary.ending
    if plan.summary.ends_many and request.form.get("confirm") != str(ending):
        rows = f"{ending:,} {'row' if ending == 1 else 'rows'}"
        details = [f"The file doesn't name {rows}: {plan.summary.fate}. Tick that this is meant."]
        return error_response(400, "Nothing was applied.", details, f"/imports/{number}")
    with access_db.write_transaction():
        fields = {"done": 0, "message": "", "user": visitor().id, "who": visitor().email}
        begun = change_state(job, [states.CHECKED], states.APPLY_QUEUED, **fields)
        if begun:
            record_event("import", BEGUN, f"{job.report} {job.file}", number=number, sha256=job.sha256)
    if not begun:
        return _conflict(number)
    services().import_jobs.wake(job, states.APPLY_QUEUED)
    return redirect(f"/imports/{number}", 303)


@blueprint.post(f"/{_NUMBER}/cancel")
def cancel(number: int) -> ResponseReturnValue:
    """Drop a file that isn't applied, and end its job."""
    job = _job_or_404(number)
    with access_db.write_transaction():
        cancelled = not status_of(job).applied and change_state(job, states.DROPPABLE, states.CANCELLED)
        if cancelled:
            record_event("import cancelled", about=f"{job.report} {job.file}", number=number)
    if not cancelled:
        return _conflict(number)
    services().import_jobs.uploads.delete(number)
    return redirect("/imports", 303)


@blueprint.post(f"/{_NUMBER}/undo")
def undo(number: int) -> ResponseReturnValue:
    """Let an applied import be undone, once."""
    job, now = _job_or_404(number), timestamp()
    status = status_of(job)
    begun = False
    if status.applied and not status.undone_by:
        with access_db.write_transaction():
            begun = change_state(job, states.UNDOABLE, states.UNDO_QUEUED, done=0, message="")
            if begun:
                fields = {"user": visitor().id, "who": visitor().email, "created_at": now, "seen_at": now}
                if job.undo is None:
                    fields |= {"file": job.file, "report": job.report, "state": states.UNDOES}
                    job.undo = add_job(**fields).id
                    job.save(only=[ImportJob.undo])
                else:
                    ImportJob.update(fields).where(ImportJob.id == job.undo).execute()
                record_event("undo", BEGUN, f"{job.report} {job.file}", number=number)
    if not begun:
        return _conflict(number)
    services().import_jobs.wake(job, states.UNDO_QUEUED)
    return redirect(f"/imports/{number}", 303)


@blueprint.get(f"/{_NUMBER}/faults.csv")
def faults(number: int) -> ResponseReturnValue:
    """Send the file with a column of faults, as the check has written it."""
    job = _job_or_404(number)
    path = services().import_jobs.uploads.faults_path(number)
    if job.state != states.CHECKED or not path.exists():
        return error_response(404, "This import has no file of faults.", home=f"/imports/{number}")
    response = send_file(path.absolute(), "text/csv", as_attachment=True, download_name=f"import-{number}-faults.csv")
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get(f"/{_NUMBER}/changes.csv")
def changes(number: int) -> ResponseReturnValue:
    """Stream what an import changed: each value before and after."""
    job = _job_or_404(number)
    if not status_of(job).applied:
        return error_response(404, "This import is not applied.", home=f"/imports/{number}")
    headers = {"Content-Disposition": f'attachment; filename="import-{number}-changes.csv"'}
    response = Response(mimetype="text/csv", headers=headers)
    return stream_file(request.path, partial(_change_lines, number), response, f"/imports/{number}")


def _change_lines(number: int, progress: Progress) -> Iterator[bytes]:
    with read_transaction():
        yield (EXCEL.start + EXCEL.line(("Change", "Row", "Column", "Before", "After"))).encode()
        rows = changed_rows(number)
        while block := list(islice(rows, CHUNK_ROWS)):
            progress(len(block))
            yield "".join(map(EXCEL.line, block)).encode()


def _job_or_404(number: int) -> ImportJob:
    job: ImportJob | None = ImportJob.get_or_none(ImportJob.id == number)
    if job is None:
        abort(error_response(404, f"There is no import “{number}”.", home="/imports"))
    return job


def _conflict(number: int) -> Response:
    """Say why what was pressed isn't possible any more: somebody else, or another tab, was first."""
    job = _job_or_404(number)
    state = status_of(job).state
    why = _why_not_as_checked(job) if state == states.CHECKED else _WHY_NOT.get(state, "It is being worked on.")
    return error_response(409, "Nothing was changed.", [why, "The page shows how it is now."], f"/imports/{number}")


def _why_not_as_checked(job: ImportJob) -> str:
    plan = load_plan(job.plan)
    if "revision" in request.form and submitted_revision(job) != job.revision:
        return "The choices were changed meanwhile, and the file was checked again."
    if plan and not plan.can_be_applied:
        return "The file has faults." if plan.total_faults else "Questions about the file are open."
    return "The file is not applied."


_WHY_NOT = {
    states.CHECK_QUEUED: "The file is being checked, with other choices than those that you saw.",
    states.CHECKING: "The file is being checked, with other choices than those that you saw.",
    states.CHECK_FAILED: "The file could not be checked.",
    states.APPLY_QUEUED: "The file waits to be applied already.",
    states.APPLYING: "The file is being applied already.",
    states.APPLIED: "The file is applied already.",
    states.UNDO_QUEUED: "The import waits to be undone already.",
    states.UNDOING: "The import is being undone already.",
    states.UNDONE: "The import was undone.",
    states.CANCELLED: "The file was dropped.",
    states.NOT_THERE: "The data is of before this import.",
}


def _list_page(status: int = 200, error: str = "") -> ResponseReturnValue:
    limits = {"limit": services().settings.import_limit, "max_files": MAX_FILES}
    context = {**list_context(), **limits, "error": error}
    return render_template("imports/imports.html", **context), status
