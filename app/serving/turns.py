"""Requests that are answered one after the other."""

from collections.abc import Callable, Iterable
from typing import Any

from app.table.turns import turn

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def in_turn(application: Application) -> Application:
    """An application that begins to answer one request at a time; what it sends of an answer, it sends at any time."""

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with turn():
            return application(environ, start_response)

    return answer
