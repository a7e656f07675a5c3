"""A database as the first version left it: the first migrations, and rows."""

import json
from pathlib import Path
from typing import Any

from peewee import Insert, Select, Table

from models import access_db, reports_db
from models.schema import migration_runner
from tests.databases import is_server

PARTS = {"reports": reports_db, "access": access_db}

# Part → table → columns and rows: the edge cases, and two users with what belongs to them. Without the nameless rows.
ROWS = json.loads(Path(__file__).with_name("first.json").read_text("utf-8"))

_BOOLEANS = ("cancelled", "disabled")
_REPLACED = {"subscription": ["cancelled"]}  # columns that a later migration turns into others

Rows = dict[str, list[tuple[Any, ...]]]


def create() -> None:
    """Create the first schema in the open databases, and insert all rows."""
    for part, proxy in PARTS.items():
        database, runner = proxy.obj, migration_runner(proxy.obj, part)
        with database.migration():
            runner.up(runner.migrations()[0].name)
            for name, content in ROWS[part].items():
                columns = content["columns"]
                table = Table(name, columns)
                rows = [_with_booleans(columns, row) for row in content["rows"]]
                database.execute(Insert(table, rows, [getattr(table, column) for column in columns]))
                if is_server(proxy) and "id" in columns:
                    serial = f"pg_get_serial_sequence('\"{name}\"', 'id')"
                    database.execute_sql(f'SELECT setval({serial}, (SELECT max(id) FROM "{name}"))')


def stored_rows(part: str) -> Rows:
    """Return the rows that each of the first tables has now, with its first columns."""
    return {name: _rows(PARTS[part].obj, name, _kept(part, name)) for name in ROWS[part]}


def original_rows(part: str) -> Rows:
    """Return the rows that `create` inserts."""
    rows: Rows = {}
    for name, content in ROWS[part].items():
        places = [content["columns"].index(column) for column in _kept(part, name)]
        rows[name] = sorted((tuple(row[place] for place in places) for row in content["rows"]), key=repr)
    return rows


def _kept(part: str, name: str) -> list[str]:
    return [column for column in ROWS[part][name]["columns"] if column not in _REPLACED.get(name, ())]


def _rows(database: Any, name: str, columns: list[str]) -> list[tuple[Any, ...]]:
    table = Table(name, columns)
    rows = database.execute(Select((table,), [getattr(table, column) for column in columns])).fetchall()
    rows_with_names = (row for row in rows if columns[0] != "id" or row[0])
    return sorted(
        (tuple(int(cell) if isinstance(cell, bool) else cell for cell in row) for row in rows_with_names), key=repr
    )


def _with_booleans(columns: list[str], row: list[Any]) -> list[Any]:
    return [bool(cell) if column in _BOOLEANS else cell for column, cell in zip(columns, row, strict=True)]
