"""The errors of forms and commands, and the rule of names that people give to views and tokens."""

from unicodedata import category

MAX_NAME_LENGTH = 80  # characters


class ValidationError(ValueError):
    """Values that can't be stored. `errors` has for each field (email, role, name…) a sentence, with its period."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors


def valid_name(name: str) -> str:
    """Return a name without spaces around it. Raises ValidationError for an invalid one."""
    name = name.strip()
    if error := _name_error(name):
        raise ValidationError({"name": error})
    return name


def _name_error(name: str) -> str:
    """Say what is wrong with a name, "" if nothing is."""
    categories = {category(character) for character in name}
    if categories & {"Cc", "Zl", "Zp", "Cs"}:
        return "A name is one line without control characters."
    if {name[0] for name in categories} <= {"C", "Z"}:  # only spaces and invisible characters
        return "Enter a name."
    if len(name) > MAX_NAME_LENGTH:
        return f"A name has at most {MAX_NAME_LENGTH} characters; this one has {len(name)}."
    return ""
