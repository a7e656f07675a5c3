"""What keeps a command from its work, said in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from peewee import DatabaseError

import models

_MEANT = {
    "lock": "another process is writing; try again later",
    "index row": "a name or an id is too long for PostgreSQL, whose indexes hold some 2,700 bytes of a row",
}
"""What databases say, and what it means here."""


@contextmanager
def ready() -> Iterator[None]:
    """Refuse a database that lacks a migration, before anything else is said about it."""
    with explained():
        missing = models.lacking()
        if missing:
            raise click.ClickException(f"The database lacks {', '.join(missing)}; run: flask migrate")
        yield


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the database refuses into one line and exit code 1."""
    try:
        yield
    except DatabaseError as error:
        why, *_ = str(error).splitlines()
        meant = next((words for told, words in _MEANT.items() if told in why), why)
        raise click.ClickException(f"The database can't be used: {meant}. Nothing was changed.") from error
