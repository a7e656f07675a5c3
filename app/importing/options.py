"""What a person or a program says about how to read a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.importing.cells import Formats


@dataclass(frozen=True)
class Options:
    """How to read a file and what to do with it. Every field has a default; "" means: recognise it.

    report, encoding, delimiter: the slug of a report, a key of ENCODINGS, one of DELIMITERS.
    mapping:     a column's key by the `heading_key` of a heading, "" for one to leave out.
    pass_unknown: leave out headings that mean nothing to us, instead of refusing the file.
    date_order, decimal: keys of DATE_ORDERS and DECIMALS.
    complete:    the file names everything there is: what it doesn't name ends.
    names:       what a name is that differs from a known one by case, accents, width or blanks only: "same", "new", or
                 "" to ask, unless the file has both names.
    confirmed:   how many rows a program says that its complete file ends or removes. If these are many and it says
                 another number, that is a question. None doesn't ask, because a page does, or nobody.
    name_choices: the answers for single names: (kind, name) → the name to use, the known or the new one.
    """

    report: str = ""
    encoding: str = ""
    delimiter: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    pass_unknown: bool = False
    date_order: str = ""
    decimal: str = ""
    complete: bool = False
    names: str = ""
    confirmed: int | None = None
    name_choices: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def formats(self) -> Formats:
        return Formats(self.date_order, self.decimal)
