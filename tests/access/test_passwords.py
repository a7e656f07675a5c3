"""Passwords: any composition of 12 to 128 characters that isn't among the first guesses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.passwords import generated, hashed, matches, weakness


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "onlylowercaseletters…", "8315 0427 9961 2274", "ΑΒΓ δεζ ηθι κλμ",
        "密码密码 不好猜 的一句话很长", " leading and trailing ", "x7#Qz!p2Lm9$", "mother tongue" + " la" * 38,
    ],
)  # fmt: skip
def test_any_composition_will_do(password: str) -> None:
    assert weakness(password) == ""


@pytest.mark.parametrize(("length", "fault"), [(11, "at least 12"), (12, ""), (128, ""), (129, "at most 128")])
def test_twelve_to_128_characters_will_do(length: int, fault: str) -> None:
    password = "Rüdiger näht 9 Eulen im Gartenhaus, wozu auch immer " * 3
    assert fault in weakness(password[:length])
    assert bool(fault) == bool(weakness(password[:length]))


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword", "123456789012", "qwertyuiop123", "1q2w3e4r5t6y", "unbelievable", "Password1234",
        "aaaaaaaaaaaa", "abcdefghijkl", "administrator", "iloveyou1234", "qazwsxedcrfv", "letmeinplease",
        "PASSWORDPASSWORD", "p4ssw0rdp4ssw0rd",
    ],
)  # fmt: skip
def test_what_guessers_try_first_will_not_do(password: str) -> None:
    assert "guesser" in weakness(password)


def test_the_email_is_no_password() -> None:
    assert weakness("ann.sanderson@partner.example") == ""
    assert "guesser" in weakness("ann.sanderson@partner.example", "ann.sanderson@partner.example")
    assert "guesser" in weakness("ann.sanderson", "ann.sanderson@partner.example")


def test_a_password_is_compared_exactly_as_it_was_typed() -> None:
    kept = hashed(" Correct horse battery")
    assert matches(" Correct horse battery", kept)
    for other in ("Correct horse battery", " correct horse battery", " Correct horse battery ", ""):
        assert not matches(other, kept)


@settings(max_examples=10, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=110, max_size=128))
def test_nothing_of_a_long_password_is_cut_off(password: str) -> None:
    kept = hashed(password)
    assert not matches(password[:-1], kept)
    assert matches(password, kept)


def test_hashes_are_argon2id_with_the_named_parameters_and_a_salt_each() -> None:
    first, second = hashed("correct horse battery"), hashed("correct horse battery")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_nobody_has_the_password_of_nobody() -> None:
    assert not matches("", None)
    assert not matches("anything", None)


def test_made_passwords_are_strong_and_never_the_same() -> None:
    made = {generated() for _ in range(200)}
    assert len(made) == 200
    assert not any(map(weakness, made))
