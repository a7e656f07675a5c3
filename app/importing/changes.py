"""What an import changed: each field of each row, before and after, in words."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from peewee import Field

from app.importing.kept_rows import (
    KEPT_FIELDS,
    NAME_FIELDS,
    TABLES_BY_NAME,
    customer_ref,
    each_batch,
    holding_ref,
    is_row_change,
    table_name,
)
from app.importing.layouts import LAYOUTS, SUBSCRIPTIONS
from app.importing.results import Row
from app.importing.rows import Table, select_rows
from app.table.definitions import Column
from app.table.expressions import foreign_key
from app.table.kinds import TEXT
from models import (
    NEVER_AT,
    USAGE_COUNTS,
    CertificateType,
    ChangedRow,
    Customer,
    Holding,
    Product,
    Subscription,
    Transaction,
    reports_db,
)


def _columns(table: Table) -> dict[str, Column]:
    """The columns of a table's report by the kept fields that they show."""
    report = next(layout.report for layout in LAYOUTS.values() if layout.report.base_table is table)
    columns: dict[str, Column] = {}
    for column in report.columns:
        if isinstance(column.value, Field):
            own = column.value.model is table
            columns.setdefault(column.value.name if own else foreign_key(table, column.value.model).name, column)
    return {name: columns[name] for name in KEPT_FIELDS[table] if name in columns}


_COLUMNS: dict[Table, dict[str, Column]] = {table: _columns(table) for table in (Subscription, Transaction, Holding)}
_OWNER = {"name": "customer", "ref": "customer_id", "reseller": "reseller"}
_COLUMNS[Customer] = {field: SUBSCRIPTIONS.column(key) for field, key in _OWNER.items()}
_COLUMNS[Subscription]["file_cancelled_at"] = SUBSCRIPTIONS.column("status")


class RowChange(NamedTuple):
    """A field of a row that an import changed.

    kind:          added, updated, removed or cancelled.
    row:           the row's ID, or of a holding its customer, certificate type and product; in words.
    column:        the heading in files.
    before, after: the values as texts, as files have them but for formula guards; "" where there is no row.
    """

    kind: str
    row: str
    column: str
    before: str
    after: str


def changed_rows(number: int) -> Iterator[RowChange]:
    """Yield each field of each row that an import changed, in the order of its changes.

    `after` is what the next newer change of the row found, or else what is there now.
    """
    for batch in each_batch(number, ChangedRow.table.in_(list(TABLES_BY_NAME)) & is_row_change()):
        yield from _changes_of(batch)


def _changes_of(rows: list[ChangedRow]) -> Iterator[RowChange]:
    """Yield the changes of some rows of one import."""
    refs: dict[str, list[str]] = {}
    for row in rows:
        refs.setdefault(row.table, []).append(row.ref)
    states: dict[tuple[str, str], Row | None] = {
        (name, ref): state for name in refs for ref, state in _current(TABLES_BY_NAME[name], refs[name]).items()
    }
    for row in _newer(rows[0], refs):
        key = row.table, row.ref
        states[key] = _earlier(states.get(key), row)
    pairs = []
    for row in rows:
        after = states.get((row.table, row.ref))
        pairs.append((row, _earlier(after, row), after))
    names = _customer_names(_owners(pairs))
    for row, before, after in pairs:
        yield from _row_changes(row, before, after, names)


def _newer(first: ChangedRow, refs: dict[str, list[str]]) -> Iterator[ChangedRow]:
    """The changes of rows, given by their tables, that are later than the `first` of an import, the last one first."""
    for table, some in refs.items():
        same = (ChangedRow.table == table) & reports_db.in_values(ChangedRow.ref, some)
        query = ChangedRow.select().where(same, ChangedRow.number != first.number, ChangedRow.id > first.id)
        yield from sorted(query.where(is_row_change()), key=lambda row: -row.id)


