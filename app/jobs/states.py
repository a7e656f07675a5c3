"""The states of an import, and the changes from one to another, each of which only one request or job can make.

The state of a job is a hint: whether a file is applied the reports alone tell, by an `Import` with the job's number.
A job whose process has died doesn't say so: it is one that hasn't been seen for STALE_SECONDS.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.importing import history
from models import Import, ImportJob, JobRunner, access_db, timestamp

CHECK_QUEUED, CHECKING, CHECKED, CHECK_FAILED = "check queued", "checking", "checked", "check failed"
APPLY_QUEUED, APPLYING, APPLIED = "apply queued", history.APPLYING, history.APPLIED
UNDO_QUEUED, UNDOING, UNDONE = "undo queued", "undoing", "undone"
CANCELLED = "cancelled"
FAILED = history.FAILED  # of an import by the command
UNDOES = "undoes"  # the job whose number is that of an import that undoes another
NOT_THERE = "not there"  # shown where the reports have lost an applied import, by a restored backup

# By the state of a queued job: the method of ImportJobs that does it, and the state meanwhile.
JOBS = {CHECK_QUEUED: "check", APPLY_QUEUED: "apply", UNDO_QUEUED: "undo"}
RUNNING = {CHECK_QUEUED: CHECKING, APPLY_QUEUED: APPLYING, UNDO_QUEUED: UNDOING}
# By the state of a running job: the one after a failure or an interruption, from which it can be tried again.
AFTER_FAILURE = {CHECKING: CHECK_FAILED, APPLYING: CHECKED, UNDOING: APPLIED}
BUSY = frozenset({*RUNNING, *RUNNING.values()})
CHECKABLE = (CHECK_QUEUED, CHECKING, CHECKED, CHECK_FAILED)  # a file that can be read in another way
DROPPABLE = (*CHECKABLE, APPLY_QUEUED)  # a file that isn't being applied yet
OPEN = (*DROPPABLE, APPLYING)  # a file that isn't done with
UNDOABLE = (APPLIED, APPLYING, APPLY_QUEUED, CHECKED)  # if the reports have the rows: a job may have died
_ONCE_APPLIED = frozenset({APPLIED, UNDO_QUEUED, UNDOING, UNDONE})

STALE_SECONDS = 10  # without a heartbeat of a running job, which has one every second, or of the process
INTERRUPTED = "The process that worked on this was ended. Nothing is half done. Start it again here."
_COMMAND_ENDED = "The command was ended. Nothing was changed."
_LONG_AGO = "2000-01-01 00:00:00"


@dataclass(frozen=True)
class Status:
    """Where an import stands: a state, what stopped the last job, and the rows of the reports that tell it.

    `applied` is the import in the reports, None while it isn't applied; `undone_by` the one that undid it.
    """

    state: str
    message: str = ""
    applied: Import | None = None
    undone_by: Import | None = None

    @property
    def busy(self) -> bool:
        return self.state in BUSY


def statuses(jobs: Iterable[ImportJob]) -> dict[int, Status]:
    """Return the status of each job by its number."""
    by_number = {job.id: job for job in jobs}
    imports = Import.select().where(Import.number.in_(list(by_number)) | Import.undoes.in_(list(by_number)))
    applied = {each.number: each for each in imports}
    undone = {each.undoes: each for each in applied.values() if each.undoes is not None}
    return {number: _status(job, applied.get(number), undone.get(number)) for number, job in by_number.items()}


def status_of(job: ImportJob) -> Status:
    return statuses([job])[job.id]


def _status(job: ImportJob, applied: Import | None, undone_by: Import | None) -> Status:
    state, message = job.state, job.message
    if state in RUNNING.values() and str(job.seen_at) < timestamp(-STALE_SECONDS):
        is_command = job.user_id is None  # whose file isn't here, so that nobody starts it again
        state, message = (FAILED, _COMMAND_ENDED) if is_command else (AFTER_FAILURE[state], INTERRUPTED)
    if undone_by:
        return Status(UNDONE, "", applied, undone_by)
    if applied:
        return Status(state, message, applied) if state in _ONCE_APPLIED else Status(APPLIED, "", applied)
    return Status(NOT_THERE) if state in _ONCE_APPLIED else Status(state, message)


def change_state(job: ImportJob, expected: Iterable[str], new: str, **values: Any) -> bool:
    """Change the state of a job from one of the `expected` ones to a `new` one. Return whether this call did it.

    A job that was interrupted counts as in the state that AFTER_FAILURE names. Nothing changes when the job has another
    revision than the caller has seen.
    """
    possible = ImportJob.state.in_([*expected])
    for running, after in AFTER_FAILURE.items():
        if after in expected:
            stale = ImportJob.seen_at < timestamp(-STALE_SECONDS)
            possible |= (ImportJob.state == running) & stale
    same = (ImportJob.id == job.id) & (ImportJob.revision == job.revision)
    fields = {"state": new, "seen_at": timestamp(), **values}
    changed: int = ImportJob.update(**fields).where(same, possible).execute()
    return changed == 1


def claim_job(number: int, queued: str) -> ImportJob | None:
    """Take a queued job to work on it, and return it as it is then; None where it is not to be done any more."""
    with access_db.write_transaction():
        job: ImportJob | None = ImportJob.get_or_none(ImportJob.id == number)
        if job is None or not change_state(job, [queued], RUNNING[queued], done=0, message=""):
            return None
        job.state = RUNNING[queued]
        return job


def note_progress(job: ImportJob, done: int, message: str) -> bool:
    """Say how far the job is, or why it waits. Return False where it was taken away: by other options, or a cancel."""
    same = (ImportJob.id == job.id) & (ImportJob.revision == job.revision) & (ImportJob.state == job.state)
    changed: int = ImportJob.update(seen_at=timestamp(), done=done, message=message).where(same).execute()
    return changed == 1


def record_runner_heartbeat() -> None:
    """Record that the process that works on jobs is alive."""
    now = timestamp()
    JobRunner.insert(id=1, seen_at=now).on_conflict(
        conflict_target=[JobRunner.id], update={JobRunner.seen_at: now}
    ).execute()


def is_runner_alive() -> bool:
    runner: JobRunner | None = JobRunner.get_or_none(JobRunner.id == 1)
    return runner is not None and str(runner.seen_at) >= timestamp(-STALE_SECONDS)


def release_jobs() -> None:
    """Let the jobs that are marked as running be seen as interrupted at once.

    A process does this at its start, since the one before it may have died, and at its end. A job on which another
    process works, or a command or a request, loses nothing: it says so again within a second.
    """
    ImportJob.update(seen_at=_LONG_AGO).where(ImportJob.state.in_([*RUNNING.values()])).execute()
