"""Many rows of one moment, which are read while others write. `snapshot()` of either database opens one."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any


class Snapshot:
    """A connection that sees the database as it was at one moment."""

    def __init__(self, stream: Callable[[Any, int], Iterable[Sequence[Any]]]) -> None:
        self._stream = stream

    def columns(self, query: Any, size: int) -> Iterator[list[Sequence[Any]]]:
        """Yield a query's rows in blocks of up to `size` rows, each as a list with the values of each column.

        Read one query to its end before the next: PostgreSQL streams the rows of one at a time.
        """
        rows = iter(self._stream(query, size))
        while block := list(islice(rows, size)):
            yield list(zip(*block, strict=True))
