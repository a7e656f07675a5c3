"""Reading the bytes of a file: encoding, line breaks, quoting, limits."""

from io import BytesIO, RawIOBase

import pytest

from app.reports import REPORTS
from app.table.csv import EXCEL, PLAIN, SEMICOLON, Dialect, csv_chunks
from app.table.kinds import guard
from app.table.scope import WHOLE_PARTNER
from models import Actor, Customer, Subscription
from tests.databases import sqlite_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, faults_of, file, load, load_bytes, plan_of, row, values
from tests.support import load_stream, view_of

__all__ = ["database_url"]

TWO = file(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2", "Subscription": "Mail"})


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_bom_and_line_breaks(bom: bytes, line_break: str) -> None:
    content = bom + file(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"}, line_break=line_break)
    assert load_bytes(SUBSCRIPTIONS, content).added == 2
    assert values(Subscription.ref) == ["S-1", "S-2"]


MARK = b"\xef\xbb\xbf"
ODD = "“Müller” – Łódź 北京"


@pytest.mark.parametrize("mark", [b"", MARK, MARK + MARK, MARK.decode("latin-1").encode()])
@pytest.mark.parametrize("name", ["Müller – „Ünal“", ODD])
def test_text_that_was_encoded_twice(mark: bytes, name: str) -> None:
    content = file(SUBSCRIPTIONS, {"Customer": name})
    load_bytes(SUBSCRIPTIONS, mark + content)
    assert values(Customer.name) == [name]
    twice = b"".join(bytes([byte]).decode("cp1252", "ignore").encode() or chr(byte).encode() for byte in content)
    assert twice != content
    assert load_bytes(SUBSCRIPTIONS, mark + twice).unchanged == 1
    assert values(Customer.name) == [name]


def test_last_line_without_line_break() -> None:
    assert load_bytes(SUBSCRIPTIONS, TWO.rstrip()).added == 2


def test_bom_inside_a_text_is_invisible() -> None:
    load_bytes(SUBSCRIPTIONS, file(SUBSCRIPTIONS, {"Customer": "\ufeffAcme", "Subscription": "\ufeffSSL"}))
    assert values(Customer.name) == ["Acme"]
    assert values(Subscription.name) == ["SSL"]


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("two\r\nlines", "two lines"),
        ("two\rlines", "two lines"),
        (' "quoted", with comma ', '"quoted", with comma'),
        ("日本 ’", "日本 ’"),
        ("''=1", "'=1"),
        ("a\u00a0 \tb", "a b"),
        ("e\u0301\u200b\x1b", "é"),
    ],
)
def test_text_is_cleaned(text: str, stored: str) -> None:
    load_bytes(SUBSCRIPTIONS, file(SUBSCRIPTIONS, {"Subscription": text}))
    assert values(Subscription.name) == [stored]


def test_one_guarding_apostrophe_is_removed() -> None:
    guarded = {"Customer": "'=Acme", "Last modified by": "'plain", "Subscription ID": "''-S"}
    load_bytes(SUBSCRIPTIONS, file(SUBSCRIPTIONS, guarded))
    assert values(Customer.name) == ["=Acme"]
    assert values(Subscription.ref) == ["'-S"]
    assert values(Actor.name) == ["", "'plain"]


def test_every_guarding_apostrophe_is_removed() -> None:
    guarded = {"Customer": "x; '=1|''@", "Subscription": "\u00a0'＝1", "Last modified by": "a;'b,'=1"}
    load_bytes(SUBSCRIPTIONS, file(SUBSCRIPTIONS, guarded))
    assert values(Customer.name) == ["x; =1|'@"]
    assert values(Subscription.name) == ["＝1"]
    assert values(Actor.name) == ["", "a;'b,'=1"]


