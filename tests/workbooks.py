"""Workbooks read back by a library that knows nothing of how they are written."""

import io
import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zipfile import ZipFile

from openpyxl import Workbook, load_workbook
from openpyxl.utils.escape import unescape

from app.table.kinds import Kind
from app.table.scope import WHOLE_PARTNER, Scope
from app.table.view import View
from app.table.xlsx import write_workbook

MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
_TAG = re.compile("<[^>]+>")


def written(view: View, scope: Scope = WHOLE_PARTNER, progress: Callable[[int], object] = int) -> bytes:
    """The workbook of a view."""
    file = io.BytesIO()
    write_workbook(view, scope, "", file, progress)
    return file.getvalue()


@lru_cache(1)
def opened(data: bytes) -> Workbook:
    """The workbook, for reading; what asks for several things of one has it parsed once."""
    return load_workbook(io.BytesIO(data))


def values(data: bytes) -> list[list[Any]]:
    """The rows as they are typed, the heading first; texts as a spreadsheet shows them."""
    book = opened(data)
    length = about(data)["Rows"] + 1
    cells = book["Report"].iter_rows(max_row=length, max_col=book["Report"].max_column, values_only=True)
    return [[unescape(value) if isinstance(value, str) else value for value in row] for row in cells]


def about(data: bytes) -> dict[str, Any]:
    return dict(opened(data)["About"].iter_rows(max_col=2, values_only=True))


def rows(view: View, data: bytes) -> list[list[str]]:
    """The rows without the heading in the notation of the CSV."""
    kinds = [column.kind for column in view.columns]
    return [[_noted(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in values(data)[1:]]


def _noted(kind: Kind, value: Any) -> str:
    if isinstance(value, datetime):
        return str(value.date() if kind.name == "date" else value)
    if kind.name == "money" and not isinstance(value, str):
        return f"{Decimal(str(value)):.2f}"
    return kind.export(value or "") if not kind.numeric else str(value)


def everything(data: bytes) -> str:
    """All texts and numbers in a workbook but when it was made."""
    with ZipFile(io.BytesIO(data)) as pieces:
        texts = [f"{name}\n{_TAG.sub(' ', pieces.read(name).decode())}" for name in pieces.namelist()]
    return MOMENT.sub("", "\n".join(texts))
