"""Passwords: length, composition, common passwords, hashes."""

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
def test_any_composition_is_accepted(password: str) -> None:
    assert password_weakness(password) == ""


@pytest.mark.parametrize(("length", "fault"), [(11, "at least 12"), (12, ""), (128, ""), (129, "at most 128")])
def test_length_limits(length: int, fault: str) -> None:
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
def test_common_passwords_are_refused(password: str) -> None:
    assert "guesser" in password_weakness(password)


def test_own_email_is_refused() -> None:
    assert password_weakness("ann.sanderson@partner.example") == ""
    assert "guesser" in password_weakness("ann.sanderson@partner.example", "ann.sanderson@partner.example")
    assert "guesser" in password_weakness("ann.sanderson", "ann.sanderson@partner.example")


def test_comparison_is_exact() -> None:
    password_hash = hash_password(" Correct horse battery")
    assert verify_password(" Correct horse battery", password_hash)
    for other in ("Correct horse battery", " correct horse battery", " Correct horse battery ", ""):
        assert not verify_password(other, password_hash)


@settings(max_examples=3, deadline=None)
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
