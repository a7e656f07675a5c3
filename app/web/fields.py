"""The fields of forms: how many characters each may have, and what a number is."""

from collections.abc import Mapping

from flask import request

from app.auth.passwords import MAX_LENGTH
from app.auth.users import MAX_EMAIL_LENGTH
from app.validation import MAX_NAME_LENGTH
from app.web.urls import MAX_URL_LENGTH

_MAX_CHOICE_LENGTH = 40  # of a value of a radio button
FIELD_LENGTHS: Mapping[str, int] = {
    "email": MAX_EMAIL_LENGTH,
    "current": MAX_LENGTH,
    "password": MAX_LENGTH,
    "next": MAX_URL_LENGTH,
    "code": 20,
    "recovery_code": 80,
    "seed": 32,
    "name": MAX_NAME_LENGTH,
    "last_day": 10,
    "import": 1,
    "role": _MAX_CHOICE_LENGTH,
    "audience": _MAX_CHOICE_LENGTH,
    "costs": _MAX_CHOICE_LENGTH,
    "reseller": 500,
}


def is_number(text: str, digits: int) -> bool:
    """Return whether a text is a whole number of at most so many digits."""
    return text.isascii() and text.isdigit() and len(text) <= digits


def read_fields(*names: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the values of the form that was sent, and an error for each that is too long.

    A value that is missing or too long is "", so that no response repeats it, let alone several times (ASVS 15.1.3).
    """
    values = {name: request.form.get(name, "") for name in names}
    errors = {
        name: f"This has {len(value)} characters; there can be at most {FIELD_LENGTHS[name]}."
        for name, value in values.items()
        if len(value) > FIELD_LENGTHS[name]
    }
    return {name: "" if name in errors else value for name, value in values.items()}, errors
