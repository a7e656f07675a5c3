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
def made_whole(folder: Path) -> Iterator[Path]:
    """A folder of another name, for its owner alone, that gets its own when all in it is there, and goes otherwise.

    What a process left behind that was killed is cleared away by the next. Raises BlockingIOError while another
    process makes the same folder.
    """
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    unfinished.mkdir(mode=0o700, exist_ok=True)
    with _opened(unfinished) as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            for left in unfinished.iterdir():
                left.unlink()
            yield unfinished
            for each in (*unfinished.iterdir(), unfinished):
                sync(each)
            unfinished.rename(folder)
        except BaseException:
            rmtree(unfinished, ignore_errors=True)
            raise
        sync(folder.parent)


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    handle = os.open(path, os.O_RDONLY)
    try:
        yield handle
    finally:
        os.close(handle)
