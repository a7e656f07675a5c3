"""The processes of the servers that this process has started."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep


def workers() -> list[int]:
    """Those that answer."""
    return [pid for server in servers() for pid in _children(server)]


def servers() -> list[int]:
    """Those that watch over them."""
    return [pid for pid in _children(os.getpid()) if b"gunicorn" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def memory() -> float:
    """MB that all these hold, of which what they share is counted once."""
    rollups = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in (*servers(), *workers())]
    return sum(int(rollup.partition("Pss:")[2].split()[0]) for rollup in rollups) / 1000


def until(true: Callable[[], bool], patience: float = 30) -> None:
    """Wait until something is true. Raises TimeoutError when that takes more seconds."""
    end = monotonic() + patience
    while not true():
        if monotonic() > end:
            raise TimeoutError
        sleep(0.01)


def _children(pid: int) -> list[int]:
    children = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has ended meanwhile
            children += (task / "children").read_text().split()
    return [int(child) for child in children]
