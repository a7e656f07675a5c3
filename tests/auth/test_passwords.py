"""Passwords: any composition of 12 to 128 characters that isn't among the first guesses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.auth.passwords import generate_password, hash_password, password_weakness, verify_password


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery", "onlylowercaseletters…", "8315 0427 9961 2274", "ΑΒΓ δεζ ηθι κλμ",
        "密码密码 不好猜 的一句话很长", " leading and trailing ", "x7#Qz!p2Lm9$", "mother tongue" + " la" * 38,
    ],
)  # fmt: skip
def test_any_composition_will_do(password: str) -> None:
    assert password_weakness(password) == ""


@pytest.mark.parametrize(("length", "fault"), [(11, "at least 12"), (12, ""), (128, ""), (129, "at most 128")])
def test_twelve_to_128_characters_will_do(length: int, fault: str) -> None:
    password = "Rüdiger näht 9 Eulen im Gartenhaus, wozu auch immer " * 3
    assert fault in password_weakness(password[:length])
    assert bool(fault) == bool(password_weakness(password[:length]))


@pytest.mark.parametrize(
    "password",
    [
        "passwordpassword", "123456789012", "qwertyuiop123", "1q2w3e4r5t6y", "unbelievable", "Password1234",
        "aaaaaaaaaaaa", "abcdefghijkl", "administrator", "iloveyou1234", "qazwsxedcrfv", "letmeinplease",
        "PASSWORDPASSWORD", "p4ssw0rdp4ssw0rd",
    ],
)  # fmt: skip
def test_what_guessers_try_first_will_not_do(password: str) -> None:
    assert "guesser" in password_weakness(password)


def test_the_email_is_no_password() -> None:
    assert password_weakness("ann.sanderson@partner.example") == ""
    assert "guesser" in password_weakness("ann.sanderson@partner.example", "ann.sanderson@partner.example")
    assert "guesser" in password_weakness("ann.sanderson", "ann.sanderson@partner.example")


def test_a_password_is_compared_exactly_as_it_was_typed() -> None:
    kept = hash_password(" Correct horse battery")
    assert verify_password(" Correct horse battery", kept)
    for other in ("Correct horse battery", " correct horse battery", " Correct horse battery ", ""):
        assert not verify_password(other, kept)


@settings(max_examples=10, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=110, max_size=128))
def test_nothing_of_a_long_password_is_cut_off(password: str) -> None:
    kept = hash_password(password)
    assert not verify_password(password[:-1], kept)
    assert verify_password(password, kept)


def test_hashes_are_argon2id_with_the_named_parameters_and_a_salt_each() -> None:
    first, second = hash_password("correct horse battery"), hash_password("correct horse battery")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second


def test_nobody_has_the_password_of_nobody() -> None:
    assert not verify_password("", None)
    assert not verify_password("anything", None)


def test_made_passwords_are_strong_and_never_the_same() -> None:
    made = {generate_password() for _ in range(200)}
    assert len(made) == 200
    assert not any(map(password_weakness, made))
