"""How cells are read where a column's kind alone doesn't say it.

Parsers raise ValueError with words that follow the value: "is not a name".
"""

from collections.abc import Callable, Sequence
from typing import Any

from app.importing.faults import quoted
from app.table.kind import INTEGER, TEXT
from models import SEPARATOR

Parse = Callable[[str], Any]


def _given(what: str) -> Parse:
    def parse(cell: str) -> str:
        text: str = TEXT.parse(cell)
        if not text:
            raise ValueError(f"is not {what}")
        return text

    return parse


NAME = _given("a name")
IDENTIFIER = _given("an ID")


def reseller(cell: str) -> str:
    """A name, or nothing for a customer without a reseller."""
    name: str = TEXT.parse(cell)
    if name == "-":
        raise ValueError("is not a reseller's name; a customer without one has an empty cell")
    return name


def count(cell: str) -> int:
    """A whole number that can't be below 0."""
    number: int = INTEGER.parse(cell)
    if number < 0:
        raise ValueError("is not a whole number of 0 or more")
    return number


def count_if_given(cell: str) -> Any:
    """A whole number, or nothing."""
    return cell and INTEGER.parse(cell)


def one_of(values: Sequence[str]) -> Parse:
    """Exactly one of `values`."""

    def parse(cell: str) -> str:
        if cell not in values:
            raise ValueError(f"is not one of {', '.join(values)}")
        return cell

    return parse


def product(cell: str) -> str:
    """The name of one product, or nothing."""
    name: str = TEXT.parse(cell)
    if SEPARATOR in name:
        raise ValueError(f"is not one product's name, which can't contain {quoted(SEPARATOR)}")
    return name


def products(cell: str) -> tuple[str, ...]:
    """The names of any number of products, in their order."""
    text: str = TEXT.parse(cell)
    names = tuple(text.split(SEPARATOR)) if text else ()
    if any(not name or name.isspace() for name in names):
        raise ValueError(f"is not products with {quoted(SEPARATOR)} between any two: one of them has no name")
    return names


def complaint(label: str, cell: str, error: ValueError) -> str:
    """What to say of a cell that a parser refused."""
    words = str(error)
    return (
        f"{label}: {quoted(cell)} {words}" if cell else f"{label}: is empty; it must be {words.removeprefix('is not ')}"
    )
