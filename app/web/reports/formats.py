"""The file formats of an export, and the one that a browser used last."""

from typing import NamedTuple

from flask import Response, request

from app.table.dialects import DIALECT_KEY, EXCEL, PLAIN, SEMICOLON, Dialect
from app.table.view import View
from app.web.urls import report_url

_COOKIE_PATH, _COOKIE_SECONDS = "/reports", 365 * 24 * 60 * 60


class Format(NamedTuple):
    """A file format: its name in the menu, the short name beside the button, and the dialect of a CSV."""

    key: str
    label: str
    short_label: str
    dialect: Dialect | None = None

    @property
    def extension(self) -> str:
        """The end of the file's name and of its address."""
        return ".csv" if self.dialect else ".xlsx"

    @property
    def mimetype(self) -> str:
        """The media type of the file."""
        return "text/csv" if self.dialect else "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


WORKBOOK = Format("xlsx", "Excel workbook (.xlsx)", "XLSX")
FORMATS = {
    each.key: each
    for each in (
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
    return report_url(view.first_page, file_format.extension, *dialect)


def file_name(view: View, file_format: Format) -> str:
    """Name the file after the view's range of days, else after today. Nothing that a person typed is part of it."""
    first, last = view.date_range
    if first and last:
        days = f"{first}-to-{last}"
    elif first or last:
        days = f"from-{first}" if first else f"to-{last}"
    else:
        days = str(view.today)
    return f"{view.report.slug}-{days}{file_format.extension}"


def last_format() -> Format:
    """The format in the browser's cookie, else the default one."""
    return FORMATS.get(request.cookies.get(_cookie_name(), ""), DEFAULT_FORMAT)


def remember_format(response: Response, file_format: Format) -> None:
    """Set the cookie that `last_format` reads, for a year."""
    name, secure = _cookie_name(), request.is_secure
    response.set_cookie(
        name, file_format.key, _COOKIE_SECONDS, path=_COOKIE_PATH, secure=secure, httponly=True, samesite="Lax"
    )


def _cookie_name() -> str:
    """Browsers accept a cookie with the prefix `__Secure-` only over HTTPS."""
    return "__Secure-export" if request.is_secure else "export"
