"""Where a page begins or ends: a row, named shortly enough for an address."""

import re
from dataclasses import dataclass
from zlib import crc32

LAST_PAGE = "end"

_PATTERN = re.compile(r"([0-9])-([0-9]{1,18})-([0-9a-f]{8})-([0-9]{1,18})-([0-9a-f]{8})-([0-9a-f]{8})")


@dataclass(frozen=True)
class Cursor:
    """A row of a level, how many rows of the view stand before it, and the view whose order that was.

    `tie` is a digest of the row's own id: a database may give the number of a row that went to another.
    `context` is `View.cursor_context`: a cursor of another sort, filter or size means nothing.
    """

    level: int
    row: int
    tiebreaker: str
    before: int
    context: str

    def __str__(self) -> str:
        body = f"{self.level}-{self.row}-{self.tiebreaker}-{self.before}-{self.context}"
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
    """Where a page stands: after a row, or before one; before None is before the end of all rows."""

    forward: bool
    cursor: Cursor | None


def digest(text: str) -> str:
    """Eight hex digits that tell a spoiled or foreign text; no secret is kept by them."""
    return f"{crc32(text.encode('utf-8', 'surrogatepass')):08x}"
