"""What is printed, in Markdown: headings with a few words, and tables of what was measured."""

from collections.abc import Sequence
from textwrap import fill

_WIDTH = 120


def say(heading: str, *paragraphs: str) -> None:
    if heading:
        print(f"### {heading}\n")
    for paragraph in paragraphs:
        print(f"{fill(paragraph, _WIDTH, break_on_hyphens=False)}\n")


def held(value: float, bound: float, digits: int = 1, at_least: bool = False) -> str:
    """A number, marked when it misses its bound."""
    missed = value < bound if at_least else value > bound
    return f"{value:,.{digits}f}{' !' if missed else ''}"


def show(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> None:
    """Print a table in Markdown, the first columns, which are texts, to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    rule = ["-" * width if index < texts else "-" * (width - 1) + ":" for index, width in enumerate(widths)]
    for row in (headings, rule, *rows):
        cells = [
            cell.ljust(width) if index < texts else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("|", " | ".join(cells), "|")
    print(flush=True)
