"""Describe changed rows in words: "S-1, Acme: Cost 100.00 → 120.00"."""

from functools import cached_property
from typing import Any

from peewee import Field

from app.importing.layouts import Layout
from app.importing.names import Indexes
from app.importing.results import Change, Row
from app.table.definitions import Column
from app.table.expressions import foreign_key
from models import Actor, Bundle, CertificateType, Customer, Product, Reseller


class RowDescriber:
    """Describes changes of one report's rows, whose names are in the import's indexes."""

    def __init__(self, layout: Layout, indexes: Indexes) -> None:
        self._layout, self._indexes = layout, indexes
        self._columns = [column for column in layout.report.columns if isinstance(column.value, Field)]
        id_key = "transaction_id" if "transaction_id" in layout.columns else "subscription_id"
        keys = (id_key, "customer") if id_key in layout.columns else ("customer", "certificate_type", "product")
        self._named_by = [layout.column(key) for key in keys]

    def describe(self, change: Change) -> str:
        """The row's name and, of one that was there before, each value that differs."""
        row = change.after or change.before or {}
        name = ", ".join(filter(None, (self._text(column, row) for column in self._named_by)))
        if not (change.before and change.after):
            return name
        texts = [
            (column.label, self._text(column, change.before), self._text(column, change.after))
            for column in self._columns
        ]
        differences = [f"{label} {old or '(empty)'} → {new or '(empty)'}" for label, old, new in texts if old != new]
        return f"{name}: {', '.join(differences)}" if differences else name

    def _text(self, column: Column, row: Row) -> str:
        field = column.value
        if field.model is self._layout.report.base_table:
            return column.kind.show(row[field.name])
        id_ = row[foreign_key(self._layout.report.base_table, field.model).name]
        if field.model is Customer:
            return self._indexes.customers.with_id(id_).name
        return self._names[field.model].get(id_, "")

    @cached_property
    def _names(self) -> dict[Any, dict[int, str]]:
        """Names by id, by their table."""
        return {
            Reseller: self._indexes.resellers.names,
            Actor: self._indexes.actors.names,
            Bundle: self._indexes.bundles.names,
            CertificateType: self._indexes.certificate_types.names,
            Product: self._indexes.products.names,
        }
