"""Compile queries to SQL once and run them with other values.

Peewee takes longer to build the SQL of a page than SQLite takes to run it. So a query is built with `placeholder(n)`
where values change from page to page, such as the limit and the sort key of the last row:

    (statement,) = compiled("scope", lambda: [Reseller.select(...).where(Reseller.name == placeholder(0))])
    statement.run("North")
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from peewee import SQL, Value

from app.table.cache import BoundedCache
from models import reports_db

_statements = BoundedCache(8_000_000)


@dataclass(frozen=True)
class Placeholder:
    """The `index`th argument of `Statement.run`."""

    index: int


class Statement(NamedTuple):
    sql: str
    params: tuple[Any, ...]

    def run(self, *values: Any, on: Any = reports_db) -> Any:
        """Execute with `values` in place of the placeholders, on the reports database or another; return the cursor."""
        return on.execute_sql(self.sql, self._fill(values))

    def query(self, *values: Any) -> SQL:
        """The query with `values` in place of the placeholders."""
        return SQL(self.sql, self._fill(values))

    def _fill(self, values: Sequence[Any]) -> list[Any]:
        return [values[param.index] if isinstance(param, Placeholder) else param for param in self.params]


def placeholder(index: int) -> Any:
    """A term for a value that `Statement.run` gets. It must be what the database stores: no field converts it."""
    return Value(Placeholder(index), converter=lambda value: value)


def compiled(key: Hashable, build: Callable[[], Sequence[Any]]) -> list[Statement]:
    """The statements of the queries that `build` returns, from the cache if `key` was compiled before.

    `key` must hold everything that the queries depend on, but for their placeholders.
    """
    key = (type(reports_db.obj), key)  # SQLite and PostgreSQL differ in their SQL
    statements: list[Statement] | None = _statements.get(key)
    if statements is None:
        statements = [Statement(sql, tuple(params)) for sql, params in (query.sql() for query in build())]
        _statements.put(key, statements)
    return statements
