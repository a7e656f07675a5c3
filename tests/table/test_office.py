"""LibreOffice reads CSV and workbook: letters are right, numbers are numbers, ids are whole."""

import shutil
import subprocess
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from app.table.csv import DIALECTS, csv_chunks
from app.table.scope import WHOLE_PARTNER
from models import Subscription
from tests import workbooks
from tests.support import view_of

OFFICE = shutil.which("soffice")
LANGUAGES = {"excel": "1033", "semicolon": "1031", "plain": "1033"}  # American English, German

KEYS = ("subscription_id", "customer", "subscription", "end", "cost", "last_modified_date", "items_quantity")
IDS = {"S-1": "00123", "S-2": "1E5", "S-3": "12345678901234567890"}

pytestmark = [
    pytest.mark.skipif(not OFFICE, reason="needs LibreOffice (soffice)"),
    pytest.mark.usefixtures("edge_cases"),
]


def read(folder: Path, name: str, data: bytes, *options: str) -> list[list[Any]]:
    """The rows that LibreOffice sees in a file."""
    (folder / name).write_bytes(data)
    command = [OFFICE or "", "--headless", f"-env:UserInstallation={(folder / 'profile').as_uri()}", *options]
    into = ["--convert-to", "xlsx", "--outdir", str(folder / "seen"), str(folder / name)]
    subprocess.run([*command, *into], check=True, capture_output=True, timeout=120)
    book = load_workbook(BytesIO((folder / "seen" / name).with_suffix(".xlsx").read_bytes()))
    rows = book[book.sheetnames[0]].iter_rows()
    return [[cell.value if cell.data_type != "f" else 1 // 0 for cell in row] for row in rows]


@pytest.mark.parametrize("name", DIALECTS)
def test_libreoffice_reads_csv(tmp_path: Path, name: str) -> None:
    dialect = DIALECTS[name]
    view = view_of("customer-subscriptions", [("columns", key) for key in KEYS])
    data = b"".join(csv_chunks(view, WHOLE_PARTNER, dialect=dialect))
    tokens = [str(ord(dialect.delimiter)), str(ord('"')), "76", "1", "", LANGUAGES[name], "false", "true"]
    heading, *rows = read(tmp_path, "file.csv", data, f"--infilter=CSV:{','.join(tokens)}")
    assert heading == [column.label for column in view.columns]
    found = {row[0]: row[1:] for row in rows}
    assert len(found) == 8
    assert found["S-1"][:4] == ["Ångström & Søn, A/S", "TLS, 3 years", datetime(2999, 12, 31), -0.05]
    assert found["S-4"][:2] == ['Line\nBreak "Ltd"', "Zwölf"]
    assert found["s-10"][:2] == ["'=SUM(A1)", "'+1 month"], "guarded, and not run"
    assert [found["S-2"][place] for place in (3, 5)] == [1234567.8, 0]


def test_libreoffice_reads_workbook(tmp_path: Path) -> None:
    for old, new in IDS.items():
        Subscription.update(ref=new).where(Subscription.ref == old).execute()
    view = view_of("customer-subscriptions", [("columns", key) for key in KEYS])
    heading, *rows = read(tmp_path, "book.xlsx", workbooks.written(view))
    assert heading == [column.label for column in view.columns]
    assert {row[0] for row in rows} >= {*IDS.values(), "s-10", "S-7"}
    found = {row[0]: row[1:] for row in rows}
    first = ["Ångström & Søn, A/S", "TLS, 3 years", datetime(2999, 12, 31), -0.05, datetime(2026, 1, 2, 3, 4, 5), 10]
    assert found["00123"] == first
    assert found["s-10"][:2] == ["=SUM(A1)", "+1 month"]
    assert found["S-4"][:2] == ['Line\nBreak "Ltd"', "Zwölf"]
