"""The line of each stored row that a file names."""

from array import array
from collections import defaultdict
from collections.abc import Iterator

_PAGE_ROWS = 4096


class RowLines:
    """The lines of a file by the ids of its rows in the table, of which there may be millions.

    Ids are in pages of neighbours, 4 bytes each: the texts that identify rows would take 100 bytes and more.
    """

    def __init__(self) -> None:
        self._pages: defaultdict[int, array[int]] = defaultdict(lambda: array("I", bytes(4 * _PAGE_ROWS)))

    def __setitem__(self, id_: int, line: int) -> None:
        self._pages[id_ // _PAGE_ROWS][id_ % _PAGE_ROWS] = line

    def __getitem__(self, id_: int) -> int:
        """The line of a row, 0 where the file doesn't name it."""
        page = self._pages.get(id_ // _PAGE_ROWS)
        return page[id_ % _PAGE_ROWS] if page else 0

    def batches(self) -> Iterator[dict[int, int]]:
        """Yield the lines by id, some thousands at a time."""
        for number, page in self._pages.items():
            yield {number * _PAGE_ROWS + index: line for index, line in enumerate(page) if line}
