"""The file formats of a report, and the one that a browser has chosen last."""

from typing import NamedTuple

from flask import Response

from app.table import xlsx
from app.table.csv import DIALECT_KEY, EXCEL, PLAIN, SEMICOLON, Dialect
from app.table.view import View
from app.web.cookies import Cookie
from app.web.urls import report_url

_LAST_FORMAT = Cookie("export", "/reports")
_COOKIE_SECONDS = 365 * 24 * 60 * 60


class Format(NamedTuple):
    """A file format: its name in the menu, the short name beside the button, and the dialect of a CSV.

    `extension` is the end of the file's name and of its address, `mimetype` its media type.
    """

    key: str
    label: str
    short_label: str
    dialect: Dialect | None = None
    extension: str = ".csv"
    mimetype: str = "text/csv"


WORKBOOK = Format("xlsx", "Excel workbook (.xlsx), no formulas", "XLSX", None, ".xlsx", xlsx.MIMETYPE)
JSON = Format("json", "JSON", "JSON", None, ".json", "application/json")  # for programs: it isn't in the menu
FORMATS = {
    file_format.key: file_format
    for file_format in (
        Format(EXCEL.name, "CSV for Excel", "CSV", EXCEL),
        Format(SEMICOLON.name, "CSV with semicolons", "CSV (;)", SEMICOLON),
        Format(PLAIN.name, "Plain CSV", "Plain CSV", PLAIN),
        WORKBOOK,
    )
}
DEFAULT_FORMAT = FORMATS[EXCEL.name]


def file_url(view: View, file_format: Format) -> str:
    """The address of all rows of a view as a file."""
    dialect = [(DIALECT_KEY, file_format.key)] if file_format.dialect and file_format is not DEFAULT_FORMAT else []
    return report_url(view.closed_first_page, file_format.extension, *dialect)


def last_format() -> Format:
    """The format in the browser's cookie, else the default one."""
    return FORMATS.get(_LAST_FORMAT.get(), DEFAULT_FORMAT)


def remember_format(response: Response, file_format: Format) -> None:
    """Set the cookie that `last_format` reads, for a year."""
    _LAST_FORMAT.set(response, file_format.key, _COOKIE_SECONDS)
