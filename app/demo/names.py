"""Customers, resellers and people with names in many languages and scripts, which are read from `names/*.ini`."""

import re
from collections.abc import Iterator
from configparser import ConfigParser, SectionProxy
from math import ceil
from pathlib import Path
from random import Random
from typing import NamedTuple

from anyascii import anyascii

_RESELLERS_PER_CUSTOMER = 0.08
_WITHOUT_RESELLER, _SAME_LANGUAGE, _NEAR_DUPLICATE = 0.3, 0.8, 0.02  # probabilities


class Name(NamedTuple):
    text: str
    ascii: str  # the spelling in e-mail addresses


class User(NamedTuple):
    name: str
    email: str


class Customer(NamedTuple):
    name: str
    id: str
    reseller: str
    users: list[User]  # all who change its subscriptions: its own people and those of its reseller


class Language:
    """One section of a file. `share` is its weight among the customers."""

    def __init__(self, section: SectionProxy) -> None:
        self.share = int(section["share"])
        self.resellers = _parse_names(section["resellers"])
        self._full_name = section["full_name"]
        self._forms = section["forms"].split(" | ")
        keys = {"given": "given", "family": "families", "trade": "trades", "place": "places"}
        self._words = {part: _parse_names(section[key]) for part, key in keys.items()}

    def company(self, rng: Random) -> Name:
        return self._compose(rng, rng.choice(self._forms), "-")

    def users(self, rng: Random, company: Name, count: int) -> list[User]:
        people = [self._compose(rng, self._full_name, ".") for _ in range(count)]
        return [User(person.text, f"{person.ascii}@{company.ascii}.example") for person in people]

    def _compose(self, rng: Random, form: str, separator: str) -> Name:
        """Fill in a form such as "{family} {trade} Ltd"."""
        words = {part: rng.choice(self._words[part]) for part in re.findall(r"{(\w+)}", form)}
        text = form.format_map({part: word.text for part, word in words.items()})
        return Name(text, separator.join([word.ascii for word in words.values()]))


def _parse_names(words: str) -> list[Name]:
    """Read "Müller | 蓝天=lan-tian", where "=" gives a spelling that differs from the transliteration."""
    pairs = [word.partition("=") for word in words.split(" | ")]
    return [
        Name(text, re.sub("[^a-z0-9]+", "-", anyascii(latin or text).lower()).strip("-")) for text, _, latin in pairs
    ]


_files = ConfigParser(interpolation=None)
_files.read(sorted(Path(__file__).with_name("names").glob("*.ini")), encoding="utf-8")
LANGUAGES = [Language(_files[section]) for section in _files.sections()]


def generate_customers(rng: Random, count: int) -> Iterator[Customer]:
    """Yield `count` customers. A few resellers have most of them, and mostly those of their own language."""
    known = [(name, language) for language in LANGUAGES for name in language.resellers]
    chosen = rng.sample(known, min(len(known), ceil(count * _RESELLERS_PER_CUSTOMER)))
    resellers = [(name.text, language, language.users(rng, name, 3)) for name, language in chosen]
    for number, (name, language) in enumerate(_companies(rng, count), 10_001):
        users, reseller = language.users(rng, name, 2), ""
        if rng.random() >= _WITHOUT_RESELLER:
            nearby = [reseller for reseller in resellers if reseller[1] is language]
            candidates = nearby if nearby and rng.random() < _SAME_LANGUAGE else resellers
            reseller, _, staff = candidates[int(len(candidates) * rng.random() ** 2)]
            users += staff
        yield Customer(name.text, f"C-{number}", reseller, users)


def _companies(rng: Random, count: int) -> Iterator[tuple[Name, Language]]:
    """Yield mostly different names, and some that differ from the one before only by case or punctuation."""
    language = name = None
    for drawn in rng.choices(LANGUAGES, [language.share for language in LANGUAGES], k=count):
        if language and name and rng.random() < _NEAR_DUPLICATE:
            variants = (name.text.upper(), name.text.replace(".", ""), name.text.replace("-", " "))
            name = name._replace(text=rng.choice(variants))
        else:
            language, name = drawn, drawn.company(rng)
        yield name, language
