"""Answers that stay true until the next import: counts, sums, menus, and what stands around a view's rows."""

from collections.abc import Callable
from typing import Any

from models import Load

_LIMIT = 1000
_UNKNOWN = object()
_answers: dict[Any, Any] = {}


def remembered(key: Any) -> Any:
    """What is known under this key of the data of today's version, None when nothing is."""
    return _answers.get((Load.version(), key))


def until_next_load(key: Any, answer: Callable[[], Any]) -> Any:
    """Return what `answer()` said when it was last asked with this key and the data of today's version."""
    versioned = (Load.version(), key)
    found = _answers.get(versioned, _UNKNOWN)
    if found is not _UNKNOWN:
        return found
    if len(_answers) >= _LIMIT:
        _answers.clear()
    found = _answers[versioned] = answer()
    return found
