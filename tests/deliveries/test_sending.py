"""Mails go out once each, whatever dies or restarts, and whatever the server does."""

import random
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from flask import Flask
from peewee import fn

from app.deliveries import runs
from app.deliveries.content import CSV
from app.deliveries.schedule import MONTHLY, WEEKLY, Schedule
from app.deliveries.sending import Sender
from app.deliveries.store import set_paused
from models import AuditEvent, Delivery, DeliveryRun, User, close_connections, format_time
from tests.databases import on_both
from tests.deliveries.conftest import START, Clock, Mailbox, delivered, person, saved, sender_of
from tests.file_faults import missing
from tests.support import BY, in_trials

pytestmark = pytest.mark.usefixtures("edge_cases")

YEAR = timedelta(days=366)
NONE = "customer=nobody+has+this+id"


class Killed(BaseException):
    """The end of a process."""


class DeadlyClock(Clock):
    """Kills its process at a random one of the places where somebody asks for the time."""

    def __init__(self, dice: random.Random) -> None:
        super().__init__()
        self.dice, self.lives = dice, 10**9

    def __call__(self) -> datetime:
        self.lives -= 1
        if self.lives < 0:
            raise Killed
        return self.now


def due_times(schedule: Schedule, first: datetime, last: datetime) -> list[datetime]:
    times = []
    while (first := schedule.next(first)) <= last:
        times.append(first)
    return times


def only_run() -> DeliveryRun:
    return DeliveryRun.select().get()


@pytest.mark.parametrize("hours", [6 * 24, *in_trials(12)])
def test_every_delivery_of_a_year_goes_out_once(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, hours: int
) -> None:
    view = saved(ann)
    schedules = [Schedule(MONTHLY, 31, 0), Schedule(MONTHLY, 29, 23), Schedule(WEEKLY, 7, 6)]
    for schedule in schedules:
        delivered(view, schedule=schedule)
    dice = random.Random(1)
    while clock.now < START + YEAR:
        sender.deliver()
        sender.deliver()
        clock.now += timedelta(minutes=dice.randrange(60, hours * 60))
    sender.deliver()
    expected = sum(len(due_times(each, START, clock.now)) for each in schedules)
    assert Counter(address for address, _ in mailbox.mails) == {ann.email: expected}
    ids = [message["Message-ID"] for message in mailbox.messages()]
    assert len(set(ids)) == expected
    assert {run.state for run in DeliveryRun.select()} == {runs.SENT}


def test_killed_processes_send_nothing_twice(app: Flask, ann: User, mailbox: Mailbox) -> None:
    dice, ben, view = random.Random(2), person("ben"), saved(ann)
    delivered(view, ann, ben)
    clock = DeadlyClock(dice)
    days = 15
    for _ in range(days):
        clock.now += timedelta(days=1)
        clock.lives = dice.randrange(1, 20)
        sender, died = sender_of(mailbox.port, clock), True
        with suppress(Killed):
            sender.deliver()
            died = False
        clock.lives = 10**9
        if died:  # the next process
            runs.release_runs(clock(), seen_before=clock())
            sender_of(mailbox.port, clock).deliver()
    assert len(DeliveryRun.select()) == days * 2
    states = Counter(run.state for run in DeliveryRun.select())
    assert set(states) == {runs.SENT, runs.UNCERTAIN}
    ids = Counter(message["Message-ID"] for message in mailbox.messages())
    assert set(ids.values()) == {1}
    assert states[runs.SENT] <= len(ids) <= days * 2
    assert len(ids) >= days * 2 - states[runs.UNCERTAIN]


