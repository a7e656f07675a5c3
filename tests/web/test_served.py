"""What only the production server shows: what it trusts of proxies, what it logs, and how long an address may be."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path
from shutil import copy
from signal import SIGKILL

import pytest

from app.auth import users
from models import close_connections, open_database
from models.sqlite import Sqlite
from tests.databases import Server as Postgres
from tests.serving import ROOT, flask, server, token
from tests.support import BY
from tests.trials.processes import until, workers

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}


@pytest.fixture(scope="module")
def database(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("served")
    for file in migrated.iterdir():
        copy(file, folder)
    open_database(f"sqlite:///{folder}/reports.db")
    users.add_user(BY, "ann@partner.example", "admin", None)
    close_connections()
    return folder / "reports.db"


@pytest.fixture(scope="module")
def log(database: Path) -> Path:
    return database.with_name("log")


@pytest.fixture(scope="module")
def address(database: Path, log: Path) -> Iterator[str]:
    hosts = "reports.example, 127.0.0.1"
    with log.open("wb") as file, server(file, DATABASE_URL=f"sqlite:///{database}", TRUSTED_HOSTS=hosts) as address:
        yield address


def ask(address: str, path: str, headers: dict[str, str]) -> tuple[int, Message]:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


def test_forwarded_headers_are_ignored(address: str) -> None:
    status, headers = ask(address, "/login", FORWARDED)
    assert status == 200
    assert "Strict-Transport-Security" not in headers


def test_forwarded_headers_of_a_proxy_and_a_full_disk_under_the_log(database: Path) -> None:
    settings = {"DATABASE_URL": f"sqlite:///{database}", "PROXIES": "1"}
    with Path("/dev/full").open("wb") as full, server(full, **settings) as address:
        for _ in range(20):
            status, headers = ask(address, "/login", FORWARDED)
            assert status == 200
            assert "Strict-Transport-Security" in headers


def test_untrusted_host_is_refused(address: str) -> None:
    assert ask(address, "/login", {"Host": "evil.example"})[0] == 400
    assert ask(address, "/login", {"Host": "reports.example"})[0] == 200


def test_longest_address(address: str) -> None:
    longest = "/login?next=/".ljust(8190 - len("GET  HTTP/1.1"), "a")
    assert ask(address, longest, {})[0] == 200
    assert ask(address, longest, {"HX-Current-URL": f"https://reports.partner.example{longest}"})[0] == 200
    assert ask(address, f"{longest}a", {})[0] == 414


def test_requests_and_audit_events_are_log_lines(address: str, log: Path) -> None:
    form = {"Origin": address, "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "39"}
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("POST", "/login", "email=ann@partner.example&password=wrong", form)
    assert connection.getresponse().status == 401
    connection.close()
    until(lambda: '"POST"' in log.read_text())  # the line follows the response
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert (lines[0]["path"], lines[0]["status"]) == ("/healthz", 200)
    (event,) = [line for line in lines if "event" in line]
    assert (event["event"], event["outcome"], event["who"]) == ("sign-in", "failed", "ann@partner.example")
    (line,) = [line for line in lines if line.get("method") == "POST"]
    assert (line["path"], line["status"], line["request"]) == ("/login", 401, event["request"])
    assert len(event["request"]) == 16


def test_killed_worker_is_a_log_line_and_is_replaced(address: str, log: Path) -> None:
    before = workers()
    for worker in before:  # those of other tests' servers are replaced, too
        os.kill(worker, SIGKILL)
    until(lambda: "SIGKILL" in log.read_text() and len(workers()) == len(before))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert {line["log"] for line in lines if "SIGKILL" in line.get("message", "")} == {"gunicorn.error"}
    assert ask(address, "/healthz", {})[0] == 200


def test_databases_are_private(address: str, database: Path) -> None:
    assert ask(address, "/healthz", {})[0] == 200
    files = list(database.parent.glob("*.db*"))
    assert {file.name for file in files} >= {
        f"{name}.db{end}" for name in ("access", "reports") for end in ("", "-wal", "-shm")
    }
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    for file in files:
        file.chmod(0o644)
    flask("user", "list", DATABASE_URL=f"sqlite:///{database}")
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_missing_migration_stops_the_start(tmp_path: Path) -> None:
    for name in ("new.db", "access.db"):
        Sqlite(f"{tmp_path}/{name}", 0).create_file()
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "SECRET_KEY": "k" * 32, "PORT": "0"}
    command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
    started = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert started.returncode == 1
    assert "the database lacks 0001_initial, " in started.stderr
    assert started.stderr.endswith("; run: flask migrate\n")


@pytest.mark.slow_trial
def test_two_servers_share_one_postgresql(postgres: Postgres) -> None:
    with postgres.copied() as url:
        flask("demo", "--customers", "5", "--transactions", "60", DATABASE_URL=url)
        flask(
            "user", "add", "ann@partner.example", "--role", "admin", "--password-stdin",
            says="four other unrelated words\n", DATABASE_URL=url,
        )  # fmt: skip
        with server(DATABASE_URL=url) as one, server(DATABASE_URL=url) as another:
            session = {"Cookie": f"session={token(one, 'ann@partner.example', 'four other unrelated words')}"}
            for address in (one, another):
                for path in ("/reports/customer-usage", "/reports/customer-transactions.csv", "/healthz"):
                    assert ask(address, path, session)[0] == 200
            assert ask(another, "/reports/customer-usage", {})[0] == 401
