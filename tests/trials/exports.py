"""What a client makes of an export."""

from collections import Counter
from contextlib import closing
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from cysqlite import connect

from tests.trials.visitor import Answer

WHOLE, BROKEN, REFUSED = "whole", "broken off", "refused"


def count_begun(path: Path) -> int:
    """How many exports the trail beside a database tells of."""
    with closing(connect(str(path.with_name("access.db")))) as database:
        ((number,),) = database.execute("SELECT COUNT(*) FROM audit_event WHERE outcome = 'begun'")
        return int(number)


def outcome(answer: Answer, whole: bytes) -> str:
    """How an export ended: one of these, or what must not be. `whole` is how it ended when nothing was wrong."""
    if answer.broken:
        return BROKEN
    if answer.status != 200:
        return REFUSED if answer.status == 503 else f"{answer.status}"
    return WHOLE if answer.body == whole or _is_workbook(answer.body) else "short"


def told(seen: Counter[str]) -> str:
    """How often exports ended how, for the document."""
    ends = ", ".join(f"{seen[how]} {how}" for how in (WHOLE, BROKEN, REFUSED) if seen[how])
    return f"0 short files: {ends}"


def _is_workbook(content: bytes) -> bool:
    """Workbooks tell of when they are, so that no two are the same; the end of one says whether all is there."""
    try:
        with ZipFile(BytesIO(content)) as book:
            return book.testzip() is None
    except BadZipFile:
        return False
