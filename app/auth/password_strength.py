"""Estimate how soon a password is guessed, in bits, and name the parts that make it easy.

A password is the cheapest chain of parts: common words, names and passwords, words that belong to the person or the
installation, years, sequences, neighbouring keys, repetitions, and single characters. The model is zxcvbn's (Wheeler,
USENIX Security 2016), and so are the lists of words by frequency. zxcvbn's own search tries every combination of
look-alike characters, which takes seconds for a long password; here each look-alike is replaced by one letter before
words are looked up, so that the work is bounded by the square of the length.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from itertools import pairwise
from math import log2
from typing import NamedTuple

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from models import fold

MIN_BITS = 32  # a password with fewer is refused: four thousand million guesses
_MAX_LENGTH = 128  # characters that are read; folding may lengthen a text
_MAX_WORD_LENGTH = 24  # characters of the longest listed word that is found
_MIN_PART_LENGTH = 3  # characters of the shortest word, sequence, walk or repetition

# What a part is, as a refusal says it.
WORD, OWN, YEAR = "a common word or password", "a word of yours or of this site", "a year or date"
SEQUENCE, WALK, REPETITION = "a sequence", "neighbouring keys", "a repetition"
OTHER = "few other characters"

# Look-alikes of Latin letters: signs and digits, letters of other scripts. `i`, `l` and `1` are one letter.
_LOOK_ALIKES = str.maketrans(
    "4@8({[<369!|1l0$57+2" + "аеорсхукмтвніѕ" + "αορνικτυεη",
    "aabcccceggiiiiossttz" + "aeopcxykmtbhis" + "aopviktuen",
)

# Words that are common in passwords but not in zxcvbn's English lists, and the words of this product.
_MORE_WORDS = """
passwort kennwort heslo haslo parola senha contrasena clave salasana wachtwoord lozinka geheim tajneheslo motdepasse
willkommen bienvenue bienvenido benvenuto vitejte witamy welkom welcome hallo ahoj bonjour administrator administrace
spring summer autumn winter fruehling fruhling sommer herbst jaro leto podzim zima printemps automne hiver primavera
verano otono invierno estate autunno inverno lente zomer herfst wiosna jesien
january february march april june july august september october november december januar februar marz maerz juni juli
oktober dezember leden unor brezen duben kveten cerven cervenec srpen zari rijen listopad prosinec janvier fevrier mars
avril juin juillet aout septembre octobre novembre decembre
monday tuesday wednesday thursday friday saturday sunday montag dienstag mittwoch donnerstag freitag samstag sonntag
pondeli utery streda ctvrtek patek sobota nedele
christmas xmas easter vanoce velikonoce weihnachten ostern noel navidad natale birthday narozeniny
praha praze prague brno ostrava plzen bratislava kosice wien vienna berlin munchen warszawa krakow budapest
slavia sparta banik secret security login signin account changeme letmein qwerty qwertz azerty
certificate certificates ssl tls partner partners portal report reports reporting reseller resellers customer customers
subscription subscriptions transaction transactions usage inventory digital export
"""

# First names and pet names of Central Europe; zxcvbn's are those of the United States.
_MORE_NAMES = """
jiri jan petr jana marie eva josef pavel martin tomas jaroslav hana anna miroslav zdenek frantisek vaclav michal milan
karel jakub lukas vera lenka ladislav katerina alena lucie petra david jaroslava ludmila helena ondrej jitka martina
marek stanislav zdenka veronika jarmila roman radek ivana jirina antonin monika tereza michaela zuzana daniel vlasta
vojtech filip marketa matej marcela dagmar dana ludek barbora bozena kristyna ivo dominik jindrich pavla eliska libor
rostislav adela oldrich radka anezka simona vladimir jaromir nikola natalie rudolf hynek matyas krystof stepan
sebastian honza honzik honzicek jenda jenik jenicek pepa pepik pepicek jirka jirik jiricek petrik peta petka petula
pavlik pavlicek tom tomasek tomik kuba kubik kubicek ondra ondrasek misa misak misicka verca verunka terka terezka
katka kaca kacenka lucka lucinka lenicka janicka janca hanka hanicka anicka andulka evicka evca maruska marenka
martinka martinek zuzka zuzanka barca baruska elinka klarka natalka nikolka adelka ema emicka vojta vojtik matejka
matejek filipek davidek danecek domca domik lukasek lukin mara marecek radecek karlik vasek vasik franta frantik milda
mirek mirecek jarda jarek zdenda standa lada ladik olda vlada vladik ruda kaja broucek zlaticko milacek lasicka
kocicka pejsek medvidek beruska krzysztof andrzej piotr tomasz pawel marcin grzegorz lukasz zbigniew jerzy mateusz
wojciech kasia basia ania gosia agnieszka malgorzata katarzyna magdalena ewa jozef juraj jozko janko marian lubomir
branislav jurgen wolfgang hans klaus uwe heike sabine ursula gunther jorg stefan matthias sven lars bjorn ines giulia
giuseppe giovanni francesco alessandro pierre jean francois laurent nicolas celine camille jose javier carlos miguel
lucia ivan sergej olga tatiana natasha dmitri igor oleg andrej svetlana oksana
"""

# Short words that join others in a phrase.
_SHORT_WORDS = re.compile(
    r"(?<![^\W_])(?:in|of|to|my|is|at|on|we|me|no|it|do|be|go|up|am|as|an|by|or|so|he|us|i|a|je|na|ve|za|se|si|im|zu|de|la|le|en)"
    r"(?![^\W_])"
)
_SHORT_WORD_BITS = 4
_LAST_CHARACTERS = "1!.?"  # with which every other password ends that must have a digit or a sign

_COMMON_SIGNS = " !.-_@#"  # most passwords with a sign have one of these

_YEAR = r"(?:1[89]\d\d|20[0-4]\d)"
_DATES = re.compile(rf"{_YEAR}(?:([-./ ]?)\d\d\1\d\d)?|\d\d?([-./ ]?)\d\d?\2{_YEAR}")
_YEAR_BITS, _DATE_BITS = 5, 14

# Rows of keys from the left; a key's neighbours are beside it, above it and below it on a slanted keyboard.
_LAYOUTS = [
    ("1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"),
    ("1234567890", "qwertzuiop", "asdfghjkl", "yxcvbnm,.-"),
    ("1234567890", "azertyuiop", "qsdfghjklm", "wxcvbn,;:"),
    ("!@#$%^&*()",),  # the first row with Shift: the same places
]
_NEIGHBOURS = {(0, 1), (0, -1), (-1, 0), (-1, 1), (1, 0), (1, -1), (0, 0)}


class Part(NamedTuple):
    """A part of a password from `start` to `end`, what it is, and the bits that guessing it takes."""

    start: int
    end: int
    bits: float
    kind: str


class Estimate(NamedTuple):
    bits: float
    kinds: list[str]  # what the password is made of, each kind once, in order


def estimate(password: str, own_words: Iterable[str] = ()) -> Estimate:
    """Estimate a password. `own_words` are texts such as an email or a company's name, whose words are tried first."""
    text = fold(password)[:_MAX_LENGTH]
    best: list[tuple[float, Part | None]] = [(0, None)] + [(float("inf"), None)] * len(text)
    for part in parts(text, _split_words(own_words)):
        bits = best[part.start][0] + part.bits
        if bits < best[part.end][0]:
            best[part.end] = bits, part
    kinds: list[str] = []
    last = best[-1][1]
    while last:
        kinds.append(last.kind)
        last = best[last.start][1]
    has_capitals = password != password.lower()
    return Estimate(best[-1][0] + has_capitals, list(dict.fromkeys(reversed(kinds))))


