"""A file of SQLite that may go, or be replaced, while it is in use."""

import os
from pathlib import Path
from typing import Any

from cysqlite import Connection, SqliteError  # type: ignore[attr-defined]
from peewee import OperationalError
from playhouse.cysqlite_ext import CySqliteDatabase

from models.trouble import database_errors

_ILLEGIBLE = "database disk image is malformed"
"""What SQLite says in words that quote the damage, which the driver then can't read."""


class File(CySqliteDatabase):
    """Connections to the file that stands at a path: when it goes, or another takes its place, they are made anew.

    SQLite would go on in a file that nobody else can open any more, and lose what is written there. Only `make`, and no
    connection, makes a file.
    """

    def _connect(self) -> Any:
        self._state.file = _file(self.database)  # before it is opened, so that no other goes for this one
        if self._state.file is None:
            raise OperationalError(
                f"{self.database} is missing or empty; put it back, or for a new one run: flask migrate"
            )
        try:
            return super()._connect()
        except SqliteError as error:
            raise OperationalError(f"{self.database}: {error}") from error
        except UnicodeDecodeError as error:
            raise OperationalError(f"{self.database}: {_ILLEGIBLE}") from error

    def connection(self) -> Any:
        if not (self.is_closed() or super().connection().in_transaction or self._is_in_place()):
            self.close()
        return super().connection()

    def cursor(self, named_cursor: Any = None) -> Any:
        self.connection()
        return super().cursor(named_cursor)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        try:
            return super().execute_sql(sql, params)
        except UnicodeDecodeError as error:
            raise OperationalError(_ILLEGIBLE) from error

    def rollback(self) -> None:
        if self.connection().in_transaction:  # when the disk is full SQLite has done so itself
            super().rollback()

    def stay(self) -> None:
        """Raises OperationalError when what this connection has written would be lost."""
        if not self._is_in_place():
            raise OperationalError(f"{self.database} was replaced or taken away while it was written to")

    def _is_in_place(self) -> bool:
        same: bool = self._state.file == _file(self.database)
        return same

    def make(self, mode: int) -> None:
        """Make an empty file with these rights, unless there is one that holds something."""
        if _file(self.database):
            return
        try:
            Path(self.database).touch(mode)
        except OSError as error:
            raise OperationalError(f"{self.database} can't be made: {error.strerror}") from error
        with database_errors:
            Connection(self.database, journal_mode="wal").close()


def _file(path: str) -> tuple[int, int] | None:
    """What tells the file that stands at a path now from any other; None when there is none, or nothing in it."""
    try:
        found = os.stat(path)  # noqa: PTH116 - before each query
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_size else None
