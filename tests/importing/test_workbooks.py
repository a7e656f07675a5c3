"""Excel workbooks: typed cells, sheets, and files that are made to do harm."""

from datetime import date, datetime
from io import BytesIO
from struct import pack
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from app.importing import workbook
from models import Customer, Reseller, Subscription, Transaction
from tests.databases import sqlite_file as database_url
from tests.importing.files import dump, plan_of, rolled_back, values
from tests.strategies import examples

__all__ = ["database_url"]

HEADINGS = ["Customer", "Transaction ID", "Action", "Date", "Total", "Cost"]
HAS_A_TABLE = "has a table, too, which is not read: save it as a file of its own."
ROW = ["Acme", "T-1", "Renew", datetime(2026, 11, 22, 13, 5, 59), 12, 1234.5]


def book(*rows: list[object], title: str = "Report") -> Workbook:
    made = Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def save(made: Workbook) -> bytes:
    out = BytesIO()
    made.save(out)
    return out.getvalue()


def faults(content: bytes) -> list[str]:
    before = dump()
    plan = plan_of("", content, dry_run=False)
    assert dump() == before
    return [fault.text for fault in plan.faults]


def test_typed_cells() -> None:
    rows = [
        ROW,
        ["Acme", 1002.0, "Renew", date(2026, 11, 22), 1e3, 0.1 + 0.2],
        ["Acme", "0003", "Renew", "22-Nov-26", "1'000", -5],
    ]
    assert plan_of("", save(book(HEADINGS, *rows)), dry_run=False).summary.added == 3
    assert values(Transaction.ref, Transaction.date, Transaction.total, Transaction.cost) == [
        ("0003", "2026-11-22 00:00:00", 1000, -500),
        ("1002", "2026-11-22 00:00:00", 1000, 30),
        ("T-1", "2026-11-22 13:05:59", 12, 123_450),
    ]


def test_a_tiny_number_is_an_amount_only_if_it_is_rounding() -> None:
    [text] = faults(save(book(HEADINGS, [*ROW[:5], 1e-5])))
    assert text == "Cost: “0.00001” is not an amount of up to 12 digits and two decimals such as -1234.50"
    plan_of("", save(book(HEADINGS, [*ROW[:5], 0.1 + 0.2 - 0.3])), dry_run=False)
    assert values(Transaction.cost) == [0]


def test_a_number_of_three_decimals_is_no_thousand() -> None:
    [text] = faults(save(book(HEADINGS, [*ROW[:5], 1.234])))
    assert text == "Cost: “1.2340” is not an amount of up to 12 digits and two decimals such as -1234.50"


def test_texts_are_exact_and_formulas_values() -> None:
    made = book(["Customer", "Subscription ID", "Cost"], ["'=1+1", "_x005F_x0041_", 1])
    made.active["C2"] = "=1+1"  # a program that doesn't calculate leaves no value
    [text] = faults(save(made))
    assert text.startswith("Cost: is empty")
    made.active["C2"] = 2
    plan_of("", save(made), dry_run=False)
    assert (values(Customer.name), values(Subscription.ref)) == (["'=1+1"], ["_x0041_"])


def test_cells_with_errors_are_counted() -> None:
    made = book(["Customer", "Subscription ID", "Reseller"], ["Acme", "S-1", "#N/A"], ["t='e'", "S-2", "#REF!"])
    assert [cell.data_type for cell in made.active["C"][1:]] == ["e", "e"]
    plan = plan_of("", save(made), dry_run=False)
    assert "Cells of the workbook with an error such as #N/A are read as empty: 2." in plan.notes
    assert values(Reseller.name) == [""]


def test_sheet_and_headings_are_found() -> None:
    made = book(["Notes"], ["nothing"], title="About")
    sheet = made.create_sheet("Data")
    for row in ([], ["Subscriptions of today"], [], [None, "Customer", "Subscription ID"], [None, "Acme", "S-1"], []):
        sheet.append(row)
    plan = plan_of("", save(made), dry_run=False)
    assert "An Excel workbook; the sheet “Data” is read." in plan.said
    assert "Of the workbook are not read: “About”." in plan.said
    assert "Passed over, rows before the headings: 1." in plan.said
    assert values(Subscription.ref) == ["S-1"]


def test_a_hidden_sheet_is_read_only_where_no_other_has_the_headings() -> None:
    made = book(["Customer", "Subscription ID"], ["Acme", "S-old"], title="Old")
    made.active.sheet_state = "hidden"
    made.create_sheet("Empty")
    assert "An Excel workbook; the sheet “Old” is read." in plan_of("", save(made)).said
    sheet = made.create_sheet("New")
    sheet.append(["Customer", "Subscription ID"])
    sheet.append(["Acme", "S-new"])
    plan = plan_of("", save(made), dry_run=False)
    assert "An Excel workbook; the sheet “New” is read." in plan.said
    assert plan.notes == [f"The sheet “Old” {HAS_A_TABLE}"]
    assert values(Subscription.ref) == ["S-new"]


