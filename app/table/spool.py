"""Write a file at the database's speed, and read it at the client's."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from tempfile import TemporaryFile
from threading import Condition, Lock, Thread, get_native_id

PIECE_BYTES = 64 * 1024  # the most that is read at a time
_NICENESS = 10  # files get the CPU time that pages leave
_writing = Lock()  # one file at a time computes its next piece, so that pages compete with one thread only


def spool(pieces: Callable[[], Iterator[bytes]]) -> Generator[bytes, None, None]:
    """Yield what `pieces()` yields, while a thread runs ahead of the reader and writes it into a temporary file.

    So a slow client doesn't keep the database snapshot open. An error in `pieces` is raised here, after all that was
    yielded before it. When the reader stops, the thread stops after its current piece.
    """
    with TemporaryFile() as file:
        writer = _Spool(file.fileno(), pieces)
        writer.start()
        try:
            yield from writer.read()
        finally:
            writer.cancelled = True
            writer.join()


class _Spool(Thread):
    def __init__(self, file: int, pieces: Callable[[], Iterator[bytes]]) -> None:
        super().__init__(daemon=True)
        self.cancelled = False
        self._file, self._pieces = file, pieces
        self._length, self._ended = 0, False
        self._error: BaseException | None = None
        self._changed = Condition()

    def run(self) -> None:
        with suppress(OSError):  # on systems whose threads have no priority of their own
            os.setpriority(os.PRIO_PROCESS, get_native_id(), _NICENESS)
        try:
            self._write()
        except BaseException as error:  # `read` raises it
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _write(self) -> None:
        pieces = self._pieces()
        while not self.cancelled:
            with _writing:
                piece = next(pieces, b"")
            if not piece:
                return
            rest = memoryview(piece)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            with self._changed:
                self._length += len(piece)
                self._changed.notify()

    def read(self) -> Iterator[bytes]:
        offset = 0
        while self._wait_for_more(offset):
            piece = os.pread(self._file, min(PIECE_BYTES, self._length - offset), offset)
            offset += len(piece)
            yield piece
        if self._error:
            raise self._error

    def _wait_for_more(self, offset: int) -> bool:
        """Wait until the file is longer than `offset`, or complete; return whether it is longer."""
        with self._changed:
            self._changed.wait_for(lambda: self._length > offset or self._ended)
            return self._length > offset