def parts(text: str, own_words: Collection[str]) -> Iterator[Part]:
    """Give all parts of a folded text, ordered by where they start. There are at most 700 for each character."""
    letters, ranks = text.translate(_LOOK_ALIKES), _ranks()
    steps = [ord(after) - ord(before) for before, after in pairwise(text)]
    walks = [[_direction(places, *pair) for pair in pairwise(text)] for places in _places()]
    for start in range(len(text)):
        yield _character(text, start)
        if short := _SHORT_WORDS.match(text, start):
            yield Part(start, short.end(), _SHORT_WORD_BITS, WORD)
        for end in range(start + _MIN_PART_LENGTH, min(start + _MAX_WORD_LENGTH, len(text)) + 1):
            word = letters[start:end]
            disguise = word != text[start:end]
            if word in own_words:
                yield Part(start, end, 1 + disguise, OWN)
            elif rank := ranks.get(word):
                yield Part(start, end, 1 + log2(rank) + disguise, WORD)
            elif rank := ranks.get(word[::-1]):
                yield Part(start, end, 2 + log2(rank) + disguise, WORD)
        if date := _DATES.match(text, start):
            yield Part(start, date.end(), _YEAR_BITS if date.end() == start + 4 else _DATE_BITS, YEAR)
        yield from _sequences(steps, start)
        for directions in walks:
            yield from _walks(directions, start)
        yield from _repetitions(letters, start)


