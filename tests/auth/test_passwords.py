"""Passwords: length, composition, common passwords, own words, hashes."""

from queue import Queue
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from app.auth.passwords import (
    MAX_WAITING,
    HashingBusy,
    generate_password,
    hash_password,
    hashing_turn,
    password_weakness,
    verify_password,
)
from tests.strategies import examples

OWN_WORDS = ("jaroslava.svobodova@klicnik.example", "Zebra Resale", "Klíčník s.r.o.")

# Passwords that people choose when 12 characters are asked for.
COMMON = [
    "passwordpassword", "PASSWORDPASSWORD", "unbelievable", "administrator", "iloveyou1234", "letmeinplease",
    "Password1234", "Admin123456!", "password123!@#", "mypassword12", "thisismypassword", "iamtheadmin1",
    "Welcome@2026", "Changeme123!", "Michael1985!", "princess1234", "drowssap2026", "HelloWorld12", "Test1234!Test",
    "Passwort2026!", "Heslo2026Heslo", "Willkommen1!", "monkeydragon12", "petr.svoboda1", "blue" * 32,
    "p4ssw0rdp4ssw0rd", "P@ssw0rd2026", "P@$$w0rd1234", "Adm1n1strat0r", "h3ll0w0rld123", "ｐａｓｓｗｏｒｄ２０２６",
    "pässwörd2026", "Password2026!", "Summer2026!!!", "Winter2025!?", "January2026!", "Prague1999!!", "Friday2026!!",
    "01.01.1990!!", "19900101abcd", "Sommer2026!!", "Podzim2026!!", "2026-11-22!!", "Tomasek2012!", "Barunka.2016",
    "MerryXmas2026!", "HappyBirthday2026!", "zaq12wsxcde3", "qwertyuiop[]", "1qaz2wsx3edc", "!QAZ2wsx3EDC",
    "asdfghjkl123", "Abcd1234!@#$", "azertyuiop12", "qwertzuiopas", "zaq1xsw2cde3", "!@#$%^&*()_+", "111111222222",
    "1q2w3e4r5t6y", "qazwsxedcrfv", "abcdefghijkl", "123456789012", "987654321098", "aaaaaaaaaaaa", "ABCDEFGHIJK!",
    "x7q!x7q!x7q!", "kvetenkveten", "aA1!aA1!aA1!", "Zq9Zq9Zq9Zq9Zq9",
    # with words of the person or of this site
    "Klicnik2026!", "klíčník12345", "Jaroslava1985!", "svobodova.1985", "ZebraResale1!", "Zebra2026Zebra",
    "jaroslava.svobodova", OWN_WORDS[0],
]  # fmt: skip


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "onlylowercaseletters…", "8315 0427 9961 2274", "ΑΦΓ δωζ ηχι κξμ",
        "密码密码 不好猜 的一句话很长", " leading and trailing ", "x7#Qz!p2Lm9$", "kX9mPw2RtY7q",
        "tram elbow quartz nickel", "zelená sklenka stojí v lese", "Donaudampfschiff im Nebel", "my dog ate 3 crayons",
        "unicorn-ledger-breeze", "OrangeTractorPillowNine", "sugar tractor window", "kitchen-garden-velvet",
        "four other unrelated words", "we walked to the old mill at dawn", "Vier Tassen Tee im Regen",
        "kolo stojí u zelených vrat", "a fox, a drum, a lantern",
    ],
)  # fmt: skip
def test_any_composition_is_accepted(password: str) -> None:
    assert password_weakness(password, OWN_WORDS) == ""


@pytest.mark.parametrize(("length", "fault"), [(11, "at least 12"), (12, ""), (128, ""), (129, "at most 128")])
def test_length_limits(length: int, fault: str) -> None:
    password = "Eulen9 im Gartenhaus, näht Rüdiger wozu auch immer " * 3
    assert fault in password_weakness(password[:length])
    assert bool(fault) == bool(password_weakness(password[:length]))


