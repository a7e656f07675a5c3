"""Find what people type or paste in the data: blanks around it, several inside, and the case of an id don't matter.

Data may hold such blanks too, and ids that differ by case only. So a value that the data has is never changed: links
find exactly what they name. Only data of the visitor's scope counts, because addresses show how it is spelled.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from peewee import Field

from app.table.definitions import Filter
from app.table.expressions import without_index
from app.table.scope import Scope
from app.table.statements import compiled, placeholder
from app.table.view import View
from models import clean_text


def match_spellings(view: View, scope: Scope) -> View:
    """Return the view with the values of its filters spelled as the scope's data spells them."""
    filters, several = dict(view.filters), {}
    for filter_, value in view.active_filters:
        spellings = _spellings(filter_, view, scope, value)
        filters[filter_.key] = spellings[0] if len(spellings) == 1 else clean_text(value)
        if len(spellings) > 1:
            several[filter_.key, filters[filter_.key]] = tuple(spellings)
    if filters == view.filters and not several:
        return view
    # A position belongs to the filters that it was made with.
    position = view.position if filters == view.filters else None
    return replace(view, filters=filters, spellings=several, position=position)


def _spellings(active: Filter, view: View, scope: Scope, value: str) -> Sequence[str]:
    if active.spellings:
        return active.spellings(scope, value)
    if active.options is None or (text := clean_text(value)) == value:
        return [value]
    return [value if value in dict(active.options(view.report.base_table, scope)) else text]


def find_ids(ref: Field, ref_key: Field, scope: Scope, value: str) -> Sequence[str]:
    """Find an id: exactly, else without blanks around it, else in any case, which may find several.

    `ref_key` is the indexed field with the casefolded id. An id that isn't in the scope is only cleaned of blanks.
    """
    text, table = clean_text(value), ref.model

    def queries() -> list[Any]:
        rows = table.select(ref).where(ref_key == placeholder(0), *map(without_index, scope.conditions(table)))
        return [rows.where(ref == placeholder(1)).limit(1), rows.distinct()]

    exact, in_any_case = compiled(("ids", table.__name__, ref.name, scope), queries)
    for spelling in dict.fromkeys((value, text)):
        if exact.run(spelling.casefold(), spelling).fetchone():
            return [spelling]
    return sorted(spelling for (spelling,) in in_any_case.run(text.casefold())) or [text]