def test_wrong_number_of_cells() -> None:
    content = file(TRANSACTIONS, {}, {"Transaction ID": "T-2", "Total": "x"})
    heading, first, second = content.splitlines(keepends=True)
    assert faults_of(TRANSACTIONS, heading + b"a,b,c\r\n" + first.rstrip() + b",d\r\n" + second) == [
        (2, "the row has 3 cells, the heading has 11"),
        (3, "the row has 12 cells, the heading has 11; a cell with the delimiter inside needs double quotes around it"),
        (4, "Total: “x” is not a whole number of up to 12 digits such as 1234"),
    ]


@pytest.mark.parametrize("number", ["", "12"])
def test_note_or_line_of_totals_is_one_fault(number: str) -> None:
    line = dict.fromkeys(row(TRANSACTIONS, {}), "") | {"Customer": "Total", "Total": number}
    text = f"the row has only {', '.join(f'“{cell}”' for cell in ('Total', number) if cell)}"
    assert faults_of(TRANSACTIONS, file(TRANSACTIONS, {}, line)) == [
        (3, f"{text}; take it out if it is a note or a line of totals")
    ]


def test_fault_has_the_first_line_of_its_row() -> None:
    content = file(
        SUBSCRIPTIONS, {"Subscription": "a\nb\r\nc"}, {"Subscription ID": "S-2", "Customer": "\n\n", "Cost": ""}
    )
    assert [line for line, _ in faults_of(SUBSCRIPTIONS, content)] == [5, 5]


LONG = "a cell is over 1 MB"
CLOSED = "text follows a quote that closes; a quote inside of a quoted cell is written twice"
OPEN = "the quote that opens in this line is never closed; a quote inside of a quoted cell is written twice"
OPEN_FOR_LONG = "the quote that opens in this line isn't closed within 1 MB, so that rows stand in a cell"
RAGGED = f"the row has 1 cell, the heading has {len(row(SUBSCRIPTIONS, {}))}"


@pytest.mark.parametrize(
    ("bad", "texts"),
    [
        (b"a,\0,c\r\n", [(5, "there is a NUL, which no text can have")]),
        (b'a,"b"c,d\r\n', [(5, CLOSED)]),
        (b'a,"b,c\r\n', [(5, OPEN)]),
        (b"a\rb\r\n", [(5, RAGGED), (6, RAGGED)]),
        (b"a," + 1_000_001 * b"x" + b"\r\n", [(5, LONG)]),
        (b"a," + 33_000_000 * b"x" + b"\r\n", [(5, LONG)]),
        (b'a,"' + 1_000_001 * b"x" + b'"\r\n', [(5, LONG)]),
        (b'a,"b\r\n' + 2 * (600_000 * b"x" + b"\r\n"), [(5, OPEN_FOR_LONG), (6, RAGGED), (7, RAGGED)]),
    ],
    ids=["nul", "quote", "open", "cr", "long", "very-long", "long-quoted", "open-for-long"],
)
def test_unreadable_lines(bad: bytes, texts: list[tuple[int, str]]) -> None:
    assert faults_of(SUBSCRIPTIONS, TWO + b"a\r\n" + bad) == [(4, RAGGED), *texts]


def test_reading_goes_on_behind_a_quote_that_swallows_rows() -> None:
    heading, first, second = TWO.splitlines(keepends=True)
    content = heading + b'"' + first + second + first.replace(b"1200.50", b"x")
    faults = faults_of(SUBSCRIPTIONS, content)
    assert faults == [(2, OPEN), (4, "Cost: “x” is not an amount of up to 12 digits and two decimals such as -1234.50")]


def test_damaged_utf8_is_not_another_encoding() -> None:
    heading, first, second = file(SUBSCRIPTIONS, {"Customer": "Müller"}, {"Subscription ID": "Größe"}).splitlines(True)
    damaged = heading + first + second.replace(b"\xc3\xb6", b"\xc3")
    text = "the text isn't UTF-8: byte 0xc3 can't stand where it does; in Windows-1252 it is “Ã”"
    assert faults_of(SUBSCRIPTIONS, damaged) == [(3, text)]


