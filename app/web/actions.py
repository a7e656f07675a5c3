"""What buttons of a list do."""

from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

from app.auth.permissions import AuditActor

T = TypeVar("T")


class Action(NamedTuple, Generic[T]):
    """What a button does to a thing, and what is said afterwards."""

    run: Callable[[AuditActor, T], object]
    done: str
