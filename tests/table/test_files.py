"""CSV and workbook have the rows of the page; the workbook's cells are typed."""

import csv as reader
import json
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from errno import ENOSPC
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from xlsxwriter.exceptions import FileCreateError

from app.reports import REPORTS
from app.table import csv, xlsx
from app.table.counts import count_rows
from app.table.csv import DIALECTS, Dialect, csv_chunks
from app.table.json import json_chunks, json_page
from app.table.kinds import DATE, DATETIME, INTEGER, MONEY, Kind
from app.table.paging import read_page
from app.table.query import RowQuery
from app.table.scope import WHOLE_PARTNER
from app.table.view import View
from app.table.xlsx import MAX_CELL_LENGTH, WorkbookLimitError, write_workbook
from models import Customer, Subscription, Transaction
from tests import workbooks
from tests.databases import on_both
from tests.databases import sqlite_first as database_url
from tests.strategies import SCAN, SORT, examples, forced, queries
from tests.support import EDGE_CASES, load, view_of
from tests.table.test_rows import expected

__all__ = ["database_url"]

SUBSCRIPTIONS = "customer-subscriptions"
ODD = [  # texts that a workbook could change, run, or break on
    "=1+1", "+1", "-1", "@SUM(A1)", "'=1", "00123", "1E5", "12345678901234567890", "0x10", "1/2", "TRUE",
    "http://partner.example/", "mailto:ann@partner.example", "internal:Report!A1", "{=1}", "#N/A", "_x0041_",
    "<r><t>other</t></r>", "<r></r>", "<b>&amp;</b>", "a\rb", "a\r\nb", "a\nb", " a ", "\t", "\x01\x1f\x7f",
    "\ufffe\uffff", "𝄞北京", "\u202eabc",
]  # fmt: skip


def cells(view: View, dialect: Dialect) -> list[list[str]]:
    """The rows of a CSV, the heading first, amounts with a decimal point."""
    data = b"".join(csv_chunks(view, WHOLE_PARTNER, dialect=dialect))
    assert data.startswith("\ufeff".encode()) is (dialect.name != "plain")
    text = StringIO(data.decode("utf-8-sig"), newline="")
    rows = [row or [""] for row in reader.reader(text, delimiter=dialect.delimiter, strict=True)]
    amounts = [place for place, column in enumerate(view.columns) if column.kind.name == "money"]
    for row in rows[1:]:
        for place in amounts:
            assert dialect.decimal in row[place]
            row[place] = row[place].replace(dialect.decimal, ".")
    return rows