def test_windows_1252_behind_a_mark_of_utf8() -> None:
    plan = plan_of(SUBSCRIPTIONS, MARK + file(SUBSCRIPTIONS, {"Customer": "Müller"}).decode().encode("cp1252"), False)
    reason = "since it has bytes that are no UTF-8, whatever its byte order mark says"
    assert any(f"Windows-1252 (Western Europe), {reason}." in said for said in plan.said)
    assert values(Customer.name) == ["Müller"]


def test_encoding_that_nothing_proves_is_noted_with_words_that_show_it() -> None:
    rows = "Customer,Subscription ID\r\nAcme,S-1\r\nООО Ромашка,S-2\r\n"
    plan = plan_of(SUBSCRIPTIONS, rows.encode("cp1251"))
    note = "The text is taken for Windows-1252 (Western Europe). If it looks wrong, choose another encoding"
    assert plan.notes == [f"{note}: “ÎÎÎ”, “Ðîìàøêà”."]
    assert plan_of(SUBSCRIPTIONS, rows.encode("cp1251"), encoding="cp1251").notes == []


def test_utf8_in_a_text_of_windows_1252_is_a_fault() -> None:
    heading, first, second = file(SUBSCRIPTIONS, {"Customer": "Café"}, {"Subscription ID": "Größe"}).splitlines(True)
    mixed = heading + first + second.decode().encode("cp1252")
    text = "the text is Windows-1252 elsewhere, but here “Ã©” looks like UTF-8, where it is “é”"
    assert faults_of(SUBSCRIPTIONS, mixed) == [(2, text)]
    assert load_bytes(SUBSCRIPTIONS, mixed, encoding="cp1252").added == 2


def test_file_may_be_longer_than_the_row_limit() -> None:
    long_rows = 40 * (b"a," + 900_000 * b"x" + b"\r\n")
    assert [line for line, _ in faults_of(SUBSCRIPTIONS, TWO + long_rows)] == list(range(4, 44))


@pytest.mark.parametrize("bad", [b"\xff\r\n", b"Customer,\0\r\n", b'"Customer'])
def test_unreadable_headings(bad: bytes) -> None:
    assert {line for line, _ in faults_of(SUBSCRIPTIONS, bad)} == {1}


def test_stream_need_not_be_seekable() -> None:
    class Pipe(RawIOBase):
        def __init__(self) -> None:
            self.rest = BytesIO(TWO)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            return self.rest.readinto(buffer)

    assert load_stream(SUBSCRIPTIONS, Pipe(), "-").added == 2  # type: ignore[arg-type]


def test_progress_adds_up_to_the_file_size() -> None:
    content = b"\xef\xbb\xbf" + file(SUBSCRIPTIONS, *({"Subscription ID": f"Ü-{number}"} for number in range(2000)))
    sizes: list[int] = []
    load_stream(SUBSCRIPTIONS, BytesIO(content), progress=sizes.append)
    assert sum(sizes) == len(content)
    assert len(sizes) > 2


@pytest.mark.parametrize("dialect", [EXCEL, PLAIN, SEMICOLON], ids=lambda dialect: dialect.name)
def test_guarded_texts_come_back_and_go_out_the_same(dialect: Dialect) -> None:
    odd = ["=1", "'=1", "＝1", "x;=1+1;y", "x,=1", "x| '=1", "'-1", "a;'b", "'plain", "x;'=1", "''=1"]
    load(SUBSCRIPTIONS, *({"Subscription": guard(text), "Subscription ID": f"S;{guard(text)}"} for text in odd))
    view = view_of(SUBSCRIPTIONS, [("columns", key) for key in REPORTS[SUBSCRIPTIONS].columns_by_key])
    exported = b"".join(csv_chunks(view, WHOLE_PARTNER, dialect=dialect))
    assert values(Subscription.name) == sorted(odd)
    assert load_bytes(SUBSCRIPTIONS, exported).unchanged == len(odd)
    Subscription.delete().execute()
    assert load_bytes(SUBSCRIPTIONS, exported).added == len(odd)
    assert values(Subscription.name) == sorted(odd)
    assert b"".join(csv_chunks(view, WHOLE_PARTNER, dialect=dialect)) == exported
