"""A database of the first migrations, with the rows that the version of that time put there."""

import json
from pathlib import Path
from typing import Any

from peewee import Insert, Select, Table

from models import access_db, reports_db
from models.schema import migration_runner
from tests.databases import is_server

PARTS = {"reports": reports_db, "access": access_db}
ROWS = json.loads(Path(__file__).with_name("first.json").read_text("utf-8"))
"""Part → table → columns and rows: the nasty set, imported, and what belongs to two users. Without nameless rows."""

_TRUTHS = ("cancelled", "disabled")

Held = dict[str, list[tuple[Any, ...]]]


def make() -> None:
    """Fill the databases that are open, which must be new, with the tables of the first migrations and all rows."""
    for part, proxy in PARTS.items():
        kind, each = proxy.obj, migration_runner(proxy.obj, part)
        with kind.migration():
            each.up(each.migrations()[0].name)
            for name, told in ROWS[part].items():
                table = Table(name, told["columns"])
                rows = [_truthful(told["columns"], row) for row in told["rows"]]
                kind.execute(Insert(table, rows, [getattr(table, column) for column in told["columns"]]))
                if is_server(proxy) and "id" in told["columns"]:
                    serial = f"pg_get_serial_sequence('\"{name}\"', 'id')"
                    kind.execute_sql(f'SELECT setval({serial}, (SELECT max(id) FROM "{name}"))')


def held(part: str) -> Held:
    """The rows of each table that there was, with the columns that it had."""
    return {name: _rows(PARTS[part].obj, name, told["columns"]) for name, told in ROWS[part].items()}


def made(part: str) -> Held:
    """What `make` has put there."""
    return {name: sorted(map(tuple, told["rows"]), key=repr) for name, told in ROWS[part].items()}


def _rows(kind: Any, name: str, columns: list[str]) -> list[tuple[Any, ...]]:
    table = Table(name, columns)
    found = kind.execute(Select((table,), [getattr(table, column) for column in columns])).fetchall()
    named = (row for row in found if columns[0] != "id" or row[0])
    return sorted((tuple(int(cell) if isinstance(cell, bool) else cell for cell in row) for row in named), key=repr)


def _truthful(columns: list[str], row: list[Any]) -> list[Any]:
    return [bool(cell) if column in _TRUTHS else cell for column, cell in zip(columns, row, strict=True)]
