"""SQL that is built once for all views of a shape. Building it takes Peewee longer than SQLite takes to answer."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import Value

from models import reports_db

_LIMIT = 1000
_compiled: dict[Hashable, list["Statement"]] = {}


@dataclass(frozen=True)
class Placeholder:
    """Stands in a query for a value that is known only when it runs: the `index`th that is given then."""

    index: int


@dataclass(frozen=True)
class Statement:
    sql: str
    params: tuple[Any, ...]

    def run(self, *values: Any, on: Any = reports_db) -> Any:
        """Execute with `values` in the slots, and return the cursor."""
        return on.execute_sql(
            self.sql, [values[each.index] if isinstance(each, Placeholder) else each for each in self.params]
        )


def placeholder(index: int) -> Any:
    """A slot for a query; what goes in is what the database holds, so that no field may convert it."""
    return Value(Placeholder(index), converter=lambda value: value)


def compiled(shape: Hashable, build: Callable[[], Sequence[Any]]) -> list[Statement]:
    """The statements of the queries that `build` makes, which must be the same whenever `shape` is."""
    key = (type(reports_db.obj), shape)
    statements = _compiled.get(key)
    if statements is None:
        if len(_compiled) >= _LIMIT:
            _compiled.clear()
        statements = [Statement(sql, tuple(params)) for sql, params in (query.sql() for query in build())]
        _compiled[key] = statements
    return statements