def _owners(pairs: Iterable[tuple[ChangedRow, Row | None, Row | None]]) -> set[int]:
    """The ids of the customers of rows before and after a change."""
    owners = {state["customer"] for _, *states in pairs for state in states if state and "customer" in state}
    return owners | {json.loads(row.ref)[0] for row, *_ in pairs if row.table == table_name(Holding)}


def _earlier(state: Row | None, row: ChangedRow) -> Row | None:
    """The kept fields of a row before a change. `state` are those after it."""
    return None if row.before is None else {**(state or {}), **row.values()}


def _current(table: Table, refs: list[str]) -> dict[str, Row]:
    """The kept fields of rows as they are now, by ref."""
    if table is Holding:
        return _current_holdings(refs)
    by = Customer.id if table is Customer else table.ref
    values: list[Any] = [int(ref) for ref in refs] if table is Customer else refs
    rows = list(select_rows(table, list(dict.fromkeys(("ref", *KEPT_FIELDS[table]))), reports_db.in_values(by, values)))
    for field, names in NAME_FIELDS[table].items():
        by_id = _texts(names, {row[field] for row in rows})
        for row in rows:
            row[field] = by_id[row[field]]
    return {customer_ref(row["id"]) if table is Customer else row["ref"]: row for row in rows}


def _current_holdings(refs: list[str]) -> dict[str, Row]:
    wanted, owners = set(refs), list({json.loads(ref)[0] for ref in refs})
    query = Holding.select(
        Holding.customer,
        CertificateType.name,
        Product.name,
        *(getattr(Holding, name) for name in USAGE_COUNTS),
    )
    query = query.join_from(Holding, CertificateType).join_from(Holding, Product)
    rows = reports_db.execute(query.where(reports_db.in_values(Holding.customer, owners)))
    found = ((holding_ref(*key), counts) for *key, counts in ((*row[:3], row[3:]) for row in rows))
    return {ref: dict(zip(USAGE_COUNTS, counts, strict=True)) for ref, counts in found if ref in wanted}


def _texts(table: Table, ids: Collection[int]) -> dict[int, str]:
    query = table.select(table.id, table.name).where(reports_db.in_values(table.id, list(ids)))
    return dict(reports_db.execute(query))


def _customer_names(ids: Iterable[int]) -> dict[int, str]:
    """The names of customers by id, also of those that an undo has removed."""
    names = _texts(Customer, list(ids))
    missing = [customer_ref(id_) for id_ in ids if id_ not in names]
    removed = ChangedRow.select().where(
        ChangedRow.table == table_name(Customer),
        ChangedRow.kind == "removed",
        reports_db.in_values(ChangedRow.ref, missing),
    )
    return names | {int(row.ref): row.values()["name"] for row in removed}


def _row_changes(
    row: ChangedRow, before: Row | None, after: Row | None, customers: dict[int, str]
) -> Iterator[RowChange]:
    table = TABLES_BY_NAME[row.table]
    name = _row_name(table, row.ref, after or before or {}, customers)
    for field, column in _COLUMNS[table].items():
        old, new = (_text(field, column, state, customers) for state in (before, after))
        if old != new:
            yield RowChange(row.kind, name, column.label, old, new)


def _row_name(table: Table, ref: str, state: Row, customers: dict[int, str]) -> str:
    if table is Holding:
        owner, *names = json.loads(ref)
        return ", ".join(filter(None, (customers.get(owner, ""), *names)))
    return ", ".join(filter(None, (state.get("name"), state.get("ref")))) if table is Customer else ref


def _text(field: str, column: Column, state: Row | None, customers: dict[int, str]) -> str:
    if state is None:
        return ""
    value = state[field]
    if field == "file_cancelled_at":
        return "" if value == NEVER_AT else "Cancelled"
    if field == "customer":
        return customers.get(value, "")
    return str(value) if column.kind.export is TEXT.export else column.kind.export(value)
