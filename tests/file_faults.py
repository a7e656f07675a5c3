"""Faults of a SQLite file, each undone at the end."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from random import Random
from shutil import copy

import pytest

from models.sqlite import Sqlite
from tests.databases import held_open

_PAGE = 4096
_BESIDE = ("", "-wal", "-shm")
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
    """A database of another application."""
    with missing(file):
        other = Sqlite(str(file), 0)
        other.create_file()
        other.execute_sql("CREATE TABLE load (id INTEGER PRIMARY KEY, what TEXT)")
        other.close()
        yield


@contextmanager
def cut(file: Path) -> Iterator[None]:
    with _restored(file):
        os.truncate(file, file.stat().st_size // _PAGE // 2 * _PAGE)
        yield


@contextmanager
def cut_to_nothing(file: Path) -> Iterator[None]:
    with _restored(file):
        os.truncate(file, 0)
        yield


@contextmanager
def header_overwritten(file: Path) -> Iterator[None]:
    with _restored(file):
        _overwrite(file, 0, b"\xff" * 100)
        yield


@contextmanager
def schema_overwritten(file: Path) -> Iterator[None]:
    """SQLite's message quotes bytes that are not UTF-8."""
    with _restored(file):
        _overwrite(file, file.read_bytes().index(b"CREATE TABLE") + 2, b"\xff\xfe")
        yield


@contextmanager
def pages_overwritten(file: Path) -> Iterator[None]:
    with _restored(file):
        dice = Random(1)
        for place in range(2 * _PAGE, file.stat().st_size, 2 * _PAGE):
            _overwrite(file, place, dice.randbytes(_PAGE))
        yield


def locked(file: Path) -> AbstractContextManager[None]:
    """Another process holds the write lock."""
    return held_open(file, "BEGIN EXCLUSIVE")


@contextmanager
def read_only(file: Path) -> Iterator[None]:
    """Not even root may write, nor create a file beside it. Skips where the file system has no such attribute."""
    paths = [str(path) for end in ("", "-wal") if (path := Path(f"{file}{end}")).exists()] + [str(file.parent)]
    if subprocess.run(["chattr", "+i", *paths], capture_output=True, check=False).returncode:
        subprocess.run(["chattr", "-i", *paths], capture_output=True, check=False)
        pytest.skip("chattr +i needs root, and a file system that knows it")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", *paths], check=True)


LOST: tuple[Fault, ...] = (missing, empty, another, cut_to_nothing)  # a new connection can read nothing
DAMAGED: tuple[Fault, ...] = (cut, header_overwritten, schema_overwritten, pages_overwritten)  # some may be readable
UNWRITABLE: tuple[Fault, ...] = (locked, read_only)  # everything is readable
FAULTS = (*LOST, *DAMAGED, *UNWRITABLE)


@contextmanager
def _restored(file: Path) -> Iterator[None]:
    """Restore at the end what the file holds, with its WAL, at the beginning."""
    database = Sqlite(str(file), 1000)
    assert database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    database.close()
    backup = file.with_name(f"{file.name}.backup")
    copy(file, backup)
    yield
    file.rename(f"{file}.damaged")  # while there is none, nobody creates another WAL for it
    for end in _BESIDE[1:]:
        Path(f"{file}{end}").unlink(missing_ok=True)
    backup.rename(file)


def _overwrite(file: Path, place: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(content)
