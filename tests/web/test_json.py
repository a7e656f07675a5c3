"""The JSON of a view and its pages, cache headers of files, problem+json. tests/table/test_files.py compares values."""

import json
import re
import shutil
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.reports import REPORTS
from app.table.json import json_page
from app.table.kinds import guard
from app.web.reports import cache_headers, export
from models import AuditEvent, Import, User, close_connections, timestamp
from tests.databases import on_both
from tests.databases import sqlite_first as database_url
from tests.support import EDGE_CASES, TRANSACTIONS, USAGE, add_token, csv_rows, load, program, signed_in

__all__ = ["database_url"]

pytestmark = pytest.mark.usefixtures("edge_cases")

ROOT = Path(__file__).parents[2]
ENDINGS = [".csv", ".csv?dialect=semicolon", ".xlsx", ".json", ".json?size=25"]


def read_json(client: FlaskClient, address: str) -> dict[str, Any]:
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    parsed: dict[str, Any] = json.loads(answer.data)
    return parsed


@on_both
def test_object(client: FlaskClient) -> None:
    query = "columns=customer&columns=date&columns=cost&columns=total&columns=action&sort=-cost&q=c-1"
    found = read_json(client, f"/reports/{TRANSACTIONS}.json?{query}")
    assert list(found) == ["report", "as_of", "query", "columns", "rows", "total", "next"]
    assert (found["report"], found["next"], found["total"]) == (TRANSACTIONS, None, len(found["rows"]))
    assert found["query"] == query
    assert found["as_of"] == str(Import.last()[1]).replace(" ", "T") + "Z"
    assert found["columns"] == [
        {"key": "customer", "label": "Customer", "type": "text"},
        {"key": "date", "label": "Date", "type": "time"},
        {"key": "cost", "label": "Cost", "type": "amount"},
        {"key": "total", "label": "Total", "type": "integer"},
        {"key": "action", "label": "Action", "type": "text"},
    ]
    for _, moment, cost, total, _ in found["rows"]:
        assert datetime.fromisoformat(moment).tzinfo == UTC
        assert re.fullmatch(r"-?\d+\.\d\d", cost)
        assert isinstance(total, int)
    assert found["rows"]


def test_nothing(client: FlaskClient) -> None:
    for size in ("", "&size=25"):
        found = read_json(client, f"/reports/{USAGE}.json?q=nobody{size}")
        assert (found["rows"], found["total"], found["next"]) == ([], 0, None)
    Import.delete().execute()
    assert read_json(client, f"/reports/{USAGE}.json")["as_of"] is None
    assert read_json(client, f"/reports/{USAGE}.json?size=25")["as_of"] is None


def test_texts_have_no_formula_guard(client: FlaskClient) -> None:
    texts = {row[0] for row in read_json(client, f"/reports/{USAGE}.json")["rows"]}
    guarded = {row[0] for row in csv_rows(client.get(f"/reports/{USAGE}.csv").data)[1:]}
    assert "=SUM(A1)" in texts
    assert guarded == {guard(text) for text in texts} != texts


def test_all_rows_are_an_export_and_pages_are_not(client: FlaskClient) -> None:
    read_json(client, f"/reports/{USAGE}.json?size=25")
    assert not AuditEvent.select().where(AuditEvent.event == "export").exists()
    answer = client.get(f"/reports/{USAGE}.json?q=twin")
    rows = len(json.loads(answer.data)["rows"])
    assert answer.headers["Content-Disposition"].endswith('.json"')
    assert "Set-Cookie" not in answer.headers, "the menu has no JSON"
    begun, done = AuditEvent.select().where(AuditEvent.event == "export").order_by(AuditEvent.id)
    assert begun.about == done.about == f"/reports/{USAGE}.json?q=twin"
    assert json.loads(done.details)["rows"] == rows


