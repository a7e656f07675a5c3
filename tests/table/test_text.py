"""Search and sort ignore case and accents."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import fold


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ÅNGSTRÖM", "angstrom"), ("Łódź", "lodz"), ("ØRSTED", "orsted"), ("Straße", "STRASSE"),
        ("İstanbul", "istanbul"),
        ("ısı", "isi"), ("Æther", "aether"), ("ĐÀ NẴNG", "da nang"), ("ΑΘΉΝΑ", "αθηνα"), ("ЁЛКИ", "елки"),
        ("ﬁx", "FIX"),
        ("e\u0301", "é"), ("Ａ", "a"), ("a\u00a0b", "A b"), ("شَرِكَة", "شركة"),
    ],
)  # fmt: skip
def test_fold_ignores_case_and_accents(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), [("北", "bei"), ("Бета", "beta"), ("कि", "कु"), ("각", "가"), ("a b", "ab")])
def test_fold_keeps_different_letters_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text())
def test_fold_ignores_case(text: str) -> None:
    assert fold(text.upper()) == fold(text.upper().lower())
