"""A file that is written at the database's speed and read at the client's."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from tempfile import TemporaryFile
from threading import Condition, Lock, Thread, get_native_id

PIECE_BYTES = 64 * 1024
"""Bytes that are handed on at a time, at the most."""

_NICENESS = 10
"""A file is written by what pages leave of the processor."""

_turn = Lock()
"""Of several files one gets its next piece at a time: a page has to wait for one of them, not for all."""


def spool(pieces: Callable[[], Iterator[bytes]]) -> Generator[bytes, None, None]:
    """Yield what `pieces()` yields, which runs ahead in a thread of its own, into a temporary file.

    So what it holds, a snapshot of the database, it holds no longer than it needs, however slow the reader is. An
    error in it is raised here, behind what it had yielded. When the reader leaves, it ends with its next piece.
    """
    with TemporaryFile() as file:
        spool = _Spool(file.fileno(), pieces)
        spool.start()
        try:
            yield from spool.read()
        finally:
            spool.left = True
            spool.join()


class _Spool(Thread):
    def __init__(self, file: int, pieces: Callable[[], Iterator[bytes]]) -> None:
        super().__init__(daemon=True)
        self.left = False
        self._file, self._pieces = file, pieces
        self._written, self._ended = 0, False
        self._error: BaseException | None = None
        self._changed = Condition()

    def run(self) -> None:
        with suppress(OSError):  # where threads have no priority of their own
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICENESS)
        try:
            self._write()
        except BaseException as error:  # the reader raises it
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _write(self) -> None:
        pieces = self._pieces()
        while (piece := self._next(pieces)) is not None and not self.left:
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            with self._changed:
                self._written += len(piece)
                self._changed.notify()

    @staticmethod
    def _next(pieces: Iterator[bytes]) -> bytes | None:
        with _turn:
            return next(pieces, None)

    def read(self) -> Iterator[bytes]:
        at = 0
        while self._await(at):
            piece = os.pread(self._file, min(PIECE_BYTES, self._written - at), at)
            at += len(piece)
            yield piece
        if self._error:
            raise self._error

    def _await(self, at: int) -> bool:
        """Wait until there is more than `at` bytes; tells whether there is."""
        with self._changed:
            self._changed.wait_for(lambda: self._written > at or self._ended)
            return self._written > at
