"""What can happen to a file of SQLite that is in use, each undone at the end. As the operator would, none of them cares
what the server has open."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random
from shutil import copy

import pytest

from models.sqlite import Sqlite

_PAGE = 4096
_BESIDE = ("", "-wal", "-shm")
_HOLD = """
import sys, cysqlite
other = cysqlite.connect(sys.argv[1])
other.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""

Fault = Callable[[Path], AbstractContextManager[None]]


@contextmanager
def missing(file: Path) -> Iterator[None]:
    moved = [(Path(f"{file}{end}"), Path(f"{file}{end}.away")) for end in _BESIDE if Path(f"{file}{end}").exists()]
    for path, away in moved:
        path.rename(away)
    yield
    for end in _BESIDE:
        Path(f"{file}{end}").unlink(missing_ok=True)
    for path, away in moved:
        away.rename(path)


@contextmanager
def empty(file: Path) -> Iterator[None]:
    with missing(file):
        file.touch()
        yield


@contextmanager
def another(file: Path) -> Iterator[None]:
    """A database of SQLite that isn't ours."""
    with missing(file):
        other = Sqlite(str(file), 0)
        other.make(0o600)
        other.execute_sql("CREATE TABLE load (id INTEGER PRIMARY KEY, what TEXT)")
        other.close()
        yield


@contextmanager
def cut(file: Path) -> Iterator[None]:
    with _spoilt(file):
        os.truncate(file, file.stat().st_size // _PAGE // 2 * _PAGE)
        yield


@contextmanager
def cut_to_nothing(file: Path) -> Iterator[None]:
    with _spoilt(file):
        os.truncate(file, 0)
        yield


@contextmanager
def header_overwritten(file: Path) -> Iterator[None]:
    with _spoilt(file):
        _overwrite(file, 0, b"\xff" * 100)
        yield


@contextmanager
def schema_overwritten(file: Path) -> Iterator[None]:
    """What SQLite says of it quotes bytes that are no text."""
    with _spoilt(file):
        _overwrite(file, file.read_bytes().index(b"CREATE TABLE") + 2, b"\xff\xfe")
        yield


@contextmanager
def pages_overwritten(file: Path) -> Iterator[None]:
    with _spoilt(file):
        dice = Random(1)
        for place in range(2 * _PAGE, file.stat().st_size, 2 * _PAGE):
            _overwrite(file, place, dice.randbytes(_PAGE))
        yield


@contextmanager
def locked(file: Path) -> Iterator[None]:
    """Another process holds the lock for writing."""
    command = [sys.executable, "-c", _HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdin
        assert other.stdout.readline() == b"held\n"
        yield
        other.stdin.close()


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Not even root may write, nor make a file beside it; skips where such attributes can't be given."""
    kept = [str(path) for end in ("", "-wal") if (path := Path(f"{file}{end}")).exists()] + [str(file.parent)]
    if subprocess.run(["chattr", "+i", *kept], capture_output=True, check=False).returncode:
        subprocess.run(["chattr", "-i", *kept], capture_output=True, check=False)
        pytest.skip("chattr +i needs root, and a file system that knows it")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *kept], check=True)


LOST: tuple[Fault, ...] = (missing, empty, another, cut_to_nothing)
"""Nothing is left to be read."""

DAMAGED: tuple[Fault, ...] = (cut, header_overwritten, schema_overwritten, pages_overwritten)
"""Some of it may still be read, from memory or because it lies elsewhere."""

UNWRITABLE: tuple[Fault, ...] = (locked, read_only)
"""All of it can be read."""

FAULTS = (*LOST, *DAMAGED, *UNWRITABLE)


@contextmanager
def _spoilt(file: Path) -> Iterator[None]:
    """Put back at the end what was there, all of it in this one file."""
    other = Sqlite(str(file), 1000)
    assert other.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    other.close()
    backup = file.with_name(f"{file.name}.kept")
    copy(file, backup)
    yield
    file.rename(f"{file}.spoilt")  # while there is none, nobody makes another log for it
    for end in _BESIDE[1:]:
        Path(f"{file}{end}").unlink(missing_ok=True)
    backup.rename(file)


def _overwrite(file: Path, place: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(content)