@pytest.mark.parametrize("password", COMMON)
def test_common_passwords_are_refused(password: str) -> None:
    refusal = password_weakness(password, OWN_WORDS)
    assert "guesser" in refusal
    assert password not in refusal


@pytest.mark.parametrize(
    ("password", "reasons"),
    [
        ("Prague1999!!", "a common word or password, a year or date and a repetition"),
        ("Klicnik2026!", "a word of yours or of this site and few other characters"),
        ("qwertyuiop[]", "neighbouring keys"),
        ("abcdefghijkl", "a sequence"),
        ("x7q!x7q!x7q!", "a repetition"),
    ],
)
def test_refusal_names_what_a_password_is_made_of(password: str, reasons: str) -> None:
    assert f" try: {reasons}; choose another" in password_weakness(password, OWN_WORDS)


@pytest.mark.parametrize("pattern", ["{}", "{}{}", "{}2026!", "{}123456", "!!{}1990", "{}{}!1"])
def test_listed_passwords_are_refused_with_affixes(pattern: str) -> None:
    """The 3,000 most common passwords of at least 12 characters are mostly shorter ones with affixes (ASVS 6.2.4)."""
    words = [word for word in FREQUENCY_LISTS["passwords"] if len(word) <= 12]
    passwords = [pattern.format(word, word).capitalize() for word in words[::23]]
    assert not [each for each in passwords if len(each) >= 12 and not password_weakness(each)]


def test_own_words_are_refused_only_to_their_owner() -> None:
    assert password_weakness(OWN_WORDS[0]) == ""
    assert password_weakness("klicnik brno podebrady") == ""


@examples(30)
@given(st.text(st.characters(codec="utf-8"), min_size=12, max_size=128), st.text(max_size=80))
def test_any_text_is_judged(password: str, own_words: str) -> None:
    assert password_weakness(password, [own_words]) == "" or "guesser" in password_weakness(password, [own_words])


def test_few_requests_wait_for_a_hash_and_others_are_refused() -> None:
    """Strangers can't take the place of people who are known."""
    results: Queue[str] = Queue()

    def take_turn(is_known: bool) -> None:
        try:
            with hashing_turn(is_known):
                results.put("known" if is_known else "stranger")
        except HashingBusy:
            results.put("busy")

    strangers, known = ([Thread(target=take_turn, args=(is_known,)) for _ in range(7)] for is_known in (False, True))
    with hashing_turn():
        for threads, waiting in ((strangers, MAX_WAITING), (known, 1)):
            for thread in threads:
                thread.start()
            assert [results.get() for _ in range(7 - waiting)] == ["busy"] * (7 - waiting)
    for thread in strangers + known:
        thread.join()
    assert sorted(results.get() for _ in range(MAX_WAITING + 1)) == ["known", *["stranger"] * MAX_WAITING]
    assert hash_password("a turn is free again")


def test_comparison_is_exact() -> None:
    password_hash = hash_password(" Correct horse battery")
    assert verify_password(" Correct horse battery", password_hash)
    for other in ("Correct horse battery", " correct horse battery", " Correct horse battery ", ""):
        assert not verify_password(other, password_hash)


@examples(3)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=110, max_size=128))
def test_long_passwords_are_not_truncated(password: str) -> None:
    password_hash = hash_password(password)
    assert not verify_password(password[:-1], password_hash)
    assert verify_password(password, password_hash)


def test_hash_parameters_and_salt() -> None:
    first, second = hash_password("correct horse battery"), hash_password("correct horse battery")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_no_password_matches_a_missing_hash() -> None:
    assert not verify_password("", None)
    assert not verify_password("anything", None)


def test_generated_passwords_are_strong_and_unique() -> None:
    passwords = {generate_password() for _ in range(20)}
    assert len(passwords) == 20
    assert not any(map(password_weakness, passwords))
