"""The jobs of imports: check a file, apply it, undo it; and what is to be done in between."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from typing import IO, Any

from huey import Huey, crontab

from app.importing import (
    CannotUndo,
    Options,
    Plan,
    RecognisedFile,
    check_file,
    discard_history,
    heartbeats,
    load_file,
    recognise_file,
    record_heartbeat,
    undo_import,
)
from app.importing.history import HEARTBEAT
from app.jobs import states
from app.jobs.faults import FaultLog, write_faults
from app.jobs.plans import dump_plan, load_plan, store_plan
from app.jobs.previews import dump_preview, headings_digest, is_workbook, make_preview, recognise_head
from app.jobs.queue import open_queue
from app.jobs.states import change_state, claim_job
from app.jobs.stored_options import dump_options, load_options
from app.jobs.uploads import Uploads
from models import (
    DATABASE_ERRORS,
    Import,
    ImportJob,
    access_db,
    audit,
    close_connections,
    data_folder,
    describe_error,
    driver_errors,
)
from models.audit import DONE, FAILED

log = logging.getLogger(__name__)

UPLOAD_DAYS = 7  # after which an upload that nobody applied is deleted
_FAILED = "The job of import %d (%s) failed: %s"
_FILE_GONE = "The file isn't there any more; upload it again."
_WAITING = "Another import is under way; this one begins when that has ended."
_NO_ROOM = "The server found no room on its disk. Make room, then start it again here."
_CHANGED = "The data has changed since the check, and the file would do something else now. Look at it again."
_FAULTY = "The file has faults or questions. Nothing was changed."
_DEFECT = "Something went wrong on our side; it has been logged. Nothing was changed."


class JobTaken(Exception):
    """Somebody has cancelled the job, or wants other options: its work ends."""


class ImportJobs:
    """The jobs of an installation's imports, and the queue in which they wait.

    The state of an ImportJob says what is to be done; the queue only wakes the process that does it. So a message that
    is lost or doubled harms nothing: `requeue` sends it again, and `claim_job` takes a job once.
    """

    def __init__(self, database_url: str, history_days: int) -> None:
        self.uploads = Uploads(data_folder(database_url) / "uploads")
        self._url, self._history_days = database_url, history_days
        self._tasks: dict[str, Any] = {}  # by the name of the method; with the queue, which has them

    @cached_property
    def queue(self) -> Huey:
        """The queue with its tasks. The first use opens it. Raises one of DATABASE_ERRORS."""
        queue = open_queue(self._url)
        for task in (self.check, self.apply, self.undo):
            self._tasks[task.__name__] = queue.task(name=task.__name__)(task)
        queue.periodic_task(crontab(), name="requeue")(self.requeue)
        queue.periodic_task(crontab(minute="17", hour="3"), name="clean_up")(self.clean_up)
        return queue

    def wake(self, job: ImportJob, state: str) -> None:
        """Let the process know of a job in a queued state. Where the queue fails, `requeue` finds the job."""
        try:
            queue = self.queue
            with driver_errors:
                queue.enqueue(self._tasks[states.JOBS[state]].s(job.id))
        except (*DATABASE_ERRORS, OSError) as error:
            log.warning("Can't queue the job of import %d: %s", job.id, describe_error(error))

    def requeue(self) -> None:
        """Queue all waiting jobs, and finish those whose process died between the commit and the change of state."""
        for job in ImportJob.select().where(ImportJob.state.in_([*states.JOBS])).order_by(ImportJob.id):
            self.wake(job, job.state)
        running = ImportJob.select().where(ImportJob.state.in_([states.APPLYING, states.UNDOING]))
        for job in running:
            status = states.status_of(job)
            if job.state == states.APPLYING and status.state == states.APPLIED and status.applied:
                self._note_applied(job, status.applied)
            elif job.state == states.UNDOING and status.state == states.UNDONE:
                self._note_undone(job, ImportJob.get_by_id(job.undo))

    def clean_up(self) -> None:
        """Delete uploads that nobody has applied for a week, and the history that is older than HISTORY_DAYS."""
        self.uploads.delete_older(UPLOAD_DAYS)
        discard_history(self._history_days)

    # -- checks

    def prepare(self, job: ImportJob) -> None:
        """Recognise the headings of a text file that was just uploaded, and recall how they were mapped before."""
        with self.uploads.open(job.id) as stream:
            if not is_workbook(stream):
                options = load_options(job.options)
                self._recall_options(job, recognise_head(stream, str(job.file), options))

    def check(self, number: int) -> None:
        """Find out what a file would do."""
        if (job := claim_job(number, states.CHECK_QUEUED)) is None:
            return
        with self._work_on(job) as running, self.uploads.open(number) as stream:
            options, file = self._recognise(job, stream)
            with FaultLog() as faults:
                self.uploads.faults_path(number).unlink(missing_ok=True)
                plan = check_file(file, options, running.advance, running.wait, faults)
                if plan.faults is not faults:  # of the headings: no row was read
                    faults.extend(plan.faults)
                if faults:
                    write_faults(file, options, faults, self.uploads.faults_path(number))
            report = file.layout.report.slug if file.layout else ""
            running.finish(states.CHECKED, plan=dump_plan(store_plan(plan)), report=report)

    def _recognise(self, job: ImportJob, stream: IO[bytes]) -> tuple[Options, RecognisedFile]:
        """Recognise the file of a job. Of a workbook the first rows are kept, which no page reads by itself."""
        options = load_options(job.options)
        file = recognise_file(stream, str(job.file), options)
        if is_workbook(stream):
            if not job.headings and self._recall_options(job, file):
                options = load_options(job.options)
                file = recognise_file(stream, str(job.file), options)
            job.preview = dump_preview(make_preview(file, options))
            job.save(only=[ImportJob.preview])
        return options, file

    def _recall_options(self, job: ImportJob, file: RecognisedFile) -> bool:
        """Note the headings of a new file, and take what a person has said about the same file or headings before.

        This takes all options of the newest applied import of the very same file, else the mapping of the newest one
        with the same headings. Returns whether there was one.
        """
        job.headings = headings_digest(file)
        applied = ImportJob.select().where(ImportJob.state == states.APPLIED).order_by(ImportJob.id.desc())
        if job.headings and (same := applied.where(ImportJob.sha256 == job.sha256).first()):
            job.options = dump_options(replace(load_options(same.options), report=same.report, confirmed=None))
        elif job.headings and (same := applied.where(ImportJob.headings == job.headings).first()):
            mapping = load_options(same.options).mapping
            job.options = dump_options(replace(load_options(job.options), report=same.report, mapping=mapping))
        else:
            same = None
        job.save(only=[ImportJob.headings, ImportJob.options])
        return same is not None

    # -- changes of the reports

    def apply(self, number: int) -> None:
        """Load a file into the reports, all of it or nothing."""
        if (job := claim_job(number, states.APPLY_QUEUED)) is None:
            return
        with self._work_on(job) as running, self.uploads.open(number) as stream:
            if applied := Import.get_or_none(Import.number == number):
                self._note_applied(job, applied)
                return
            options = load_options(job.options)
            file = recognise_file(stream, str(job.file), options)
            checked = load_plan(job.plan)

            def is_as_shown(plan: Plan) -> bool:
                """Whether the file does what the person has seen. Nothing else changes the reports meanwhile."""
                return (
                    checked is None or checked.data_version == plan.data_version or store_plan(plan).shows_same(checked)
                )

            plan = load_file(
                file,
                options,
                who=str(job.who),
                number=number,
                progress=running.advance,
                wait=running.wait,
                accept=is_as_shown,
            )
            job.plan = dump_plan(store_plan(plan))
            if applied := Import.get_or_none(Import.number == number):
                self._note_applied(job, applied)
            else:
                running.finish(states.CHECKED, plan=job.plan, message=_CHANGED if checked else _FAULTY)

    def load_at_once(self, job: ImportJob, options: Options, dry_run: bool, wait: Callable[[], object]) -> Plan:
        """Load a small file in the process of whoever calls, and return what that did, or what is wrong."""
        beats = heartbeats(partial(record_heartbeat, job.id), HEARTBEAT)
        with beats, self.uploads.open(job.id) as stream:
            file = recognise_file(stream, str(job.file), options)
            if dry_run:
                plan = check_file(file, options, wait=wait)
            else:
                plan = load_file(file, options, who=str(job.who), number=job.id, wait=wait)
        if applied := Import.get_or_none(Import.number == job.id):
            job.plan = dump_plan(store_plan(plan))
            try:
                self._note_applied(job, applied)
            except DATABASE_ERRORS as error:  # `requeue` does it again
                log.warning("Can't note yet that import %d is applied: %s", job.id, describe_error(error))
        return plan

    def _note_applied(self, job: ImportJob, applied: Import) -> None:
        """Note that the reports have a file's rows, and delete the file."""
        about = f"{applied.report} {job.file}"
        counts = {name: getattr(applied, name) for name in ("added", "updated", "unchanged", "removed", "cancelled")}
        with access_db.write_transaction():
            # Who cancels a job that seems interrupted doesn't end a commit that is under way.
            known_as = [states.APPLYING, states.CANCELLED]
            if change_state(job, known_as, states.APPLIED, plan=job.plan, message="", report=applied.report):
                audit.record("import", DONE, about=about, who=job.who, number=job.id, sha256=job.sha256, **counts)
        self.uploads.delete(job.id)

    def undo(self, number: int) -> None:
        """Undo an import, under the number that was set aside for that."""
        if (job := claim_job(number, states.UNDO_QUEUED)) is None:
            return
        with self._work_on(job) as running:
            undoing = ImportJob.get_by_id(job.undo)
            try:
                if states.status_of(job).undone_by is None:
                    undo_import(number, undoing.id, str(undoing.who), running.advance, running.wait)
            except CannotUndo as error:
                running.finish(states.APPLIED, message=str(error))
                return
            self._note_undone(job, undoing)

    def _note_undone(self, job: ImportJob, undoing: ImportJob) -> None:
        with access_db.write_transaction():
            if change_state(job, [states.UNDOING], states.UNDONE, message=""):
                audit.record("undo", DONE, about=f"{job.report} {job.file}", who=undoing.who, number=job.id)

    @contextmanager
    def _work_on(self, job: ImportJob) -> Iterator["RunningJob"]:
        """Run the block for a job that was claimed. An error becomes the job's message, and ends in AFTER_FAILURE."""
        running = RunningJob(job)
        try:
            with heartbeats(running.record_heartbeat, HEARTBEAT):
                yield running
        except JobTaken:
            return
        except FileNotFoundError:
            running.fail(_FILE_GONE)
        except DATABASE_ERRORS as error:
            log.error(_FAILED, job.id, job.state, describe_error(error))  # noqa: TRY400 - no defect of ours
            close_connections()  # a broken one stays broken
            running.fail(f"The database can't be used: {describe_error(error)}. Nothing was changed.")
        except OSError as error:
            log.error(_FAILED, job.id, job.state, error)  # noqa: TRY400
            running.fail(_NO_ROOM)
        except Exception:
            log.exception(_FAILED, job.id, job.state, "a defect")
            running.fail(_DEFECT)


