"""SQL that is built once for all views of a shape. Building it takes Peewee longer than SQLite takes to answer."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from peewee import Value

from models import database

_LIMIT = 1000
_built: dict[Hashable, list["Statement"]] = {}


@dataclass(frozen=True)
class Slot:
    """Stands in a query for a value that is known only when it runs: the `index`th that is given then."""

    index: int


@dataclass(frozen=True)
class Statement:
    sql: str
    params: tuple[Any, ...]

    def run(self, *values: Any, on: Any = database) -> Any:
        """Execute with `values` in the slots, and return the cursor."""
        return on.execute_sql(
            self.sql, [values[each.index] if isinstance(each, Slot) else each for each in self.params]
        )


def slot(index: int) -> Any:
    """A slot for a query; what goes in is what the database holds, so that no field may convert it."""
    return Value(Slot(index), converter=lambda value: value)


def built(shape: Hashable, build: Callable[[], Sequence[Any]]) -> list[Statement]:
    """The statements of the queries that `build` makes, which must be the same whenever `shape` is."""
    key = (type(database.obj), shape)
    statements = _built.get(key)
    if statements is None:
        if len(_built) >= _LIMIT:
            _built.clear()
        statements = [Statement(sql, tuple(params)) for sql, params in (query.sql() for query in build())]
        _built[key] = statements
    return statements
