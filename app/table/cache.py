"""Cache what depends on the imported data alone: counts, sums, options of filters. The next import invalidates it.

It holds data, never markup. A key must name everything that the value depends on, above all the visitor's scope.
"""

from collections.abc import Callable
from typing import Any

from models import Import

_MAX_VALUES = 1000
_MISSING = object()
_answers: dict[Any, Any] = {}


def cached(key: Any) -> Any:
    """The value that is cached under `key` for the current import; None if there is none."""
    return _answers.get((Import.version(), key))


def cached_until_import(key: Any, compute: Callable[[], Any]) -> Any:
    """The value that is cached under `key` for the current import; `compute` is called if there is none."""
    versioned = (Import.version(), key)
    value = _answers.get(versioned, _MISSING)
    if value is not _MISSING:
        return value
    if len(_answers) >= _MAX_VALUES:
        _answers.clear()
    value = _answers[versioned] = compute()
    return value
