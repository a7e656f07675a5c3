"""What only the production server shows: what it believes of proxies, what it logs, and whom it lets in from where."""

import json
import os
import shutil
import stat
import subprocess
import sys
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

import pytest

from models.sqlite import Sqlite
from tests import serving
from tests.databases import Server as Postgres
from tests.serving import ROOT, flask, server, token

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("served") / "reports.db"
    flask("migrate", DATABASE_URL=f"sqlite:///{path}")
    return path


def ask(address: str, path: str, headers: dict[str, str]) -> tuple[int, Message]:
    connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers


@pytest.mark.parametrize(("proxies", "believed"), [("0", False), ("1", True)])
def test_proxies_are_believed_only_when_a_setting_says_so(database: Path, proxies: str, believed: bool) -> None:
    with server(DATABASE_URL=f"sqlite:///{database}", PROXIES=proxies) as address:
        status, headers = ask(address, "/login", FORWARDED)
        assert status == 200
        assert ("Strict-Transport-Security" in headers) is believed


def test_a_host_that_is_not_ours_is_refused(database: Path) -> None:
    with server(DATABASE_URL=f"sqlite:///{database}", TRUSTED_HOSTS="reports.example, 127.0.0.1") as address:
        assert ask(address, "/login", {"Host": "evil.example"})[0] == 400
        assert ask(address, "/login", {"Host": "reports.example"})[0] == 200


def test_a_part_of_a_page_with_the_longest_address_is_answered(database: Path) -> None:
    with server(DATABASE_URL=f"sqlite:///{database}") as address:
        longest = "/login?next=/".ljust(8190 - len("GET  HTTP/1.1"), "a")
        assert ask(address, longest, {})[0] == 200
        assert ask(address, longest, {"HX-Current-URL": f"https://reports.partner.example{longest}"})[0] == 200
        assert ask(address, f"{longest}a", {})[0] == 414


def test_a_server_keeps_its_templates(database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "ROOT", tmp_path / "installed")
    shutil.copytree(
        ROOT, tmp_path / "installed", ignore=shutil.ignore_patterns(".*", "tests", "bench", "docs", "instance")
    )
    with server(DATABASE_URL=f"sqlite:///{database}") as address:
        shutil.rmtree(tmp_path / "installed/templates")
        assert ask(address, "/login", {})[0] == 200


def test_only_its_owner_reads_the_database_of_users(database: Path) -> None:
    access = database.with_name("access.db")
    assert stat.S_IMODE(access.stat().st_mode) == 0o600
    access.chmod(0o644)
    flask("user", "list", DATABASE_URL=f"sqlite:///{database}")
    assert stat.S_IMODE(access.stat().st_mode) == 0o600


def test_a_server_whose_database_lacks_a_migration_says_so_and_does_not_start(tmp_path: Path) -> None:
    for name in ("new.db", "access.db"):
        Sqlite(f"{tmp_path}/{name}", 0).make(0o600)
    environment = os.environ | {"DATABASE_URL": f"sqlite:///{tmp_path}/new.db", "SECRET_KEY": "k" * 32, "PORT": "0"}
    command = [sys.executable, "-m", "gunicorn", "wsgi:app"]
    started = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert started.returncode == 1
    assert "the database lacks 0001_initial, " in started.stderr
    assert started.stderr.endswith("; run: flask migrate\n")


def test_requests_and_the_trail_are_lines_of_the_servers_log(database: Path, tmp_path: Path) -> None:
    flask("user", "add", "ann@partner.example", "--role", "admin", DATABASE_URL=f"sqlite:///{database}")
    with (tmp_path / "log").open("wb") as log, server(log, DATABASE_URL=f"sqlite:///{database}") as address:
        form = {"Origin": address, "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "39"}
        connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        connection.request("POST", "/login", "email=ann@partner.example&password=wrong", form)
        assert connection.getresponse().status == 401
        connection.close()
    health, event, line = map(json.loads, (tmp_path / "log").read_text().splitlines())
    assert (health["path"], health["status"]) == ("/healthz", 200)
    assert (event["event"], event["outcome"], event["who"]) == ("sign-in", "failed", "ann@partner.example")
    assert (line["path"], line["status"], line["request"]) == ("/login", 401, event["request"])
    assert len(event["request"]) == 16


def test_a_full_disk_under_the_log_breaks_no_page(database: Path) -> None:
    with Path("/dev/full").open("wb") as full, server(full, DATABASE_URL=f"sqlite:///{database}") as address:
        for _ in range(20):
            assert ask(address, "/login", {})[0] == 200


def test_any_number_of_servers_share_one_postgresql(postgres: Postgres) -> None:
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