def test_sheet_of_another_report_is_noted_whatever_is_chosen() -> None:
    made = book(HEADINGS, ROW)
    sheet = made.create_sheet("Holdings")
    sheet.append(["Customer", "Current Inventory", "Used"])
    for report in ("", "customer-transactions"):
        assert plan_of(report, save(made)).notes == [f"The sheet “Holdings” {HAS_A_TABLE}"]


def test_sheet_with_most_headings_is_read_where_none_is_complete() -> None:
    made = book(["Sales of November"], title="Cover")
    sheet = made.create_sheet("Data")
    sheet.append(["Kunde", "Vertrag"])
    sheet.append(["Acme", "S-1"])
    assert "An Excel workbook; the sheet “Data” is read." in plan_of("", save(made)).said
    chosen = {"kunde": "customer", "vertrag": "subscription_id"}
    plan = plan_of("customer-subscriptions", save(made), dry_run=False, mapping=chosen)
    assert plan.summary.added == 1


def test_workbook_without_cells_is_empty() -> None:
    assert faults(save(book())) == ["the file is empty"]


def test_bytes_that_are_no_workbook() -> None:
    for content in (b"PK\x03\x04", b"PK\x03\x04" + bytes(1000), save(book(HEADINGS, ROW))[:-100]):
        assert faults(content) == ["this is no Excel workbook (.xlsx) that can be read"]
    assert faults(b"\xd0\xcf\x11\xe0" + bytes(600)) == [
        "this is a workbook of Excel before 2007, or one with a password; save it as .xlsx without one, or as CSV"
    ]


@examples(20)
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), min_size=1, max_size=4))
def test_damaged_workbooks(damages: list[tuple[float, bytes]]) -> None:
    content = save(book(HEADINGS, ROW))
    for place, piece in damages:
        at = int(place * len(content))
        content = content[:at] + piece + content[at + len(piece) :]
    with rolled_back():
        plan_of("", content, dry_run=False)  # which says what is wrong, or nothing is


def repacked(content: bytes, part: str, change: "bytes | None" = None, **replaced: bytes) -> bytes:
    """The workbook with a part's bytes replaced, or with some of them."""
    out = BytesIO()
    with ZipFile(BytesIO(content)) as old, ZipFile(out, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == part:
                data = change if change is not None else data.replace(replaced["old"], replaced["new"])
            new.writestr(name, data)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MAX_BYTES", 5_000_000)
    bomb = repacked(save(book(HEADINGS, ROW)), "xl/theme/theme1.xml", bytes(6_000_000))
    assert faults(bomb) == ["the workbook has over 5 MB when it is unpacked; use CSV"]


def test_bomb_that_lies_about_its_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "_MAX_BYTES", 5_000_000)
    bomb = repacked(save(book(HEADINGS, ROW)), "xl/theme/theme1.xml", bytes(6_000_000))
    lie = bomb.replace(pack("<I", 6_000_000), pack("<I", 1_000))
    assert lie != bomb
    assert faults(lie) == ["the workbook has over 5 MB when it is unpacked; use CSV"]


@pytest.mark.parametrize("reference", [b'r="XFD1048576"', b"r='XFD1048576'", b'r = "XFD1048576"'])
def test_sheet_with_far_cells_is_refused(reference: bytes) -> None:
    far = repacked(save(book(HEADINGS, ROW)), SHEET, old=b'r="B2"', new=reference)
    assert faults(far) == ["a sheet of 1,048,576 rows and 16,384 columns is too large; use CSV"]


def test_many_columns_are_left_out_or_unknown() -> None:
    wide = book([*HEADINGS, *(f"Column {number}" for number in range(16_378))], ROW)
    texts = faults(save(wide))
    assert len(texts) == 1000
    assert texts[0].startswith("the heading “Column 0” is unknown")


def test_external_entities_are_not_read() -> None:
    doctype = b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname"><!ENTITY y "yyyy">]><worksheet'
    content = repacked(save(book(HEADINGS, ROW)), SHEET, old=b"<worksheet", new=doctype)
    content = repacked(content, "xl/sharedStrings.xml", old=b"<t>Acme</t>", new=b"<t>A&x;&y;cme</t>")
    plan = plan_of("", content, dry_run=False)
    assert plan.faults or "yyyy" not in values(Customer.name)[0]


def test_size_of_parts_is_what_they_unpack_to() -> None:
    content = save(book(HEADINGS, ROW))
    with ZipFile(BytesIO(content)) as archive:
        sizes = [part.file_size for part in archive.infolist()]
        unpacked = [sum(map(len, workbook.unpack(BytesIO(content), part))) for part in archive.infolist()]
    assert unpacked == sizes
