"""Write the rows of a view as JSON: all of them, streamed from one snapshot of the database, or those of a page."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from app.table.csv import PLAIN, ColumnWriter, NamesById, Progress, cell_writer, column_chunks
from app.table.kinds import DATE, DATETIME, INTEGER, MONEY, Kind
from app.table.paging import Page
from app.table.scope import Scope, ScopeIn
from app.table.view import View
from models import Import, reports_db

# The types of columns whose kind has another name in JSON.
TYPES = {
    "badge": "text",
    "period": "text",
    "money": "amount",
    "datetime": "time",
}

_encode = partial(json.dumps, ensure_ascii=False, separators=(",", ":"))


def json_chunks(view: View, scope: Scope | ScopeIn, progress: Progress | None = None) -> Iterator[bytes]:
    """Yield all rows of a view as one JSON object. It is a snapshot: no import changes it on the way.

    The number of rows comes after them, so that nothing is counted first.
    """
    total = 0
    with reports_db.snapshot() as connection:
        chunks = column_chunks(view, scope, json_writer, connection)
        yield _head(view, Import.last_time(connection))
        for length, columns in chunks:
            if progress:
                progress(length)
            yield (b",\n" if total else b"\n") + _rows(columns)
            total += length
    yield _tail(total, None)


def json_page(page: Page, as_of: str | None, next_url: str | None) -> bytes:
    """Return a page of rows as the same object. `as_of` is the time of the last import, None before the first.

    `next_url` is the address of the next page, None for the last one.
    """
    view = page.view
    values = [["" if value is None else value for value in row.values] for row in page.rows]  # as files have them
    columns = zip(*values, strict=True)
    written = [json_writer(column.kind)(values) for column, values in zip(view.columns, columns, strict=False)]
    rows = b"\n" + _rows(written) if page.rows else b""
    return _head(view, as_of) + rows + _tail(page.total, next_url)


def json_type(kind: Kind) -> str:
    """Return the type that a column of this kind has in JSON."""
    return TYPES.get(kind.name, kind.name)


def json_writer(kind: Kind, names: NamesById | None = None) -> ColumnWriter:
    """Return the function that turns a column's values, or the ids of its names, into what JSON has for them.

    Dates and times are ISO text, amounts text with two decimals, counts numbers. A date, a time or a number that isn't
    there is None, a text "".
    """
    if names is not None:
        names_by_id = dict(names)
        return lambda ids: map(names_by_id.__getitem__, ids)
    writers: dict[str, ColumnWriter] = {
        DATE.name: lambda values: [value or None for value in values],
        DATETIME.name: lambda values: [f"{value[:10]}T{value[11:]}Z" if value else None for value in values],
        INTEGER.name: partial(_without_blanks, partial(map, int)),
        MONEY.name: partial(_without_blanks, cell_writer(PLAIN, MONEY)),
    }
    return writers.get(kind.name, lambda values: values)


def _without_blanks(write: Callable[[Sequence[Any]], Iterable[Any]], values: Sequence[Any]) -> Iterable[Any]:
    if "" not in values:
        return write(values)
    return [None if value == "" else next(iter(write([value]))) for value in values]


def _head(view: View, as_of: str | None) -> bytes:
    columns = [{"key": column.key, "label": column.label, "type": json_type(column.kind)} for column in view.columns]
    moment = as_of and f"{as_of[:10]}T{as_of[11:19]}Z"
    facts = {"report": view.report.slug, "as_of": moment, "query": view.query_string, "columns": columns}
    return f'{_encode(facts)[:-1]},"rows":['.encode()


def _rows(columns: Iterable[Iterable[Any]]) -> bytes:
    """Return rows, without the brackets around all of them."""
    return _encode(list(zip(*columns, strict=True)))[1:-1].encode()


def _tail(total: int | None, next_url: str | None) -> bytes:
    return f'],"total":{_encode(total)},"next":{_encode(next_url)}}}\n'.encode()
