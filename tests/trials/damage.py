"""Import files with damage at known lines."""

import csv
from collections.abc import Callable
from io import StringIO
from random import Random
from typing import NamedTuple

from tests.importing.files import SUBSCRIPTIONS, TRANSACTIONS, USAGE, row

SLUGS = (SUBSCRIPTIONS, TRANSACTIONS, USAGE)
_ROWS, _KNOWN, _MOST = 40, 400, 3
Cells = list[str]


class Record(NamedTuple):
    """What stands in the place of a row. `told` are the lines with a fault, from its own; `ends`: no more is read."""

    text: str
    told: tuple[int, ...] = ()
    ends: bool = False


class File(NamedTuple):
    """`told` are the lines that must be told."""

    content: bytes
    told: list[int]
    damages: list[str]


def _line(cells: Cells, end: str) -> str:
    out = StringIO(newline="")
    csv.writer(out, lineterminator=end).writerow(cells)
    return out.getvalue()


def _torn(first: str, second: str) -> Record:
    return Record(first + second, (0, first.count("\n")))


def _with(piece: str, *told: int, ends: bool = False) -> Callable[[Cells, Cells, str], Record]:
    """Damage to the first cell, the customer's name."""
    return lambda cells, _, end: Record(_line([cells[0] + piece, *cells[1:]], end), told, ends)


DAMAGES: dict[str, Callable[[Cells, Cells, str], Record]] = {
    "bad UTF-8": _with("\udcff", 0, ends=True),
    "half a character": _with("\udce2\udc82", 0, ends=True),
    "NUL": _with("\0", 0, ends=True),
    "10 MB cell": _with(10_000_000 * "x", 0, ends=True),
    "10 MB cell of many lines": _with(1_000_000 * "123456789\n", 0, ends=True),
    "quote that is never closed": lambda cells, _, end: Record(f'"{_line(cells, end)}', (0,), ends=True),
    "text behind a quote": lambda cells, _, end: Record(f'"a"b{_line(cells, end)}', (0,), ends=True),
    "cell too many": lambda cells, _, end: Record(_line([*cells, ""], end), (0,)),
    "cell too few": lambda cells, _, end: Record(_line(cells[:-1], end), (0,)),
    "line break outside of quotes": lambda cells, _, end: _torn(_line(cells[:3], end), _line(cells[3:], end)),
    "empty line": lambda cells, _, end: Record(end + _line(cells, end), (0,)),
    "id of another row": lambda _, other, end: Record(_line(other, end), (0,)),
    "line breaks in a cell": _with("\n\r\nInc."),
    "quotes in a cell": _with(' "Inc."'),
    "spaces around a name": _with(" \t"),
}
"""Each turns a row, given another one and how lines end, into something else. The last ones are no damage."""


def damaged(slug: str, dice: Random) -> File:
    """A file of some rows of a few hundred, of which some are damaged."""
    first, end = dice.randrange(_KNOWN), dice.choice(["\n", "\r\n"])
    rows = [_row(slug, number % _KNOWN, dice) for number in range(first, first + _ROWS)]
    where = dice.sample(range(1, _ROWS), dice.randint(0, _MOST))
    names = {number: dice.choice(list(DAMAGES)) for number in where}
    records = [Record(_line(list(row(slug, {})), end))]
    for number, cells in enumerate(rows):
        intact = Record(_line(cells, end))
        records.append(DAMAGES[names[number]](cells, rows[0], end) if number in names else intact)
    content = "".join(record.text for record in records).encode("utf-8", "surrogateescape")
    return File(dice.choice([b"", b"\xef\xbb\xbf"]) + content, _told(records), sorted(names.values()))


def _row(slug: str, number: int, dice: Random) -> Cells:
    """A customer of its own for each number, now and then with a name of two lines."""
    ids = {"Customer ID": f"C-{number}", "Subscription ID": f"S-{number}", "Transaction ID": f"T-{number}"}
    number_cell = {"Used": str(dice.randrange(9))} if slug == USAGE else {"Cost": f"{dice.randrange(9)}.50"}
    plain = row(slug, {"Customer": dice.choice(["Acme", "Acme\r\nLtd"]), **number_cell})
    return list({name: ids.get(name, cell) for name, cell in plain.items()}.values())


def _told(records: list[Record]) -> list[int]:
    told, line = [], 1
    for record in records:
        told += [line + each for each in record.told]
        if record.ends:
            break
        line += record.text.count("\n")
    return told
