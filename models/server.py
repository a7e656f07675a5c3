"""A PostgreSQL that may restart while it is in use."""

from select import POLLIN, poll
from typing import Any

from peewee import PostgresqlDatabase

from models.trouble import database_errors


class Server(PostgresqlDatabase):
    """Connections that are made anew when the server has ended them while they were idle."""

    def connection(self) -> Any:
        if not (self.is_closed() or self.in_transaction() or _is_alive(super().connection())):
            self.close()
        return super().connection()

    def cursor(self, named_cursor: Any = None) -> Any:
        self.connection()
        return super().cursor(named_cursor)

    def commit(self) -> None:
        with database_errors:
            super().connection().execute("COMMIT")  # never on another connection, where it would say that all is well

    def rollback(self) -> None:
        if not super().connection().closed:  # else the transaction has gone with it
            super().rollback()


def _is_alive(connection: Any) -> bool:
    """Whether a connection that is idle can be used: a server that ends one says so, or hangs up."""
    if connection.closed:
        return False
    waiting = poll()
    waiting.register(connection.fileno(), POLLIN)
    return not waiting.poll(0)
