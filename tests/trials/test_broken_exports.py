"""Exports to which something happens on the way."""

import csv
import os
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from http.client import HTTPConnection
from io import StringIO
from pathlib import Path
from shutil import copytree
from signal import SIGBUS, SIGKILL, SIGSEGV, Signals
from time import monotonic, sleep

import pytest
from cysqlite import connect

from tests.serving import flask, server
from tests.trials.conftest import Trial
from tests.trials.exports import BROKEN, REFUSED, count_begun, outcome, told
from tests.trials.processes import servers, until, workers
from tests.trials.spoiled import ENDLESS, EXPORT, FAILS, Spoiled, damaged
from tests.trials.transactions import filled
from tests.trials.visitor import EMAIL, Answer, Visitor

ROWS = 4000
ENDINGS = ("csv", "xlsx")


@pytest.fixture(scope="module")
def path(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("broken")
    copytree(migrated, folder, dirs_exist_ok=True)
    filled(f"sqlite:///{folder}/reports.db", ROWS)
    return folder / "reports.db"


@pytest.fixture(scope="module")
def spoiled(path: Path) -> Spoiled:
    return Spoiled(path)


@pytest.fixture(scope="module")
def visitor(path: Path, spoiled: Spoiled) -> Iterator[Visitor]:
    """Who asks one server in all of these trials; the last of them leaves nothing of it."""
    with server(DATABASE_URL=f"sqlite:///{path}") as address:
        yield Visitor(address)


def rows_of(answer: Answer) -> list[str]:
    """The ids of a file's transactions, in their order."""
    return [row["Transaction ID"] for row in csv.DictReader(StringIO(answer.body.decode("utf-8-sig")))]


def test_a_row_that_cannot_be_read(trial: Trial, spoiled: Spoiled, visitor: Visitor) -> None:
    """An export is whole or visibly failed: a row that can't be read."""
    whole, seen = visitor.get(f"{EXPORT}.csv"), Counter[str]()
    ids = rows_of(whole)
    places = [0, len(ids) - 1, 999, 1000, *(trial.dice.randrange(ROWS) for _ in range(16))]
    for place in places[: trial.rounds(20, 2)]:
        spoiled.at(ids[place], FAILS)
        for ending in ENDINGS:
            seen[outcome(visitor.get(f"{EXPORT}.{ending}"), whole.body)] += 1
    assert set(seen) == {BROKEN, REFUSED}, seen
    spoiled.at("", "0")
    assert visitor.get(f"{EXPORT}.csv") == whole, "every export has left its place"
    trial.tell(f"{seen.total()} CSV files and workbooks in which one of {ROWS:,} rows fails", told(seen))


def test_a_damaged_database(trial: Trial, path: Path, visitor: Visitor) -> None:
    """An export is whole or visibly failed: a database with damaged pages."""
    whole, seen = visitor.get(f"{EXPORT}.csv"), Counter[str]()
    for _ in range(trial.rounds(20, 2)):
        with damaged(path, trial.dice):
            seen[outcome(visitor.get(f"{EXPORT}.csv"), whole.body)] += 1
    assert set(seen) <= {BROKEN, REFUSED}, seen
    assert visitor.get(f"{EXPORT}.csv") == whole
    trial.tell(f"{seen.total()} CSV files of a database of which most is blank or missing", told(seen))


def test_an_old_proxy(trial: Trial, visitor: Visitor) -> None:
    """An export is whole or visibly failed: clients that speak HTTP/1.0, which can't see a transfer that breaks."""
    given = {}
    for ending in ENDINGS:
        connection = HTTPConnection(visitor.address.removeprefix("http://"), timeout=60)
        connection._http_vsn, connection._http_vsn_str = 10, "HTTP/1.0"  # type: ignore[attr-defined]
        connection.request("GET", f"{EXPORT}.{ending}", headers=visitor.headers)
        answer = connection.getresponse()
        given[ending] = answer.status, int(answer.headers["Content-Length"]) == len(answer.read())
        connection.close()
    assert given == {"csv": (505, True), "xlsx": (200, True)}
    trial.tell("a CSV file and a workbook", "nothing: the CSV file is refused, the workbook has a Content-Length")


def test_a_server_that_dies(trial: Trial, path: Path, spoiled: Spoiled, visitor: Visitor) -> None:
    """An export is whole or visibly failed: a server that dies."""
    whole, seen = visitor.get(f"{EXPORT}.csv"), Counter[str]()
    ids = rows_of(whole)
    deaths = [*((each, workers) for each in (SIGKILL, SIGSEGV, SIGBUS) for _ in range(3)), (SIGKILL, everything)]
    for signal, of in deaths[: trial.rounds(10, 1)]:
        spoiled.at(ids[trial.dice.randrange(ROWS)], ENDLESS)
        ending = trial.dice.choice(ENDINGS)
        seen[outcome(dying(visitor, path, ending, signal, of), whole.body)] += 1
    assert set(seen) == {BROKEN}, seen
    trial.tell(f"{seen.total()} processes killed, by 3 signals, while they write a CSV file or a workbook", told(seen))


@pytest.mark.slow_trial
@pytest.mark.parametrize("piece", [0, 4096], ids=["reads nothing", "reads slowly"])
def test_an_account_that_is_disabled(trial: Trial, sqlite_file: str, piece: int) -> None:
    """An export ends within seconds when its account may not export any more, whatever its client does."""
    url, most = filled(sqlite_file, 100_000), 5 + 3
    flask("user", "add", "bob@partner.example", "--role", "admin", DATABASE_URL=url)
    with server(DATABASE_URL=url) as address, socket.socket() as client:
        visitor = Visitor(address)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = address.removeprefix("http://").split(":")
        client.connect((host, int(port)))
        client.sendall(f"GET {EXPORT}.csv HTTP/1.1\r\nHost: x\r\nCookie: {visitor.headers['Cookie']}\r\n\r\n".encode())
        until(lambda: count_begun(Path(url.removeprefix("sqlite:///"))) == 1)
        flask("user", "disable", EMAIL, DATABASE_URL=url)
        start, got = monotonic(), b""
        while monotonic() - start < most and count_ended(url) == 0:
            got += client.recv(piece) if piece else b""
            sleep(0.05)
        seconds = monotonic() - start
        assert count_ended(url) == 1
        client.settimeout(10)
        with suppress(ConnectionResetError):
            while more := client.recv(1 << 16):
                got += more
    assert not got.endswith(b"0\r\n\r\n"), "the last chunk would make it look whole"
    trial.tell(
        f"a client that {'reads slowly' if piece else 'reads nothing'}",
        f"broken off after {seconds:.1f} s, without the last chunk",
    )


def count_ended(url: str) -> int:
    """How many exports have failed, as the trail says."""
    with closing(connect(str(Path(url.removeprefix("sqlite:///")).with_name("access.db")))) as database:
        query = "SELECT COUNT(*) FROM audit_event WHERE event = 'export' AND outcome = 'failed'"
        ((number,),) = database.execute(query)
        return int(number)


def everything() -> list[int]:
    return [*servers(), *workers()]


def dying(visitor: Visitor, path: Path, ending: str, signal: Signals, of: Callable[[], list[int]]) -> Answer:
    """What a client has of an export, while which is written these processes die."""
    before = count_begun(path)
    with ThreadPoolExecutor() as clients:
        client = clients.submit(visitor.get, f"{EXPORT}.{ending}")
        until(lambda: count_begun(path) > before)
        for pid in of():
            with suppress(ProcessLookupError):  # of one that has died before
                os.kill(pid, signal)
        return client.result()
