"""Search and sort ignore case and accents. What is pasted is cleaned of blanks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import clean_text, fold


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


@pytest.mark.parametrize(
    ("pasted", "text"),
    [
        (" S-1\t", "S-1"), ("\r\nS-1\r\n", "S-1"), ("a  b", "a b"), ("a \t\n\u3000b", "a b"),
        ("\xa0a\xa0\xa0b\u2003", "a b"), ("a\x85b\x1fc", "a b c"), ("\u200b \xa0\u200d", ""), ("", ""),
        ("\ufeffS-1\u200b", "S-1"), ("S\u200b-\u20601", "S-1"), ("\u200eS-1\u202c", "S-1"), ("S\xad-1", "S-1"),
        ("a\x07b", "ab"), ("E\u0301", "É"), ("S-1\u200d", "S-1"),
    ],
)  # fmt: skip
def test_pasted_text_is_cleaned(pasted: str, text: str) -> None:
    assert clean_text(pasted) == text


@pytest.mark.parametrize("text", ["می\u200cخواهم", "क्\u200dष", "👩\u200d💻", "a\ufe0fb", "C-1‑2", "ａ", "'=x"])
def test_what_spells_a_word_stays(text: str) -> None:
    assert clean_text(text) == text


@given(st.text(st.characters() | st.sampled_from("\t\n\xa0\xad\u0301\u200b\u200c\u200d\u2028\u3000\ufeff")))
def test_clean_text_is_idempotent(text: str) -> None:
    cleaned = clean_text(text)
    assert clean_text(cleaned) == cleaned
    assert cleaned.split(" ") == cleaned.split() or not cleaned