@on_both
def test_what_was_missed_goes_out_once(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    delivered(saved(ann))
    clock.now += timedelta(days=9)
    for _ in range(3):
        sender.deliver()
    assert [str(run.due_at) for run in DeliveryRun.select()] == ["2026-01-10 06:00:00"]
    assert len(mailbox.mails) == 1
    assert str(Delivery.get().next_at) == "2026-01-11 06:00:00"


@on_both
def test_two_processes_send_a_mail_once(ann: User, mailbox: Mailbox, clock: Clock) -> None:
    delivered(saved(ann))
    clock.now += timedelta(days=1)
    first, second = sender_of(mailbox.port, clock), sender_of(mailbox.port, clock)
    # The second one begins while the first has the server waiting, and takes the first for dead.
    original = first.clock
    calls = iter(range(100))

    def meanwhile() -> datetime:
        if next(calls) == 6:
            runs.release_runs(clock(), seen_before=clock())
            second.deliver()
        return original()

    first.clock = meanwhile
    first.deliver()
    assert len(mailbox.mails) == 1
    assert only_run().state == runs.SENT


def test_old_mails_are_forgotten(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    delivered(saved(ann))
    for days in (1, 1, 399):
        clock.now += timedelta(days=days)
        sender.deliver()
    assert [str(run.due_at)[:10] for run in DeliveryRun.select().order_by(DeliveryRun.id)] == [
        "2026-01-03",
        "2027-02-06",
    ]


def test_many_mails_take_turns_with_imports(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.deliveries.sending._TURN_SECONDS", -1)
    delivered(saved(ann), ann, person("ben"))
    clock.now += timedelta(days=1)
    for number in (1, 2, 2):
        sender.deliver()
        assert len(mailbox.mails) == number


def test_paused_delivery_waits_for_its_next_time(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    delivery = delivered(saved(ann))
    set_paused(BY, delivery, True, clock())
    clock.now += timedelta(days=3)
    sender.deliver()
    set_paused(BY, delivery, False, clock())
    sender.deliver()
    assert not mailbox.mails
    clock.now += timedelta(days=1)
    sender.deliver()
    assert len(mailbox.mails) == 1


# What servers do


def test_refusing_server_is_asked_for_a_day(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    mailbox.answer = lambda envelope: "451 try later"
    delivered(saved(ann))
    clock.now = datetime(2026, 1, 2, 6)
    times = []
    while clock.now < datetime(2026, 1, 3, 5, 59):
        tried = DeliveryRun.select(fn.SUM(DeliveryRun.attempts)).scalar() or 0
        sender.deliver()
        times += [clock.now] * (only_run().attempts - tried)
        clock.now += timedelta(minutes=1 if len(times) < 5 else 20)
    pauses = [(after - before) // timedelta(minutes=1) for before, after in pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[0] == 1
    assert pauses[-1] == 240
    run = only_run()
    assert run.state == runs.FAILED
    assert "451 try later" in run.message
    assert AuditEvent.select().where(AuditEvent.event == "delivery sent", AuditEvent.outcome == "failed").count() == 1


def test_mail_that_is_taken_at_last_is_sent(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    mailbox.answer = lambda envelope: "451 try later"
    delivered(saved(ann))
    clock.now += timedelta(days=1)
    sender.deliver()
    assert (only_run().state, mailbox.mails) == (runs.WAITING, [])
    mailbox.answer = lambda envelope: None
    clock.now += timedelta(minutes=2)
    sender.deliver()
    assert (only_run().state, len(mailbox.mails)) == (runs.SENT, 1)


def test_recipient_refused_for_good_keeps_no_other_from_theirs(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender
) -> None:
    ben, view = person("ben"), saved(ann)
    mailbox.answer_recipient = lambda address: "550 nobody here" if address == ann.email else None
    delivered(view, ann, ben)
    clock.now += timedelta(days=1)
    sender.deliver()
    assert [address for address, _ in mailbox.mails] == [ben.email]
    assert {run.user.email: run.state for run in DeliveryRun.select()} == {ann.email: runs.FAILED, ben.email: runs.SENT}


def test_mail_that_waited_until_the_next_was_due_is_skipped(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender
) -> None:
    mailbox.answer = lambda envelope: "451 try later"
    delivered(saved(ann))
    clock.now += timedelta(days=1)
    sender.deliver()
    mailbox.answer = lambda envelope: None
    clock.now += timedelta(days=2)
    sender.deliver()
    states = [(str(run.due_at)[:10], run.state) for run in DeliveryRun.select().order_by(DeliveryRun.due_at)]
    assert states == [("2026-01-02", runs.SKIPPED), ("2026-01-04", runs.SENT)]
    assert len(mailbox.mails) == 1


@pytest.mark.parametrize("database_url", ["SQLite"], indirect=True)
def test_broken_reports_are_asked_for_a_day(
    ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, tmp_path: Path
) -> None:
    delivered(saved(ann), schedule=Schedule(WEEKLY, 5, 6))
    clock.now = datetime(2026, 1, 2, 6)
    with missing(tmp_path / "reports.db"):
        while clock.now < datetime(2026, 1, 3, 8):
            close_connections()
            sender.deliver()
            clock.now += timedelta(minutes=20)
    assert (only_run().state, "reports.db is missing" in only_run().message) == (runs.FAILED, True)


@contextmanager
def odd_server(after_data: Callable[[socket.socket], None], greeting: bytes = b"220 hello\r\n") -> Iterator[int]:
    """A server that does what a test says once it has asked for the text of a mail."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        talk(connection)

        def talk(connection: socket.socket) -> None:
            connection.sendall(greeting)
            commands = connection.makefile("rb")
            while line := commands.readline():
                if line.upper().startswith(b"DATA"):
                    connection.sendall(b"354 go on\r\n")
                    after_data(connection)
                    return
                connection.sendall(b"250 OK\r\n")

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


def read_all(connection: socket.socket) -> bytes:
    text = b""
    while not text.endswith(b"\r\n.\r\n"):
        text += connection.recv(65536)
    return text


def sent_by(port: int, clock: Clock) -> DeliveryRun:
    clock.now += timedelta(days=1)
    sender_of(port, clock).deliver()
    return only_run()


def test_server_that_takes_half_a_mail_gets_it_again(ann: User, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.deliveries.sending.write_message", lambda *_: b"x" * 76 * 300_000)
    delivered(saved(ann))
    with odd_server(lambda connection: connection.recv(1000) and None) as port:
        run = sent_by(port, clock)
    assert run.state == runs.WAITING


def test_server_that_is_silent_behind_the_mail_leaves_it_uncertain(ann: User, clock: Clock) -> None:
    delivered(saved(ann))
    with odd_server(lambda connection: read_all(connection) and None) as port:
        run = sent_by(port, clock)
        assert run.state == runs.UNCERTAIN
        clock.now += timedelta(hours=3)
        sender_of(port, clock).deliver()
    assert only_run().attempts == 1


def test_hanging_server_is_left_and_asked_later(ann: User, clock: Clock) -> None:
    delivered(saved(ann), ann, person("ben"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        clock.now += timedelta(days=1)
        sender_of(listening.getsockname()[1], clock).deliver()
    assert sorted(run.attempts for run in DeliveryRun.select()) == [0, 1]  # the second one isn't made to wait, too
    assert {run.state for run in DeliveryRun.select()} == {runs.WAITING}


def test_missing_server_is_asked_later(ann: User, clock: Clock) -> None:
    delivered(saved(ann))
    assert sent_by(1, clock).state == runs.WAITING


# Only when


def test_nothing_without_rows(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender) -> None:
    delivered(saved(ann, NONE), only_rows=True)
    clock.now += timedelta(days=1)
    sender.deliver()
    assert (only_run().state, only_run().rows, mailbox.mails) == (runs.SKIPPED, 0, [])


@pytest.mark.parametrize("file_format", ["link", CSV])
def test_nothing_without_news(ann: User, mailbox: Mailbox, clock: Clock, sender: Sender, file_format: str) -> None:
    delivered(saved(ann, "period=this-year"), only_new=True, file_format=file_format)
    for days in range(1, 4):
        clock.now = datetime(2025, 5, 5, 7) + timedelta(days=days)
        Delivery.update(next_at=format_time(clock.now)).execute()
        sender.deliver()
    assert [run.state for run in DeliveryRun.select().order_by(DeliveryRun.due_at)] == ["sent", "skipped", "skipped"]
    clock.now = datetime(2026, 5, 5, 7)  # another year has other rows
    sender.deliver()
    assert len(mailbox.mails) == 2
