"""A small disk that can be filled up."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_SIZE = 32_000_000


class Disk:
    def __init__(self, path: Path) -> None:
        self.path, self._filler = path, path / "filler"

    def leave(self, room: int) -> None:
        """Fill the disk except for `room` bytes."""
        self.free()
        state = os.statvfs(self.path)
        self._filler.write_bytes(bytes(max(0, state.f_bavail * state.f_frsize - room)))

    def free(self) -> None:
        self._filler.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path) -> Iterator[Disk]:
    """Mount a small disk in memory at a new folder."""
    path.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", str(path)]
    try:
        subprocess.run(mounting, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root may mount a small disk")
    try:
        yield Disk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
