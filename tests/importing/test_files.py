"""Reading the bytes of a file: encoding, line breaks, quoting, limits."""

from io import BytesIO, RawIOBase

import pytest

from app.importing import load_file
from app.reports import REPORTS
from app.table.csv import EXCEL, PLAIN, Dialect, csv_chunks
from app.table.kinds import guard
from app.table.scope import WHOLE_PARTNER
from models import Actor, Customer, Subscription
from tests.databases import in_file as database_url
from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, faults_of, file, load, load_bytes, values
from tests.support import view_of

__all__ = ["database_url"]

TWO = file(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2", "Subscription": "Mail"})


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_break", ["\n", "\r\n"])
def test_bom_and_line_breaks(bom: bytes, line_break: str) -> None:
    content = bom + file(SUBSCRIPTIONS, {}, {"Subscription ID": "S-2"}, line_break=line_break)
    assert load_bytes(SUBSCRIPTIONS, content).added == 2
    assert values(Subscription.ref) == ["S-1", "S-2"]


def test_last_line_without_line_break() -> None:
    assert load_bytes(SUBSCRIPTIONS, TWO.rstrip()).added == 2


def test_only_a_leading_bom_is_dropped() -> None:
    content = file(SUBSCRIPTIONS, {"Customer": "\ufeffAcme", "Subscription": "\ufeffSSL"})
    assert content.splitlines()[1].startswith(b"\xef\xbb\xbf")
    load_bytes(SUBSCRIPTIONS, content)
    assert values(Customer.name) == ["\ufeffAcme"]
    assert values(Subscription.name) == ["\ufeffSSL"]


@pytest.mark.parametrize(
    "text", ["two\r\nlines", "two\nlines", "two\rlines", ' "quoted", with comma ', "日本 ’", "''=1"]
)
def test_text_is_stored_unchanged(text: str) -> None:
    load_bytes(SUBSCRIPTIONS, file(SUBSCRIPTIONS, {"Subscription": text}))
    assert values(Subscription.name) == [text.replace("''=", "'=")]


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
    assert values(Subscription.name) == ["\u00a0＝1"]
    assert values(Actor.name) == ["", "a;'b,'=1"]


def test_wrong_number_of_cells() -> None:
    content = file(TRANSACTIONS, {}, {"Transaction ID": "T-2", "Total": "x"})
    heading, first, second = content.splitlines(keepends=True)
    assert faults_of(TRANSACTIONS, heading + b"a,b,c\r\n" + first.rstrip() + b",\r\n" + second) == [
        (2, "the row has 3 cells, the heading has 11"),
        (3, "the row has 12 cells, the heading has 11"),
        (4, "Total: “x” is not a whole number of up to 12 digits such as 1234"),
    ]


def test_blank_line() -> None:
    assert faults_of(SUBSCRIPTIONS, TWO + b"\r\n") == [(4, "the row has 0 cells, the heading has 11")]


def test_fault_has_the_first_line_of_its_row() -> None:
    content = file(
        SUBSCRIPTIONS, {"Subscription": "a\nb\r\nc"}, {"Subscription ID": "S-2", "Subscription": "\n\n", "Cost": ""}
    )
    assert [line for line, _ in faults_of(SUBSCRIPTIONS, content)] == [5, 5]


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        (b"a,\xff,c\r\n", "the text isn't UTF-8: byte 0xff can't stand where it does"),
        (b"a,\xed\xa0\x80\r\n", "the text isn't UTF-8: byte 0xed can't stand where it does"),
        (b"a,\0,c\r\n", "there is a NUL, which no text can have"),
        (b'a,"b"c,d\r\n', "quotes or line breaks stand where none can"),
        (b"a\rb,c\r\n", "quotes or line breaks stand where none can"),
        (b'a,"b,c\r\n', "quotes or line breaks stand where none can"),
        (b"a," + 1_000_001 * b"x" + b"\r\n", "a cell is over 1 MB"),
        (b"a," + 33_000_000 * b"x" + b"\r\n", "a cell is over 1 MB"),
        (b'a,"' + 600_000 * b"x\n" + b'"\r\n', "a cell is over 1 MB"),
        (40 * (b'"' + 900_000 * b"x" + b'\n",') + b"\r\n", "a cell is over 1 MB"),
    ],
    ids=["utf-8", "surrogate", "nul", "quote", "cr", "open", "long", "very-long", "long-with-breaks", "long-row"],
)
def test_unreadable_bytes_end_the_reading(bad: bytes, text: str) -> None:
    ragged = b"a\r\n"
    assert faults_of(SUBSCRIPTIONS, TWO + ragged + bad) == [(4, "the row has 1 cells, the heading has 11"), (5, text)]


def test_unreadable_bytes_have_the_first_line_of_their_row() -> None:
    assert [line for line, _ in faults_of(SUBSCRIPTIONS, TWO + b'"x\r\ny\r\n\xff')] == [4]


def test_file_may_be_longer_than_the_row_limit() -> None:
    long_rows = 40 * (b"a," + 900_000 * b"x" + b"\r\n")
    assert [line for line, _ in faults_of(SUBSCRIPTIONS, TWO + long_rows)] == list(range(4, 44))


@pytest.mark.parametrize("bad", [b"\xff\r\n", b"Customer,\0\r\n", b'"Customer'])
def test_unreadable_headings(bad: bytes) -> None:
    assert [line for line, _ in faults_of(SUBSCRIPTIONS, bad)] == [1]


def test_stream_need_not_be_seekable() -> None:
    class Pipe(RawIOBase):
        def __init__(self) -> None:
            self.rest = BytesIO(TWO)

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
            return self.rest.readinto(buffer)

    assert load_file(SUBSCRIPTIONS, Pipe(), "-").added == 2  # type: ignore[arg-type]


def test_progress_adds_up_to_the_file_size() -> None:
    content = b"\xef\xbb\xbf" + file(SUBSCRIPTIONS, *({"Subscription ID": f"Ü-{number}"} for number in range(2000)))
    sizes: list[int] = []
    load_file(SUBSCRIPTIONS, BytesIO(content), "file.csv", progress=sizes.append)
    assert sum(sizes) == len(content)
    assert len(sizes) > 2


@pytest.mark.parametrize("dialect", [EXCEL, PLAIN], ids=lambda dialect: dialect.name)
def test_guarded_texts_come_back_and_go_out_the_same(dialect: Dialect) -> None:
    odd = ["=1", "'=1", " ＝1", "x;=1+1;y", "x| '\t=1", "\u00a0'-1", "a;'b", "'plain", "x;'=1"]
    load(SUBSCRIPTIONS, *({"Subscription": guard(text), "Subscription ID": f"S;{guard(text)}"} for text in odd))
    view = view_of(SUBSCRIPTIONS, [("columns", key) for key in REPORTS[SUBSCRIPTIONS].columns_by_key])
    exported = b"".join(csv_chunks(view, WHOLE_PARTNER, dialect=dialect))
    assert values(Subscription.name) == sorted(odd)
    assert load_bytes(SUBSCRIPTIONS, exported).unchanged == len(odd)
    Subscription.delete().execute()
    assert load_bytes(SUBSCRIPTIONS, exported).added == len(odd)
    assert values(Subscription.name) == sorted(odd)
    assert b"".join(csv_chunks(view, WHOLE_PARTNER, dialect=dialect)) == exported
