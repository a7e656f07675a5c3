"""A file is of one moment, and whole or visibly broken."""

import os
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from threading import Event, get_native_id
from threading import enumerate as enumerate_threads

import pytest
from flask import Flask
from flask.testing import FlaskClient
from peewee import fn

from app.table import csv, spool
from app.table.csv import csv_chunks
from app.table.scope import WHOLE_PARTNER
from app.web.reports.export import MAX_EXPORTS
from models import Customer, access_db, reports_db
from tests.support import NASTY, csv_rows, load, view_of

pytestmark = pytest.mark.usefixtures("nasty")


def test_all_rows_are_of_the_moment_when_the_first_was_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, client: FlaskClient
) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    before = client.get("/reports/customer-subscriptions.csv").data
    pieces = csv_chunks(view_of("customer-subscriptions", []), WHOLE_PARTNER)
    begun = next(pieces) + next(pieces)
    changed = (NASTY / "customer-subscriptions.csv").read_text("utf-8").replace("TLS Basic", "Changed meanwhile")
    (tmp_path / "changed.csv").write_text(changed, "utf-8")
    assert load("customer-subscriptions", tmp_path / "changed.csv").updated == 2
    assert begun + b"".join(pieces) == before
    assert b"Changed meanwhile" in client.get("/reports/customer-subscriptions.csv").data


def test_the_heading_is_written_before_any_row_is_read() -> None:
    pieces = csv_chunks(view_of("customer-usage", [("columns", "used")]), WHOLE_PARTNER)
    assert next(pieces) == "\ufeffCustomer,Used\r\n".encode()


def test_an_error_on_the_way_breaks_the_transfer(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    written = csv._join_rows
    chunks = count(1)
    monkeypatch.setattr(csv, "_join_rows", lambda *asked: written(*asked) if next(chunks) < 4 else 1 // 0)
    answer = client.get("/reports/customer-transactions.csv")
    had: list[bytes] = []
    with pytest.raises(ZeroDivisionError):
        had.extend(answer.iter_encoded())
    assert b"".join(had).count(b"\r\n") == 7, "what was written before is handed on"
    answer.close()


def test_a_reader_who_leaves_leaves_no_snapshot_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    pieces = csv_chunks(view_of("customer-transactions", []), WHOLE_PARTNER)
    next(pieces)
    next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_a_reader_who_is_slow_holds_no_snapshot(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    whole = client.get("/reports/customer-transactions.csv").data
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    monkeypatch.setattr(spool, "PIECE_BYTES", 10)
    answer = client.get("/reports/customer-transactions.csv")
    pieces = answer.iter_encoded()
    had = next(pieces)
    for thread in enumerate_threads():
        if isinstance(thread, spool._Spool):  # which may have ended already
            thread.join()
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    reports_db.execute_sql('DELETE FROM "transaction"')
    assert had + b"".join(pieces) == whole
    answer.close()


def test_a_reader_who_leaves_ends_the_writing(monkeypatch: pytest.MonkeyPatch, client: FlaskClient) -> None:
    monkeypatch.setattr(csv, "CHUNK_ROWS", 1)
    go_on = Event()
    written = csv._join_rows
    monkeypatch.setattr(csv, "_join_rows", lambda *asked: go_on.wait() and written(*asked))
    answer = client.get("/reports/customer-transactions.csv")
    next(answer.iter_encoded())
    go_on.set()
    answer.close()
    assert not [thread for thread in enumerate_threads() if isinstance(thread, spool._Spool)]
    assert reports_db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0


def test_more_exports_than_there_are_places_for_are_told_when_to_come_back(client: FlaskClient) -> None:
    running = [client.get("/reports/customer-usage.csv") for _ in range(MAX_EXPORTS)]
    refused = client.get("/reports/customer-usage.csv", headers={"Accept": "text/html"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "30")
    assert "Too many exports are running" in refused.text
    assert 'href="/reports/customer-usage' in refused.text
    assert client.get("/reports/customer-usage").status_code == 200
    assert client.head("/reports/customer-usage.csv").status_code == 200
    for answer in running:
        answer.close()
    assert client.get("/reports/customer-usage.csv").status_code == 200


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_a_file_that_nobody_begins_to_read_keeps_no_place(app: Flask, client: FlaskClient, ending: str) -> None:
    session = client.get_cookie("session")
    headers = {"Cookie": f"session={session.value if session else ''}"}
    environ = app.test_request_context(f"/reports/customer-usage.{ending}", headers=headers).request.environ
    told: list[str] = []

    def start(status: str, *_: object) -> Callable[[bytes], object]:
        told.append(status)
        return bytes

    for _ in range(MAX_EXPORTS + 1):
        app({**environ}, start).close()  # type: ignore[attr-defined]
    assert told == ["200 OK"] * (MAX_EXPORTS + 1)


def test_a_refused_export_takes_no_place(client: FlaskClient) -> None:
    access_db.execute_sql(
        "CREATE TRIGGER full BEFORE INSERT ON audit_event BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    )
    for _ in range(MAX_EXPORTS + 1):
        assert client.get("/reports/customer-usage.csv").status_code == 503
    access_db.execute_sql("DROP TRIGGER full")
    assert client.get("/reports/customer-usage.csv").status_code == 200


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux gives threads a priority of their own")
def test_a_file_is_written_by_what_pages_leave_of_the_processor() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, get_native_id())

    before = priority()
    (written,) = spool.spool(lambda: iter([b"%d" % priority()]))
    assert int(written) == min(before + 10, 19)
    assert priority() == before


def test_a_snapshot_sees_no_later_commit() -> None:
    customers = Customer.select(fn.COUNT(Customer.id))
    with reports_db.snapshot() as now:
        counted = list(now.columns(customers, 1))
        reports_db.execute_sql(
            "INSERT INTO customer (name, name_key, ref, ref_key, reseller_id) VALUES ('x','x','x','x',0)"
        )
        assert Customer.select().count() == counted[0][0][0] + 1
        assert list(now.columns(customers, 1)) == counted


def test_export_import_export_gives_the_same_bytes(client: FlaskClient, tmp_path: Path) -> None:
    expected = {file.stem: file.read_bytes() for file in (NASTY / "expected").glob("*.csv")}
    assert set(expected) == {"customer-subscriptions", "customer-transactions", "customer-usage"}
    for slug, content in expected.items():
        assert load(slug, NASTY / "expected" / f"{slug}.csv").added == 0
        every = "&".join(f"columns={column.key}" for column in view_of(slug, []).report.columns)
        assert client.get(f"/reports/{slug}.csv?{every}").data == content


def test_a_client_that_could_not_tell_half_a_file_is_refused(client: FlaskClient) -> None:
    answer = client.get("/reports/customer-usage.csv", environ_overrides={"SERVER_PROTOCOL": "HTTP/1.0"})
    assert answer.status_code == 505
    assert "HTTP/1.1" in answer.text


def test_a_lone_empty_cell_is_an_empty_line(client: FlaskClient) -> None:
    rows = csv_rows(client.get("/reports/customer-subscriptions.csv?columns=reseller").data)
    assert rows[1] == [""]
