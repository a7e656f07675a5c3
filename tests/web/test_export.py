"""A CSV is a snapshot; it is complete or visibly broken off."""

import os
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from threading import Event, get_native_id
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import fn

from app.importing import IMPORTABLE
from app.table import csv, spool
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from app.web.reports.export_slots import MAX_EXPORTS
from models import AuditEvent, Customer, access_db, reports_db
from tests.support import EDGE_CASES, csv_rows, load, signed_in, view_of

pytestmark = pytest.mark.usefixtures("edge_cases")


def test_csv_is_a_snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: FlaskClient) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    before = client.get("/reports/customer-subscriptions.csv").data
    pieces = csv_chunks(view_of("customer-subscriptions", []), WHOLE_PARTNER)
    beginning = next(pieces) + next(pieces)
    changed = (EDGE_CASES / "customer-subscriptions.csv").read_text("utf-8").replace("TLS Basic", "Changed meanwhile")
    (tmp_path / "changed.csv").write_text(changed, "utf-8")
    assert load("customer-subscriptions", tmp_path / "changed.csv").updated == 2
    assert beginning + b"".join(pieces) == before
    assert b"Changed meanwhile" in client.get("/reports/customer-subscriptions.csv").data


def test_heading_comes_before_any_row_is_read() -> None:
    pieces = csv_chunks(view_of("customer-usage", [("columns", "used")]), WHOLE_PARTNER)
    assert next(pieces) == "\ufeffCustomer,Used\r\n".encode()


def test_error_breaks_off_the_transfer(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    chunks = csv.column_chunks

    def fail_after_three(*args: Any) -> Iterator[Any]:
        yield from islice(chunks(*args), 3)
        raise ZeroDivisionError

    monkeypatch.setattr(csv, "column_chunks", fail_after_three)
    response = client.get("/reports/customer-transactions.csv")
    pieces: list[bytes] = []
    with pytest.raises(ZeroDivisionError):
        pieces.extend(response.iter_encoded())
    assert b"".join(pieces).count(b"\r\n") == 7, "what was written before is sent"
    response.close()
    last = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (last.event, last.outcome, last.details) == ("export", "failed", '{"rows": 6}')


def test_closed_reader_closes_the_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    pieces = csv_chunks(view_of("customer-transactions", []), WHOLE_PARTNER)
    next(pieces)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_slow_reader_holds_no_snapshot(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    whole = client.get("/reports/customer-transactions.csv").data
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    monkeypatch.setattr(spool, "PIECE_BYTES", 10)
    response = client.get("/reports/customer-transactions.csv")
    pieces = response.iter_encoded()
    beginning = next(pieces)
    for thread in enumerate_threads():
        if isinstance(thread, spool._Spool):  # which may have ended already
            thread.join()
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    reports_db.execute_sql('DELETE FROM "transaction"')
    assert beginning + b"".join(pieces) == whole
    response.close()


def test_closed_response_ends_the_spool_thread(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    reading = Event()
    chunks = csv.column_chunks

    def slow_chunks(*args: Any) -> Iterator[Any]:
        reading.wait()
        yield from chunks(*args)

    monkeypatch.setattr(csv, "column_chunks", slow_chunks)
    response = client.get("/reports/customer-transactions.csv")
    next(response.iter_encoded())
    reading.set()
    response.close()
    assert not [thread for thread in enumerate_threads() if isinstance(thread, spool._Spool)]
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    last = AuditEvent.select().order_by(AuditEvent.id.desc()).get()
    assert (last.event, last.outcome) == ("export", "failed")


def test_too_many_exports_are_503_with_retry_after(app: Flask, client: FlaskClient) -> None:
    others = [signed_in(app, reseller=f"reseller {number}") for number in range(MAX_EXPORTS)]
    running = [other.get("/reports/customer-usage.csv") for other in others]
    refused = client.get("/reports/customer-usage.csv", headers={"Accept": "text/html"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert "Too many exports are running" in refused.text
    assert 'href="/reports/customer-usage' in refused.text
    assert client.get("/reports/customer-usage").status_code == 200
    assert client.head("/reports/customer-usage.csv").status_code == 200
    for response in running:
        response.close()
    assert client.get("/reports/customer-usage.csv").status_code == 200


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_unread_file_keeps_no_slot_and_has_failed(app: Flask, client: FlaskClient, ending: str) -> None:
    session = client.get_cookie("session")
    headers = {"Cookie": f"session={session.value if session else ''}"}
    environ = app.test_request_context(f"/reports/customer-usage.{ending}", headers=headers).request.environ
    statuses: list[str] = []

    def start(status: str, *_: object) -> Callable[[bytes], object]:
        statuses.append(status)
        return bytes

    for _ in range(MAX_EXPORTS + 1):
        app({**environ}, start).close()  # type: ignore[attr-defined]
    assert statuses == ["200 OK"] * (MAX_EXPORTS + 1)
    outcomes = [
        event.outcome for event in AuditEvent.select().where(AuditEvent.event == "export").order_by(AuditEvent.id)
    ]
    assert outcomes == ["begun", "failed"] * (MAX_EXPORTS + 1)


def test_refused_export_takes_no_slot(client: FlaskClient) -> None:
    access_db.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )
    for _ in range(MAX_EXPORTS + 1):
        assert client.get("/reports/customer-usage.csv").status_code == 503
    access_db.execute_sql("DROP TRIGGER full")
    assert client.get("/reports/customer-usage.csv").status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a priority of their own")
def test_spool_thread_has_low_priority() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, get_native_id())

    before = priority()
    (piece,) = spool.spool(lambda: iter([b"%d" % priority()]))
    assert int(piece) == max(before, 10)
    assert priority() == before


def test_snapshot_sees_no_later_commit() -> None:
    customers = Customer.select(fn.COUNT(Customer.id))
    with reports_db.snapshot() as now:
        counted = list(now.columns(customers, 1))
        reports_db.execute_sql(
            "INSERT INTO customer (name, name_key, look_alike_key, ref, ref_key, reseller_id) "
            "VALUES ('x','x','x','x','x',0)"
        )
        assert Customer.select().count() == counted[0][0][0] + 1
        assert list(now.columns(customers, 1)) == counted


def test_export_import_export_gives_the_same_bytes(client: FlaskClient, tmp_path: Path) -> None:
    for slug in IMPORTABLE:
        expected = EDGE_CASES / "expected" / f"{slug}.csv"
        assert load(slug, expected).added == 0
        columns = "&".join(f"columns={column.key}" for column in view_of(slug, []).report.columns)
        assert client.get(f"/reports/{slug}.csv?{columns}").data == expected.read_bytes()


def test_http_1_0_gets_no_csv(client: FlaskClient) -> None:
    response = client.get("/reports/customer-usage.csv", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"})
    assert response.status_code == 505
    assert "HTTP/1.1" in response.text


def test_single_empty_cell_is_an_empty_line(client: FlaskClient) -> None:
    rows = csv_rows(client.get("/reports/customer-subscriptions.csv?columns=reseller").data)
    assert rows[1] == [""]
