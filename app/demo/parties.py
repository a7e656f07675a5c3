"""The demo's resellers, customers, and the people who act for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

from app.demo.dice import Dice
from app.demo.languages import LANGUAGES, Language, Name

_LANGUAGES = [language for language in LANGUAGES for _ in range(language.share)]
_RESELLERS_PER_CUSTOMER = 0.08
_WITHOUT_RESELLER, _NEARBY, _ALIKE = 0.3, 0.8, 0.015


class User(NamedTuple):
    name: str
    email: str


SYSTEM = User("System", "system@partner.example")


class Reseller(NamedTuple):
    name: str
    language: Language
    staff: tuple[User, ...]


@dataclass(frozen=True)
class Customer:
    """`users` are all who change its subscriptions: its own people and its reseller's."""

    name: str
    id: str
    reseller: str
    users: tuple[User, ...]


def customers(dice: Dice, count: int) -> Iterator[Customer]:
    resellers = _resellers(dice, count)
    for number, (name, language) in enumerate(_companies(dice, count), 10_001):
        reseller = _reseller(dice, resellers, language)
        users = _users(dice, language, name, 2) + (reseller.staff if reseller else ())
        yield Customer(name.text, f"C-{number}", reseller.name if reseller else "", users)


def _resellers(dice: Dice, customers: int) -> list[Reseller]:
    known = [(name, language) for language in LANGUAGES for name in language.resellers]
    chosen = dice.sample(known, min(len(known), ceil(customers * _RESELLERS_PER_CUSTOMER)))
    return [Reseller(name.text, language, _users(dice, language, name, 3)) for name, language in chosen]


def _reseller(dice: Dice, resellers: list[Reseller], language: Language) -> Reseller | None:
    """Mostly one of the customer's language; among all of them, a few have most of the customers."""
    if dice.chance(_WITHOUT_RESELLER):
        return None
    nearby = [reseller for reseller in resellers if reseller.language is language]
    if nearby and dice.chance(_NEARBY):
        return dice.pick(nearby)
    return resellers[int(len(resellers) * dice.roll() ** 2)]


def _users(dice: Dice, language: Language, company: Name, count: int) -> tuple[User, ...]:
    people = [language.person(dice) for _ in range(count)]
    return tuple(User(person.text, f"{person.ascii}@{company.ascii}.example") for person in people)


def _companies(dice: Dice, count: int) -> Iterator[tuple[Name, Language]]:
    """Names of companies: each another one, as far as they last, but for a few that are nearly the one before."""
    taken: set[str] = set()
    name = None
    for _ in range(count):
        if name and dice.chance(_ALIKE):
            name = _alike(dice, name)
        else:
            language = dice.pick(_LANGUAGES)
            name = language.company(dice)
            if name.text in taken:
                name = language.company(dice)
            taken.add(name.text)
        yield name, language


def _alike(dice: Dice, company: Name) -> Name:
    """The name that a sister company, or a hasty typist, would give."""
    text = company.text
    return Name(dice.pick((text, text.upper(), text.replace(".", ""), text.replace("-", " "))), company.ascii)
