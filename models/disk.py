"""Files that are there whole, or not at all: also when the machine stops in the middle."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import file_digest
from pathlib import Path
from shutil import rmtree


def sync(path: Path) -> None:
    """Wait until a file, or a folder's list of files, is on the disk."""
    with _opened(path) as handle:
        os.fsync(handle)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


@contextmanager
def made_whole(file: Path) -> Iterator[Path]:
    """Where to make a file, and what belongs beside it: a folder of another name, for its owner alone.

    When all is there it is moved to where it belongs, the file last, so that it is never there without the rest;
    otherwise all of it goes. What a process left in the folder that was killed is cleared away by the next. Raises
    BlockingIOError while another process makes the same file.
    """
    unfinished = file.with_name(f"{file.name}.unfinished")
    unfinished.mkdir(mode=0o700, exist_ok=True)
    with _opened(unfinished) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            for left in unfinished.iterdir():
                left.unlink()
            yield unfinished / file.name
            made = sorted(unfinished.iterdir(), key=lambda each: each.name == file.name)
            for each in made:
                sync(each)
            for each in made:
                each.rename(file.with_name(each.name))
                sync(file.parent)  # each time: a machine that stops may else keep the last of them alone
        finally:
            rmtree(unfinished, ignore_errors=True)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
