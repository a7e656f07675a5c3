"""Import files with damage at known lines."""

import csv
from collections.abc import Callable
from io import StringIO
from random import Random
from typing import NamedTuple

from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, row

SLUGS = (SUBSCRIPTIONS, TRANSACTIONS, USAGE)
MAX_PRINTED = 20  # faults that `flask import` prints
_ROWS, _CUSTOMERS, _MAX_DAMAGES = 40, 400, 3
Cells = list[str]


class DamagedRow(NamedTuple):
    """The text of a row. `faults` are its lines with a fault, counted from 0."""

    text: str
    faults: tuple[int, ...] = ()


class DamagedFile(NamedTuple):
    """`fault_lines` are the lines that must be reported."""

    content: bytes
    fault_lines: list[int]
    damages: list[str]


def _line(cells: Cells, end: str) -> str:
    out = StringIO(newline="")
    csv.writer(out, lineterminator=end).writerow(cells)
    return out.getvalue()


def _split(first: str, second: str) -> DamagedRow:
    return DamagedRow(first + second, (0, first.count("\n")))


def _with(piece: str, *faults: int) -> Callable[[Cells, Cells, str], DamagedRow]:
    """Damage to the first cell, the customer's name."""
    return lambda cells, _, end: DamagedRow(_line([cells[0] + piece, *cells[1:]], end), faults)


def _in_plain(piece: str) -> Callable[[Cells, Cells, str], DamagedRow]:
    """Damage to the first cell of a row on one line."""
    return lambda cells, _, end: DamagedRow(_line([f"Acm{piece}", *cells[1:]], end), (0,))


# Each damages a row, given another row and the line break. The last five are harmless.
DAMAGES: dict[str, Callable[[Cells, Cells, str], DamagedRow]] = {
    "bad UTF-8": _in_plain("\udcff"),
    "half a character": _in_plain("\udce2\udc82"),
    "NUL": _in_plain("\0"),
    "10 MB cell": _in_plain(10_000_000 * "x"),
    "10 MB cell of many lines": _with(1_000_000 * "123456789\n", *range(MAX_PRINTED)),
    "quote that is never closed": lambda cells, _, end: DamagedRow(f'"{_line(cells, end)}', (0,)),
    "text behind a quote": lambda cells, _, end: DamagedRow(f'"a"b{_line(cells, end)}', (0,)),
    "cell too many": lambda cells, _, end: DamagedRow(_line([*cells, "x"], end), (0,)),
    "cell too few": lambda cells, _, end: DamagedRow(_line(cells[:-1], end), (0,)),
    "line break outside of quotes": lambda cells, _, end: _split(_line(cells[:3], end), _line(cells[3:], end)),
    "id of another row": lambda _, other, end: DamagedRow(_line(other, end), (0,)),
    "empty line": lambda cells, _, end: DamagedRow(end + _line(cells, end)),
    "empty cell too many": lambda cells, _, end: DamagedRow(_line([*cells, ""], end)),
    "line breaks in a cell": _with("\n\r\nInc."),
    "quotes in a cell": _with(' "Inc."'),
    "spaces around a name": _with(" \t"),
}


def damaged(slug: str, dice: Random) -> DamagedFile:
    """A file with 40 rows of 400 customers, up to three of them damaged."""
    first, end = dice.randrange(_CUSTOMERS), dice.choice(["\n", "\r\n"])
    rows = [_row(slug, number % _CUSTOMERS, dice) for number in range(first, first + _ROWS)]
    where = dice.sample(range(1, _ROWS), dice.randint(0, _MAX_DAMAGES))
    names = {number: dice.choice(list(DAMAGES)) for number in where}
    records = [DamagedRow(_line(list(row(slug, {})), end))]
    for number, cells in enumerate(rows):
        intact = DamagedRow(_line(cells, end))
        records.append(DAMAGES[names[number]](cells, rows[0], end) if number in names else intact)
    content = "".join(record.text for record in records).encode("utf-8", "surrogateescape")
    return DamagedFile(dice.choice([b"", b"\xef\xbb\xbf"]) + content, _fault_lines(records), sorted(names.values()))


def _row(slug: str, number: int, dice: Random) -> Cells:
    """A row of the customer with this number. Its name sometimes has two lines."""
    ids = {"Customer ID": f"C-{number}", "Subscription ID": f"S-{number}", "Transaction ID": f"T-{number}"}
    number_cell = {"Used": str(dice.randrange(9))} if slug == USAGE else {"Cost": f"{dice.randrange(9)}.50"}
    plain = row(slug, {"Customer": dice.choice(["Acmé", "Acme\r\nLtd"]), **number_cell})
    return list({name: ids.get(name, cell) for name, cell in plain.items()}.values())


def _fault_lines(records: list[DamagedRow]) -> list[int]:
    lines, line = [], 1
    for record in records:
        lines += [line + fault for fault in record.faults]
        line += record.text.count("\n")
    return lines