class RunningJob:
    """A job that is being worked on. Another thread records its heartbeats."""

    def __init__(self, job: ImportJob) -> None:
        self.job, self.done, self.message, self.is_taken = job, 0, "", False

    def advance(self, more: int) -> None:
        """Count bytes that were read. Raises JobTaken."""
        self.done += more
        self.message = ""
        if self.is_taken:
            raise JobTaken

    def wait(self) -> None:
        """Let people know that another import must end first. Raises JobTaken."""
        self.advance(0)
        self.message = _WAITING

    def record_heartbeat(self) -> None:
        """Record that the job is being worked on, and notice whether somebody has taken it away."""
        self.is_taken = not states.note_progress(self.job, self.done, self.message)

    def finish(self, state: str, message: str = "", **values: Any) -> None:
        change_state(self.job, [self.job.state], state, message=message, **values)

    def fail(self, message: str) -> None:
        self.finish(states.AFTER_FAILURE[self.job.state], message)
        audit_failure(self.job, message)


def audit_failure(job: ImportJob, why: str) -> None:
    """Record that a file could not be applied or undone. A check changes nothing, and leaves no event."""
    if job.state != states.CHECKING:
        event = "undo" if job.state == states.UNDOING else "import"
        audit.record(event, FAILED, about=f"{job.report} {job.file}", who=job.who, number=job.id, why=why)
