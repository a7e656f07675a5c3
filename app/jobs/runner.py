"""The process that works on jobs, which `flask jobs` runs until it is told to stop."""

import os
from contextlib import suppress
from itertools import count
from threading import Event, Thread

from app.deliveries.sending import Sender
from app.importing.history import HEARTBEAT
from app.jobs import states
from app.jobs.imports import ImportJobs
from models import DATABASE_ERRORS, close_connections

_NICENESS = 10  # jobs get the CPU time that pages leave
_PROCESS_HEARTBEAT = 4  # seconds between two heartbeats of the process; a job has one each second
_MAX_WAIT = 1  # seconds until a job is noticed
_STOP_SECONDS = 30  # that a stop waits for the job under way


def run_jobs(jobs: ImportJobs, sender: Sender | None = None) -> None:
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
    stop = Event()
    heartbeats = Thread(target=_send_heartbeats, args=(jobs, stop), daemon=True)

    def begin_heartbeats() -> None:  # only now the worker can take a job, and SIGTERM stops the process in order
        if not heartbeats.is_alive():
            heartbeats.start()

    jobs.queue.on_startup()(begin_heartbeats)
    try:
        consumer.run()
    finally:
        stop.set()
        if heartbeats.is_alive():
            heartbeats.join()
        states.release_jobs()


def _send_heartbeats(jobs: ImportJobs, stop: Event) -> None:
    """Record heartbeats of the process, and each second one of the job under way."""
    for second in count():
        if stop.is_set():
            break
        with suppress(*DATABASE_ERRORS):  # locked, or full: it tries again a second later
            if second % _PROCESS_HEARTBEAT == 0:
                states.record_runner_heartbeat()
            if running := jobs.running:
                running.record_heartbeat()
        stop.wait(HEARTBEAT)
    close_connections()