@on_both
def test_pages_lead_to_all_rows(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.table.params.PAGE_SIZES", (2, 50))
    for slug in REPORTS:
        whole = read_json(client, f"/reports/{slug}.json?sort=customer")
        address, rows, pages = f"/reports/{slug}.json?sort=customer&size=2", [], 0
        while address:
            page = read_json(client, address)
            assert page["total"] == whole["total"]
            address, rows, pages = page["next"], rows + page["rows"], pages + 1
        assert rows == whole["rows"]
        assert pages > 2
        assert len(read_json(client, f"/reports/{slug}.json?before=end")["rows"]) == whole["total"]


def test_next_names_the_default_size(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.table.params.PAGE_SIZES", (2,))
    monkeypatch.setattr("app.table.params.DEFAULT_PAGE_SIZE", 2)
    for module in ("app.table.view", "app.web.reports.export"):
        monkeypatch.setattr(f"{module}.DEFAULT_PAGE_SIZE", 2)
    assert "size=2" in read_json(client, f"/reports/{USAGE}.json?size=2")["next"]


def test_cursor_that_has_gone(client: FlaskClient) -> None:
    answer = client.get(f"/reports/{USAGE}.json?after=0-1-00000000-1-00000000-00000000")
    assert (answer.status_code, answer.mimetype) == (400, "application/problem+json")


# ------------------------------------------------------------------ cache headers


@on_both
@pytest.mark.parametrize("ending", ENDINGS)
def test_same_file_is_a_304(client: FlaskClient, ending: str) -> None:
    answer = client.get(f"/reports/{USAGE}{ending}")
    assert answer.data
    tag, at = answer.headers["ETag"], parsedate_to_datetime(answer.headers["Last-Modified"])
    assert at == datetime.fromisoformat(Import.last()[1]).replace(tzinfo=UTC)
    before = AuditEvent.select().count()
    for sent in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = client.get(f"/reports/{USAGE}{ending}", headers={"If-None-Match": sent})
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", tag)
        assert "Set-Cookie" not in again.headers
    assert AuditEvent.select().count() == before, "it is no export"
    assert client.head(f"/reports/{USAGE}{ending}").headers["ETag"] == tag
    assert client.get(f"/reports/{USAGE}{ending}", headers={"If-None-Match": '"other"'}).status_code == 200


def tags(client: FlaskClient, query: str = "") -> list[str]:
    addresses = [f"/reports/{USAGE}{ending}{'&' if '?' in ending else '?'}{query}" for ending in ENDINGS]
    return [client.head(address).headers["ETag"] for address in addresses]


def test_etags_tell_apart_what_differs(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    every = tags(client)
    assert len(set(every)) == len(ENDINGS)
    assert tags(client, "sort=customer&customer=") == every, "the same view"
    reseller = signed_in(app, "admin", "Zebra Resale")
    seen = set(every) | set(tags(client, "sort=-used")) | set(tags(client, "q=twin")) | set(tags(reseller))
    assert len(seen) == 4 * len(ENDINGS)
    assert tags(program(app, add_token(app))) == every, "who has the same rights gets the same file"
    seen |= set(tags(signed_in(app, costs=False)))
    assert len(seen) == 5 * len(ENDINGS)
    User.update(reseller="North, Ltd").where(User.reseller == "Zebra Resale").execute()
    seen |= set(tags(reseller))
    assert len(seen) == 6 * len(ENDINGS)
    monkeypatch.setattr("app.table.view.today", lambda: datetime(2031, 1, 1, tzinfo=UTC).date())
    load(USAGE, EDGE_CASES / f"{USAGE}.csv")
    assert not seen & set(tags(client)), "an import"


def test_etag_changes_with_the_day(client: FlaskClient) -> None:
    before, at = tags(client), client.head(f"/reports/{USAGE}.csv").headers["Last-Modified"]
    Import.update(loaded_at=timestamp(-10 * 86400)).execute()
    answer = client.head(f"/reports/{USAGE}.csv")
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) <= parsedate_to_datetime(at)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    assert parsedate_to_datetime(answer.headers["Last-Modified"]) == midnight, "a status may change then"
    assert not set(before) & set(tags(client))


def test_etag_changes_with_the_code(client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, code = tags(client), tmp_path / "code"
    for folder in ("app", "models"):
        shutil.copytree(ROOT / folder, code / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(cache_headers, "_CODE", cache_headers.digest_code(code))
    assert tags(client) == before, "the same code elsewhere"
    with (code / "app" / "table" / "kinds.py").open("a") as file:
        file.write("#")
    monkeypatch.setattr(cache_headers, "_CODE", cache_headers.digest_code(code))
    assert not set(before) & set(tags(client))


def test_etag_of_a_page_is_not_of_a_later_import(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def import_meanwhile(*arguments: Any) -> bytes:
        importer = Thread(target=lambda: (load(USAGE, EDGE_CASES / f"{USAGE}.csv"), close_connections()))
        importer.start()
        importer.join()
        return json_page(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(export, "json_page", import_meanwhile)
        tag = client.get(f"/reports/{USAGE}.json?size=25").headers["ETag"]
    assert client.get(f"/reports/{USAGE}.json?size=25", headers={"If-None-Match": tag}).status_code == 200


def test_only_programs_may_keep_files(app: Flask, client: FlaskClient) -> None:
    assert client.head(f"/reports/{USAGE}.csv").headers["Cache-Control"] == "no-store"
    answer = program(app, add_token(app)).head(f"/reports/{USAGE}.csv")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in answer.headers["Vary"]


# ------------------------------------------------------------------ problem+json


@pytest.mark.parametrize(
    ("path", "accept", "status"),
    [
        (f"/reports/{USAGE}.json?size=7", "*/*", 400),
        (f"/reports/{USAGE}.json?nothing=7", "", 400),
        (f"/reports/{USAGE}?size=7", "application/json", 400),
        (f"/reports/{USAGE}.csv?size=7&q=&sort=x", "application/problem+json", 400),
        ("/reports/nothing.json", "*/*", 404),
        ("/nothing", "application/json", 404),
        ("/users/999999", "application/json, */*;q=0.1", 404),
    ],
)
def test_problems_are_json_for_programs(client: FlaskClient, path: str, accept: str, status: int) -> None:
    answer = client.get(path, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    problem = json.loads(answer.data)
    assert problem.keys() == {"title", "status", "detail", "request"}
    assert problem["status"] == status
    assert problem["request"] == answer.headers["X-Request-ID"]
    if "size=7" in path and "sort" not in path:
        assert problem["detail"] == "size: “7” is not a page size; use one of 25, 50, 100, 200"


@pytest.mark.parametrize(
    ("accept", "mimetype"),
    [("text/html", "text/html"), ("text/html,application/json;q=0.5", "text/html"), ("*/*", "text/plain")],
)
def test_problems_for_others(client: FlaskClient, accept: str, mimetype: str) -> None:
    assert client.get(f"/reports/{USAGE}?size=7", headers={"Accept": accept}).mimetype == mimetype


def test_refusals_are_problems(app: Flask, stranger: FlaskClient) -> None:
    path, wants = f"/reports/{USAGE}.json", {"Accept": "application/json"}
    viewer, token = signed_in(app, "viewer"), program(app, add_token(app))
    wrong = program(app, "prt_wrong")
    answers = [stranger.get(path), viewer.get(path), wrong.get(path), token.get("/users", headers=wants)]
    answers += [stranger.post("/logout", headers=wants), token.post(path, headers=wants)]
    assert [answer.status_code for answer in answers] == [401, 403, 401, 403, 403, 405]
    assert {answer.mimetype for answer in answers} == {"application/problem+json"}
    by_browser = stranger.get(path, headers={"Accept": "text/html", "Sec-Fetch-Mode": "navigate"})
    assert by_browser.location == f"/login?next=/reports/{USAGE}"


@pytest.mark.parametrize("slug", REPORTS)
def test_groups(client: FlaskClient, slug: str) -> None:
    for dimension in REPORTS[slug].dimensions_by_key:
        whole = read_json(client, f"/reports/{slug}.json?group={dimension}")
        rows = csv_rows(client.get(f"/reports/{slug}.csv?group={dimension}&dialect=plain").data)
        assert [column["label"] for column in whole["columns"]] == rows[0]
        texts = [guard if column["type"] == "text" else str for column in whole["columns"]]
        assert [[text(value) for text, value in zip(texts, row, strict=True)] for row in whole["rows"]] == rows[1:]
        page = read_json(client, f"/reports/{slug}.json?group={dimension}&size=200")
        assert page["rows"] == whole["rows"][:200]
