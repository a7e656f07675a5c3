"""How long the parts of an answer took, told to admins in the header Server-Timing."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from time import perf_counter

from flask import Flask, Response, g


def register(app: Flask) -> None:
    app.after_request(_tell)


@contextmanager
def timed(part: str) -> Iterator[None]:
    """Count what is done inside to a part of this answer: `query` reads rows, counts and menus, `render` writes."""
    start = perf_counter()
    try:
        yield
    finally:
        took: dict[str, float] = g.setdefault("took", {})
        took[part] = took.get(part, 0) + perf_counter() - start


def _tell(response: Response) -> Response:
    """Milliseconds, of answers that show what was asked for."""
    shown = "took" in g and response.status_code == HTTPStatus.OK
    if shown and g.visitor.is_admin:
        response.headers["Server-Timing"] = ", ".join(f"{part};dur={s * 1000:.1f}" for part, s in g.took.items())
    return response
