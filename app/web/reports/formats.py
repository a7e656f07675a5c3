"""The forms in which people can have a view as a file, and the one that they had last."""

from typing import NamedTuple

from flask import Response, request

from app.table.dialects import DIALECT_KEY, EXCEL, PLAIN, SEMICOLON, Dialect
from app.table.view import View
from app.web.urls import report_url

_PATH, _YEAR = "/reports", 365 * 24 * 60 * 60


class Format(NamedTuple):
    """`label` is what the menu calls it, `short` what stands beside the button. A workbook has no dialect."""

    key: str
    label: str
    short: str
    dialect: Dialect | None = None

    @property
    def ending(self) -> str:
        return ".csv" if self.dialect else ".xlsx"

    @property
    def mimetype(self) -> str:
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


def file_url(view: View, form: Format) -> str:
    """The address of all rows of a view as a file."""
    dialect = [(DIALECT_KEY, form.key)] if form.dialect and form is not DEFAULT_FORMAT else []
    return report_url(view.first_page, form.ending, *dialect)


def file_name(view: View, form: Format) -> str:
    """Named for its days, or for the day on which it is written; nobody's words come into it."""
    first, last = view.date_range
    days = (
        f"{first}-to-{last}" if first and last else f"from-{first}" if first else f"to-{last}" if last else view.today
    )
    return f"{view.report.slug}-{days}{form.ending}"


def last_format() -> Format:
    """What the visitor's browser remembers, if that is one of ours."""
    return FORMATS.get(request.cookies.get(_cookie_name(), ""), DEFAULT_FORMAT)


def remember_format(response: Response, form: Format) -> None:
    response.set_cookie(
        _cookie_name(), form.key, _YEAR, path=_PATH, secure=request.is_secure, httponly=True, samesite="Lax"
    )


def _cookie_name() -> str:
    """Over HTTPS the name makes browsers take it only from there."""
    return "__Secure-export" if request.is_secure else "export"