def every(slug: str, **query: str) -> View:
    return view_of(slug, [*(("columns", column.key) for column in REPORTS[slug].columns), *query.items()])


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Even small files are read in several parts."""
    monkeypatch.setattr(csv, "CHUNK_ROWS", 3)


@pytest.mark.parametrize("slug", REPORTS)
@examples(12)
@given(data=st.data(), strategy=st.sampled_from([SORT, SCAN]))
@pytest.mark.usefixtures("edge_cases", "in_parts")
def test_files_have_the_rows_of_the_page(slug: str, data: st.DataObject, strategy: str) -> None:
    with forced(strategy):
        check_files(replace(view_of(slug, data.draw(queries(slug))), size=200))


def json_cells(view: View, text: bytes) -> list[list[str]]:
    """The rows of a JSON object as the CSV has them."""
    found = json.loads(text)
    assert [column["label"] for column in found["columns"]] == [column.label for column in view.columns]
    assert found["total"] == len(found["rows"])
    kinds = [column.kind for column in view.columns]
    return [[json_cell(kind, value) for kind, value in zip(kinds, row, strict=True)] for row in found["rows"]]


def json_cell(kind: Kind, value: Any) -> str:
    if kind is DATETIME:
        return "" if value is None else str(datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ"))
    if kind in (DATE, MONEY):
        return value or ""
    assert isinstance(value, int if kind is INTEGER else str)
    return kind.export(value)


def check_files(view: View) -> None:
    """Compare the page, the CSV in each dialect and the workbook with plain Python."""
    right, labels = expected(view), [column.label for column in view.columns]
    shown = [[column.kind.export(value) for column, value in zip(view.columns, row.values, strict=True)]
             for row in read_page(view, WHOLE_PARTNER).rows]  # fmt: skip
    assert shown == right
    for dialect in DIALECTS.values():
        assert cells(view, dialect) == [labels, *right], dialect.name
    assert json_cells(view, b"".join(json_chunks(view, WHOLE_PARTNER))) == right
    assert json_cells(view, json_page(read_page(view, WHOLE_PARTNER), None, None)) == right
    book = workbooks.written(view)
    assert workbooks.rows(view, book) == right
    assert workbooks.values(book)[0] == labels
    for place, column in enumerate(view.columns):
        if column.kind.numeric:
            added = sum(round(float(row[place]) * 100) for row in right) / 100
            assert workbooks.about(book)[f"Sum of {column.label}"] == added


@pytest.fixture
def odd(edge_cases: None) -> None:
    """Subscriptions with each odd text as name and id."""
    for number, text in enumerate(ODD):
        Subscription.update(name=text, ref=text).where(Subscription.id == number + 1).execute()
    first = Subscription.get_by_id(1).__data__
    for number, text in enumerate(ODD[8:], 100):
        Subscription.insert({**first, "id": number, "name": text, "ref": text, "ref_key": text}).execute()


@pytest.mark.usefixtures("odd")
def test_texts_stay_texts() -> None:
    view = view_of(
        SUBSCRIPTIONS, [("columns", "subscription_id"), ("columns", "subscription"), ("sort", "subscription_id")]
    )
    data = workbooks.written(view)
    found = workbooks.values(data)[1:]
    assert {name for _, name in found} == set(ODD)
    assert all(ref == name for ref, name in found)
    for row in workbooks.opened(data)["Report"].iter_rows(min_row=2):
        assert {cell.data_type for cell in row} <= {"s", "inlineStr"}, row[0].value
        assert not any(cell.hyperlink for cell in row)


@on_both
@pytest.mark.usefixtures("edge_cases")
def test_cells_are_typed_and_formatted() -> None:
    data = workbooks.written(every("customer-transactions", q="t-1", sort="transaction_id"))
    heading, first = workbooks.opened(data)["Report"].iter_rows(max_row=2)
    typed = dict(zip([cell.value for cell in heading], first, strict=True))
    assert (typed["Date"].value, typed["Date"].number_format) == (
        datetime(2024, 2, 29, 23, 59, 59),
        "yyyy-mm-dd hh:mm:ss",
    )
    assert (typed["Total"].value, typed["Total"].number_format) == (10, "#,##0")
    assert (typed["Cost"].value, typed["Cost"].number_format) == (12345.67, "#,##0.00")
    assert (typed["Customer ID"].value, typed["Customer ID"].number_format) == ("C-1", "@")
    (end,) = workbooks.values(workbooks.written(view_of(SUBSCRIPTIONS, [("columns", "end"), ("q", "s-2")])))[1]
    assert end == datetime(2021, 1, 1)


@pytest.mark.usefixtures("edge_cases")
def test_an_empty_cell_is_empty() -> None:
    data = workbooks.written(view_of(SUBSCRIPTIONS, [("columns", "reseller"), ("columns", "cost"), ("reseller", "-")]))
    assert workbooks.values(data)[1:] == [[None, 100], [None, 1234567.8]]


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize("cents", [0, 1, -1, 99_999_999_999_999, -99_999_999_999_999, 123_456_789_012_34, 10**14 + 1])
def test_amounts_are_exact_to_the_cent(cents: int) -> None:
    Transaction.update(cost=cents).execute()
    view = view_of("customer-transactions", [("columns", "cost"), ("columns", "transaction_id")])
    data = workbooks.written(view)
    right = view.columns[0].kind.export(cents)
    assert {row[0] for row in workbooks.rows(view, data)} == {right}
    added = workbooks.about(data)["Sum of Cost"]
    assert (
        str(added) == view.columns[0].kind.export(11 * cents)
        if isinstance(added, str)
        else round(added * 100) == 11 * cents
    )


@pytest.mark.usefixtures("edge_cases")
def test_inexact_numbers_are_texts() -> None:
    Transaction.update(cost=10**14, total=10**15 - 1).execute()
    Transaction.update(date="1900-02-28 10:00:00", total=10**15).where(Transaction.ref == "T-1").execute()
    Transaction.update(date="0001-01-01 00:00:00").where(Transaction.ref == "T-2").execute()
    Transaction.update(date="1900-03-01 00:00:00").where(Transaction.ref == "T-4").execute()
    columns = [("columns", key) for key in ("transaction_id", "date", "total", "cost")]
    data = workbooks.written(view_of("customer-transactions", columns))
    found = {row[0]: row[1:] for row in workbooks.values(data)[1:]}
    assert found["T-1"] == ["1900-02-28 10:00:00", str(10**15), 10**12]
    assert found["T-2"] == ["0001-01-01 00:00:00", 10**15 - 1, 10**12]
    assert found["T-4"][0] == datetime(1900, 3, 1)
    assert workbooks.about(data)["Sum of Cost"] == f"{11 * 10**12}.00"


@pytest.mark.usefixtures("edge_cases")
def test_heading_is_frozen_with_filter_buttons() -> None:
    view = every(SUBSCRIPTIONS)
    sheet = workbooks.opened(workbooks.written(view))["Report"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L9"
    assert all(cell.font.bold for cell in sheet[1])
    assert not sheet["A2"].font.bold
    for letter, column in zip("ABCDEFGHIJKL", view.columns, strict=True):
        assert sheet.column_dimensions[letter].width > len(column.label) + 2
    assert sheet.column_dimensions["K"].width > len("2026-11-22 13:05:00")


@pytest.mark.usefixtures("edge_cases")
def test_about_sheet_describes_the_view() -> None:
    query = [("q", "t-"), ("reseller", "-"), ("from", "2020-02-03"), ("sort", "-cost")]
    file = BytesIO()
    before = datetime.now().year
    write_workbook(view_of("customer-transactions", query), WHOLE_PARTNER, "Zebra Resale", file, int)
    told = workbooks.about(file.getvalue())
    as_of = told.pop("As of")
    assert workbooks.MOMENT.sub("then", as_of) == "then UTC"
    assert int(as_of[:4]) >= before
    assert told == {
        "Report": "Customer Transactions Report", "Search": "t-", "Reseller": "No reseller", "Date from": "2020-02-03",
        "Sorted by": "Cost, descending", "Customers of": "Zebra Resale", "Rows": 1, "Sum of Total": 7,
        "Sum of Cost": -50,
    }  # fmt: skip
    told = workbooks.about(workbooks.written(view_of(SUBSCRIPTIONS, [])))
    assert (told["Filters"], told["Sorted by"], told["Rows"]) == ("none", "Customer", 8)


@pytest.mark.usefixtures("app")
def test_empty_view_makes_a_workbook() -> None:
    for slug in REPORTS:
        data = workbooks.written(every(slug))
        assert workbooks.values(data) == [[column.label for column in REPORTS[slug].columns]]
        assert workbooks.about(data)["Rows"] == 0


@pytest.mark.usefixtures("edge_cases", "in_parts")
@pytest.mark.parametrize("known", [False, True])
def test_too_many_rows_are_refused_before_reading(monkeypatch: pytest.MonkeyPatch, known: bool) -> None:
    view = view_of(SUBSCRIPTIONS, [])
    if known:
        assert count_rows(RowQuery(view, WHOLE_PARTNER, view.level)) == 8
    monkeypatch.setattr(xlsx, "MAX_ROWS", 8)
    assert workbooks.about(workbooks.written(view))["Rows"] == 8
    monkeypatch.setattr(xlsx, "MAX_ROWS", 7)
    added: list[int] = []
    with pytest.raises(WorkbookLimitError, match="more than 7 rows"):
        workbooks.written(view, progress=added.append)
    assert added == []
    assert workbooks.about(workbooks.written(view_of(SUBSCRIPTIONS, [("q", "twin")])))["Rows"] == 2


@pytest.mark.usefixtures("edge_cases", "in_parts")
def test_rows_added_after_the_count_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "MAX_ROWS", 7)
    monkeypatch.setattr(xlsx, "count_rows", lambda *_: 0)
    with pytest.raises(WorkbookLimitError, match="more than 7 rows"):
        workbooks.written(view_of(SUBSCRIPTIONS, []))


@pytest.mark.usefixtures("edge_cases")
@pytest.mark.parametrize(("text", "fits"), [
    ("a" * MAX_CELL_LENGTH, True), ("a" * (MAX_CELL_LENGTH + 1), False), ("𝄞" * 16_384, False),
    ("<r>" + "a" * MAX_CELL_LENGTH, False),
])  # fmt: skip
def test_too_long_text_is_refused(text: str, fits: bool) -> None:
    Customer.update(name=text).where(Customer.ref == "C-1").execute()
    view = view_of(SUBSCRIPTIONS, [("customer", "C-1")])
    if fits:
        assert workbooks.values(workbooks.written(view))[1][0] == text
    else:
        with pytest.raises(WorkbookLimitError, match="Row 1 holds a text of more than 32,767 characters"):
            workbooks.written(view)


@on_both
@pytest.mark.usefixtures("edge_cases")
def test_workbook_is_a_snapshot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    view = view_of(SUBSCRIPTIONS, [])
    before = workbooks.values(workbooks.written(view))
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    changed = (EDGE_CASES / f"{SUBSCRIPTIONS}.csv").read_text("utf-8").replace("TLS Basic", "Changed meanwhile")
    (tmp_path / "changed.csv").write_text(changed, "utf-8")

    def change(_: int) -> None:
        load(SUBSCRIPTIONS, tmp_path / "changed.csv")

    assert workbooks.values(workbooks.written(view, progress=change)) == before
    assert workbooks.values(workbooks.written(view)) != before


class Full(BytesIO):
    """A disk that is full for a moment."""

    tried = False

    def write(self, content: Any) -> int:
        if not self.tried:
            self.tried = True
            raise OSError(ENOSPC, "No space left on device")
        return super().write(content)


@pytest.mark.usefixtures("edge_cases", "in_parts")
@pytest.mark.parametrize(("file", "fault"), [(BytesIO, None), (BytesIO, ZeroDivisionError), (Full, FileCreateError)])
def test_no_temporary_files_remain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: type[BytesIO], fault: type[Exception] | None
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()

    def progress(_: int) -> None:
        assert list((tmp_path / "scratch").iterdir())
        assert fault is not ZeroDivisionError or 1 // 0

    with pytest.raises(fault) if fault else nullcontext():
        write_workbook(view_of(SUBSCRIPTIONS, []), WHOLE_PARTNER, "", file(), progress)
    assert not list((tmp_path / "scratch").iterdir())