def _character(text: str, start: int) -> Part:
    char = text[start]
    if start and char == text[start - 1]:
        return Part(start, start + 1, 1, REPETITION)
    is_last, is_repeated_sign = start + 1 == len(text), not char.isalnum() and char in text[:start]
    if char == " " or is_repeated_sign or (is_last and char in _LAST_CHARACTERS):
        return Part(start, start + 1, 1, OTHER)
    if not char.isascii():
        bits = 6.0
    elif char.isalnum() or char in _COMMON_SIGNS:
        bits = 3.3
    else:
        bits = 4.5
    return Part(start, start + 1, bits, OTHER)


def _sequences(steps: list[int], start: int) -> Iterator[Part]:
    """Give sequences such as abc, 321 and aaa."""
    end = start
    while end < len(steps) and abs(steps[end]) <= 1 and steps[end] == steps[start]:
        end += 1
        if end - start + 1 >= _MIN_PART_LENGTH:
            yield Part(start, end + 1, 5, SEQUENCE)


def _walks(directions: list[tuple[int, int] | None], start: int) -> Iterator[Part]:
    """Give walks from key to key; each turn costs."""
    bits, end = 5.0, start
    while end < len(directions) and directions[end]:
        bits += 1.5 * (end > start and directions[end] != directions[end - 1])
        end += 1
        if end - start + 1 >= _MIN_PART_LENGTH:
            yield Part(start, end + 1, bits, WALK)


def _repetitions(letters: str, start: int) -> Iterator[Part]:
    """Give what also begins further left."""
    for end in range(start + _MIN_PART_LENGTH, len(letters) + 1):
        if letters.find(letters[start:end], 0, end - 1) < 0:
            return
        yield Part(start, end, 4, REPETITION)


def _split_words(texts: Iterable[str]) -> set[str]:
    """Return each text without what isn't a letter or digit, and its words, as they are looked up."""
    words = [word for text in texts for word in (re.sub(r"\W|_", "", fold(text)), *re.split(r"\W|_", fold(text)))]
    return {word.translate(_LOOK_ALIKES)[:_MAX_WORD_LENGTH] for word in words if len(word) >= _MIN_PART_LENGTH}


@cache
def _ranks() -> dict[str, int]:
    """Return the rank of each listed word by frequency, with one letter for all look-alikes."""
    ranks: dict[str, int] = {}
    for words in (*FREQUENCY_LISTS.values(), ["", "", "", *_MORE_WORDS.split()], _MORE_NAMES.split()):
        for rank, word in enumerate(words, 1):
            if _MIN_PART_LENGTH <= len(word) <= _MAX_WORD_LENGTH:
                key = word.translate(_LOOK_ALIKES)
                ranks[key] = min(rank, ranks.get(key, rank))
    return ranks


@cache
def _places() -> list[dict[str, tuple[int, int]]]:
    """Return row and column of each key, for each layout."""
    *layouts, shifted = [
        {char: (row, column) for row, chars in enumerate(rows) for column, char in enumerate(chars)}
        for rows in _LAYOUTS
    ]
    return [shifted | places for places in layouts]


def _direction(places: dict[str, tuple[int, int]], before: str, after: str) -> tuple[int, int] | None:
    """Return the step between two keys, None if they aren't neighbours."""
    if before not in places or after not in places:
        return None
    step = (places[after][0] - places[before][0], places[after][1] - places[before][1])
    return step if step in _NEIGHBOURS else None
