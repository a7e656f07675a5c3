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
_SIGNS = 4  # heartbeats of the job under way, of which each so many is one of the process, too
_MAX_WAIT = 1  # seconds until a job is noticed
_STOP_SECONDS = 30  # that a stop waits for the job under way


def run_jobs(jobs: ImportJobs, sender: Sender | None = None) -> None:
    """Work on jobs until SIGTERM, which lets the one under way finish, or SIGINT. Raises one of DATABASE_ERRORS.

    With a `sender`, that sends mails too.
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
    signs = Thread(target=_say_alive, args=(jobs, stop), daemon=True)

    def begin_signs() -> None:  # only now the worker can take a job, and SIGTERM stops the process in order
        if not signs.is_alive():
            signs.start()

    jobs.queue.on_startup()(begin_signs)
    try:
        consumer.run()
    finally:
        stop.set()
        if signs.is_alive():
            signs.join()
        states.release_jobs()


def _say_alive(jobs: ImportJobs, stop: Event) -> None:
    """Say that the process lives, and every second that a job is being worked on."""
    for second in count():
        if stop.is_set():
            break
        with suppress(*DATABASE_ERRORS):  # locked, or full: the next second comes
            if second % _SIGNS == 0:
                states.note_runner()
            if running := jobs.running:
                running.say()
        stop.wait(HEARTBEAT)
    close_connections()
