"""Read the rows of an Excel workbook. What would fill the memory when unpacked is refused before it is."""

import re
import zlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from app.importing.csv_rows import NumberedRow
from app.importing.results import Unreadable

SIGNATURE = b"PK\x03\x04"  # of a zip file
OLD_SIGNATURE = b"\xd0\xcf\x11\xe0"  # of Excel's format before 2007, and of workbooks with a password

_MAX_BYTES = 600_000_000  # of all parts, unpacked
_MAX_CELLS = 12_000_000  # of the rectangle around a sheet's cells, which the library allocates whole
_BLOCK = 1 << 20
_LOCAL_HEADER, _NAME_LENGTH, _EXTRA_LENGTH = 30, slice(26, 28), slice(28, 30)  # of a zip's part
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Z]*)([0-9]+)""")  # r="C12" of a cell, r="12" of a row
_ERROR = re.compile(rb"""<c\s[^<>]*\bt\s*=\s*["']e["']""")  # a cell with #N/A, #REF! and so on
_TAG_BYTES = 64  # more than these take: one may begin at the end of a block
_NOT_A_WORKBOOK = "this is no Excel workbook (.xlsx) that can be read"
_SIGNIFICANT = 15  # digits that Excel keeps of a number


def open_sheets(stream: IO[bytes]) -> tuple[list[CalamineSheet], int]:
    """The sheets of a workbook, hidden ones last, and how many cells have an error, which the library reads as empty.

    Raises Unreadable where it is damaged, or too large.
    """
    try:
        errors = _check_parts(stream)
        stream.seek(0)
        book = CalamineWorkbook.from_filelike(stream)
        sheets = sorted(book.sheets_metadata, key=lambda sheet: sheet.visible != SheetVisibleEnum.Visible)
        return [book.get_sheet_by_name(sheet.name) for sheet in sheets], errors
    except (BadZipFile, CalamineError, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error) as error:
        raise Unreadable(1, _NOT_A_WORKBOOK) from error


def sheet_rows(sheet: CalamineSheet) -> Iterator[NumberedRow]:
    """Yield each row's number and its cells as the texts that a CSV would have. Formulas are their last values."""
    for line, row in enumerate(sheet.iter_rows(), 1):
        yield line, [value if type(value) is str else _text(value) for value in row]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float | int):
        return _number(value)
    if isinstance(value, datetime):
        return str((value + timedelta(microseconds=500_000)).replace(microsecond=0))
    return str(value)  # of a date too


def _number(value: float) -> str:
    text = f"{value:.{_SIGNIFICANT}g}"
    if "e" in text:  # of a tiny or a huge number
        text = f"{value:.{_SIGNIFICANT}f}".rstrip("0").rstrip(".")
    # 1.234 could be read as one thousand and so on; 1.2340 can't
    return f"{text}0" if re.fullmatch(r"-?[0-9]{1,3}\.[0-9]{3}", text) else text


def _check_parts(stream: IO[bytes]) -> int:
    """Unpack all parts to nowhere. Sizes in the directory of a zip file are what its maker wrote there.

    Returns the number of cells with an error.
    """
    left, errors = _MAX_BYTES, 0
    with ZipFile(stream) as archive:
        for part in archive.infolist():
            is_sheet, rows, columns, end = part.filename.startswith("xl/worksheets/"), 0, 0, b""
            for block in unpack(stream, part):
                left -= len(block)
                if left < 0:
                    raise Unreadable(
                        1, f"the workbook has over {_MAX_BYTES // 1_000_000} MB when it is unpacked; use CSV"
                    )
                if is_sheet:
                    known, text = len(end), end + block
                    rows, columns = _extent(text, rows, columns)
                    errors += sum(match.end() > known for match in _ERROR.finditer(text))
                    end = text[-_TAG_BYTES:]
            if rows * columns > _MAX_CELLS:
                raise Unreadable(1, f"a sheet of {rows:,} rows and {columns:,} columns is too large; use CSV")
    return errors


def unpack(stream: IO[bytes], part: ZipInfo) -> Iterator[bytes]:
    """Yield a part's bytes, as many as there are whatever the directory says."""
    stream.seek(part.header_offset)
    header = stream.read(_LOCAL_HEADER)
    lengths = (int.from_bytes(header[position], "little") for position in (_NAME_LENGTH, _EXTRA_LENGTH))
    stream.seek(part.header_offset + _LOCAL_HEADER + sum(lengths))
    if part.compress_type == ZIP_STORED:
        yield from iter(lambda: stream.read(_BLOCK), b"")
        return
    if part.compress_type != ZIP_DEFLATED:
        raise BadZipFile
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail or stream.read(_BLOCK)
        if not packed:
            raise BadZipFile
        yield unpacker.decompress(packed, _BLOCK)


def _extent(block: bytes, rows: int, columns: int) -> tuple[int, int]:
    """The last row and column that a block of a sheet's XML names."""
    for letters, number in set(_REFERENCE.findall(block)):
        rows = max(rows, int(number))
        column = 0
        for letter in letters:
            column = column * 26 + letter - ord("A") + 1
        columns = max(columns, column)
    return rows, columns
