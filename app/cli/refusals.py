"""What keeps a command from its work, said in one line."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

import models


@contextmanager
def ready() -> Iterator[None]:
    """Refuse a database that isn't of this version, before anything else is said about it."""
    with explained():
        models.check()
        yield


@contextmanager
def explained() -> Iterator[None]:
    """Turn what the database refuses into one line and exit code 1."""
    try:
        yield
    except models.Unfit as unfit:
        raise click.ClickException(f"The database can't be used: {unfit}") from None
    except models.TROUBLE as error:
        raise click.ClickException(f"The database can't be used: {models.told(error)}. Nothing was changed.") from error
