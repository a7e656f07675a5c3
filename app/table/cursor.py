"""Name the position of a page in its address."""

import re
from dataclasses import dataclass
from zlib import crc32

LAST_PAGE = "end"  # `before=end`

_PATTERN = re.compile(r"([0-9])-([0-9]{1,18})-([0-9a-f]{8})-([0-9]{1,18})-([0-9a-f]{8})-([0-9a-f]{8})")


@dataclass(frozen=True)
class Cursor:
    """A row at the edge of a page, as it stands in an address: `0-4711-9ae0daaf-50-8c736521-1d0b1f1e`.

    level, row_id: the row's level, and its id there.
    tiebreaker:    a digest of the row's tiebreaker, because a database may give the id of a removed row to another.
    rows_before:   how many rows of the view stand before the edge, so that a page needn't count them.
    context:       `View.cursor_context`. A cursor of another sort, filter or page size is ignored.

    It names the row instead of its sort key. So addresses stay short and hold no data.
    """

    level: int
    row_id: int
    tiebreaker: str
    rows_before: int
    context: str

    def __str__(self) -> str:
        body = f"{self.level}-{self.row_id}-{self.tiebreaker}-{self.rows_before}-{self.context}"
        return f"{body}-{digest(body)}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises ValueError when the text was not made by `str(cursor)`."""
        match = _PATTERN.fullmatch(text)
        if not match or digest(text.rpartition("-")[0]) != match[6]:
            raise ValueError("is not the place of a page; leave it out for the first page")
        return cls(int(match[1]), int(match[2]), match[3], int(match[4]), match[5])


@dataclass(frozen=True)
class PagePosition:
    """The page behind the cursor's row (`forward`) or before it. Backward without a cursor is the last page."""

    forward: bool
    cursor: Cursor | None


def digest(text: str) -> str:
    """Eight hex digits that detect damaged or foreign text. It is a checksum, not a signature."""
    return f"{crc32(text.encode('utf-8', 'surrogatepass')):08x}"
