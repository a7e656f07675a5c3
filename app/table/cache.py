"""Answers that stay true until the next import: counts, sums, menus, and what stands around a view's rows."""

from collections.abc import Callable
from typing import Any

from models import Import

_LIMIT = 1000
_MISSING = object()
_answers: dict[Any, Any] = {}


def cached(key: Any) -> Any:
    """What is known under this key of the data of today's version, None when nothing is."""
    return _answers.get((Import.version(), key))


def cached_until_import(key: Any, answer: Callable[[], Any]) -> Any:
    """Return what `answer()` said when it was last asked with this key and the data of today's version."""
    versioned = (Import.version(), key)
    found = _answers.get(versioned, _MISSING)
    if found is not _MISSING:
        return found
    if len(_answers) >= _LIMIT:
        _answers.clear()
    found = _answers[versioned] = answer()
    return found
