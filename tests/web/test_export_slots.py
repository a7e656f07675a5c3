"""One export of a person runs at a time and two wait; what may not go on is broken off."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from threading import Event

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import fn

from app.auth.sessions import Sessions
from app.table import csv, spool
from app.web.reports import export, export_slots
from app.web.reports.export_slots import ExportEnded, ExportGuard
from app.web.services import services
from models import AuditEvent, ExportSlot, Session, User, close_connections, timestamp
from tests.support import signed_in

EXPORT, BOOK = "/reports/customer-transactions.csv", "/reports/customer-transactions.xlsx"
SOON = 0.02  # seconds

pytestmark = pytest.mark.usefixtures("edge_cases")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files have many pieces, and nobody waits for long."""
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    monkeypatch.setattr(spool, "PIECE_BYTES", 10)
    monkeypatch.setattr(export, "PIECE_BYTES", 10)
    monkeypatch.setattr(export_slots, "HEARTBEAT", SOON)
    monkeypatch.setattr(export_slots, "_POLL", SOON)


def outcomes() -> list[str]:
    return [event.outcome for event in AuditEvent.select().where(AuditEvent.event == "export").order_by(AuditEvent.id)]


def until(condition: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(500):
        if condition():
            return
        pause.wait(SOON / 4)
    raise TimeoutError


def taken(client: FlaskClient) -> tuple[int, bytes]:
    try:
        response = client.get(EXPORT)
        return response.status_code, response.data
    finally:
        close_connections()


@contextmanager
def beside(client: FlaskClient, number: int) -> Iterator[list[Future[tuple[int, bytes]]]]:
    """Other exports of the same person, each in a thread, which have a place."""
    before = ExportSlot.select().count()
    with ThreadPoolExecutor(number) as threads:
        yield [threads.submit(taken, client) for _ in range(number)]
    assert ExportSlot.select().count() <= before


def test_two_exports_of_a_person_wait_for_the_first(app: Flask, client: FlaskClient) -> None:
    first = client.get(EXPORT)
    with beside(client, 2) as waiting:
        until(lambda: ExportSlot.select().count() == 3)
        refused = client.get(EXPORT)
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
        assert "One export of yours is running, and 2 are waiting" in refused.text
        assert not any(each.done() for each in waiting)
        assert signed_in(app, reseller="other").get(EXPORT).status_code == 200, "nobody else waits"
        whole = first.data
        first.close()
    assert {each.result() for each in waiting} == {(200, whole)}
    assert not ExportSlot.select().exists()


def test_who_waits_for_long_is_told_when_to_come_again(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_slots, "_MAX_WAIT", SOON)
    with client.get(EXPORT):
        assert client.get(EXPORT).status_code == 503
    assert client.get(EXPORT).status_code == 200


def test_few_wait_in_a_process(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    full = export_slots.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(export_slots, "_waiting", full)
    with client.get(EXPORT):
        assert client.get(EXPORT).status_code == 503


def test_place_of_a_killed_process_is_free_after_a_while(client: FlaskClient) -> None:
    user = User.get().id
    for _ in range(3):
        ExportSlot.create(user=user, renewed_at=timestamp())
    assert client.get(EXPORT).status_code == 503
    ExportSlot.update(renewed_at=timestamp(-60)).execute()
    assert client.get(EXPORT).status_code == 200


def test_a_running_export_keeps_its_place(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with client.get(EXPORT):
        ExportSlot.update(renewed_at=timestamp(-10)).execute()
        until(lambda: str(ExportSlot.get().renewed_at) > timestamp(-5))
    assert export_slots.acquire_slot(User.get().id)


def end_session() -> None:
    Session.delete().execute()


def disable() -> None:
    User.update(disabled=True).execute()


def demote() -> None:
    User.update(role="viewer").execute()


def move() -> None:
    User.update(reseller="Zebra Resale").execute()


def hide_costs() -> None:
    User.update(may_see_costs=False).execute()


@pytest.mark.parametrize("address", [EXPORT, BOOK])
@pytest.mark.parametrize("change", [end_session, disable, demote, move, hide_costs])
def test_export_breaks_off_when_session_or_rights_end(
    client: FlaskClient, change: Callable[[], None], address: str
) -> None:
    response = client.get(address)
    pieces = response.iter_encoded()
    next(pieces)
    change()
    with pytest.raises(ExportEnded):
        until(lambda: not next(pieces))  # who reads slowly
    response.close()
    assert outcomes() == ["begun", "failed"]
    assert not ExportSlot.select().exists()


@pytest.mark.parametrize("change", [disable, move])
def test_who_loses_rights_while_waiting_gets_no_row(
    client: FlaskClient, change: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_slots, "HEARTBEAT", 60)
    with client.get(EXPORT), beside(client, 1) as (waiting,):
        until(lambda: ExportSlot.select().count() == 2)
        change()
        ExportSlot.delete().where(ExportSlot.id == ExportSlot.select(fn.MIN(ExportSlot.id))).execute()
        status, body = waiting.result()
    assert (status, b"This export was ended." in body) == (503, True)


def read_export(client: FlaskClient) -> None:
    with closing(client.get(EXPORT)) as response:
        pieces = response.iter_encoded()
        until(lambda: not next(pieces))


def test_export_has_a_deadline(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_slots, "MAX_SECONDS", 0)
    with pytest.raises(ExportEnded, match="minutes"):  # before the first piece or behind one
        read_export(client)
    assert outcomes() == ["begun", "failed"]


def test_workbook_that_may_not_go_on_is_an_error_page(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object) -> None:
        raise ExportEnded("The session has ended")

    monkeypatch.setattr(ExportGuard, "check", ended)
    response = client.get(BOOK)
    assert response.status_code == 503
    assert "The session has ended." in response.text
    assert outcomes() == ["begun", "failed"]


def guarded(app: Flask, connection: socket.socket) -> ExportGuard:
    """Watch over an export of somebody who is signed in."""
    cookie = signed_in(app).get_cookie("session")
    sessions: Sessions = services(app).sessions
    person = sessions.find(cookie.value if cookie else "")
    assert person
    guard = ExportGuard(0, person, partial(sessions.reload_visitor, person), connection)
    guard.start()
    return guard


def test_connection_of_a_client_that_reads_nothing_is_shut_down(app: Flask) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        guard = guarded(app, ours)
        Session.delete().execute()
        theirs.settimeout(10)
        assert theirs.recv(1) == b"", "shut down"
        guard.stop()
        with pytest.raises(ExportEnded, match="session has ended"):
            guard.check()


def test_connection_of_an_export_that_has_ended_stays_open(app: Flask) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        guard = guarded(app, ours)
        guard.stop()
        Session.delete().execute()
        ours.sendall(b"x")
        assert theirs.recv(1) == b"x"
