"""Names as companies and people bear them in many languages and scripts, read from `names/`."""

import re
from collections.abc import Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from anyascii import anyascii

from app.demo.dice import Dice

_NAMES = Path(__file__).parent / "names"
_PART = re.compile(r"{(\w+)}")
_UNADDRESSABLE = re.compile("[^a-z0-9]+")


class Name(NamedTuple):
    """How a name is written, and how it is written in an address, where only ASCII will do."""

    text: str
    ascii: str


@dataclass(frozen=True)
class Language:
    """`share` is its weight among the partner's customers; `full_name` and `forms` are patterns of names."""

    share: int
    full_name: str
    given: Sequence[Name]
    families: Sequence[Name]
    trades: Sequence[Name]
    places: Sequence[Name]
    forms: Sequence[str]
    resellers: Sequence[Name]

    def company(self, dice: Dice) -> Name:
        form = dice.pick(self.forms)
        words = {part: dice.pick(self._words[part]) for part in _PART.findall(form)}
        text = form.format_map({part: word.text for part, word in words.items()})
        return Name(text, "-".join(word.ascii for word in words.values()))

    def person(self, dice: Dice) -> Name:
        given, family = dice.pick(self.given), dice.pick(self.families)
        return Name(self.full_name.format(given=given.text, family=family.text), f"{given.ascii}.{family.ascii}")

    @cached_property
    def _words(self) -> dict[str, Sequence[Name]]:
        return {"family": self.families, "trade": self.trades, "place": self.places}


def _name(word: str) -> Name:
    text, _, latin = word.partition("=")
    return Name(text, _UNADDRESSABLE.sub("-", anyascii(latin or text).lower()).strip("-"))


def _language(section: dict[str, str]) -> Language:
    words = {key: value.split(" | ") for key, value in section.items()}
    names = {key: [_name(word) for word in values] for key, values in words.items()}
    return Language(
        share=int(section["share"]),
        full_name=section["full_name"],
        forms=words["forms"],
        **{key: names[key] for key in ("given", "families", "trades", "places", "resellers")},
    )


def _languages() -> list[Language]:
    parser = ConfigParser(interpolation=None)
    parser.read(sorted(_NAMES.glob("*.ini")), encoding="utf-8")
    return [_language(dict(parser[section])) for section in parser.sections()]


LANGUAGES = _languages()
