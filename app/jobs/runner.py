"""The process that works on jobs, which `flask jobs` runs until it is told to stop."""

import os
from contextlib import suppress

from app.deliveries.sending import Sender
from app.importing import heartbeats
from app.jobs import states
from app.jobs.imports import ImportJobs

_NICENESS = 10  # jobs get the CPU time that pages leave
_HEARTBEAT = 4  # seconds between two heartbeats of the process
_MAX_WAIT = 1  # seconds until a job is noticed
_STOP_SECONDS = 30  # that a stop waits for the job under way


def run_jobs(jobs: ImportJobs, sender: Sender | None) -> None:
    """Work on jobs until SIGTERM, which lets the one under way finish, or SIGINT. Raises one of DATABASE_ERRORS.

    With a `sender`, send mails too.
    """
    with suppress(OSError):
        os.nice(_NICENESS)
    consumer = jobs.queue.create_consumer(
        workers=1, max_delay=_MAX_WAIT, graceful_signal="TERM", shutdown_timeout=_STOP_SECONDS
    )
    if sender:
        sender.register(jobs.queue)
    states.release_jobs()
    jobs.requeue()
    # The first one when the worker can take a job: from then on SIGTERM stops the process in order.
    jobs.queue.on_startup()(states.record_runner_heartbeat)
    try:
        with heartbeats(states.record_runner_heartbeat, _HEARTBEAT):
            consumer.run()
    finally:
        states.release_jobs()
