"""Which rows of a report are meant: the conditions of a view, a scope and an open row."""

from dataclasses import dataclass
from typing import Any

from app.table.address import Node
from app.table.report import Report
from app.table.scope import Scope
from app.table.terms import Term, aside
from app.table.view import View
from models import NONE, database


@dataclass(frozen=True)
class Choice:
    """What a view chooses in a scope, at one level: the view's own, or one below the row `within`.

    Or below the rows of many at once: `beneath` are the first numbers in their nodes.
    """

    view: View
    scope: Scope
    level: int
    within: Node = ()
    beneath: tuple[int, ...] = ()

    @property
    def report(self) -> Report:
        return self.view.report

    @property
    def table(self) -> Any:
        return self.report.levels[self.level].table

    @property
    def are_inside(self) -> bool:
        """Whether they stand below rows of the view, and not for themselves."""
        return bool(self.within or self.beneath)

    @property
    def tie(self) -> Any:
        """The field with the text that tells any two rows apart."""
        return getattr(self.table, self.report.levels[self.level].tie)

    @property
    def choice(self) -> tuple[Any, ...]:
        """What tells these rows from others, whatever is shown of them in which order."""
        return (self.report, self.level, self.within, self.beneath, self.scope, *self.view.meant)

    def path(self) -> list[Term]:
        """The fields that make a row's node: the customer's number, then the certificate type's."""
        return self.path_in(self.table)

    def path_in(self, table: Any) -> list[Term]:
        """The same fields of a finer table."""
        return [getattr(table, each.by) for each in self.report.levels[: self.level + 1] if each.by]

    def conditions(self, table: Any) -> list[Term]:
        """What chooses rows of this level, whose numbers are stored."""
        return [*self.parts(table), *self.kept(table)]

    def kept(self, numbers: Any) -> list[Term]:
        """What chooses the view's own rows by `numbers`, which are theirs; what is inside a row adds up to it."""
        own = self.level == self.view.level
        return [each.where(numbers, value) for each, value in self.view.meant if own and each.summed]

    def parts(self, table: Any) -> list[Term]:
        """What chooses rows of this level or a finer one, before anything is summed."""
        chosen = [each.where(table, value) for each, value in self.view.meant if not each.summed]
        return [*self.scope.conditions(table), *self._inside(table), *chosen]

    def _inside(self, table: Any) -> list[Term]:
        """What is within a row is found by its customer, who has little; a certificate type is held by many."""
        path = self.path_in(table)
        inside = [field == number for field, number in zip(path, self.within, strict=False)]
        inside += [database.among(path[0], self.beneath)] if self.beneath else []
        return [*inside[:1], *map(aside, inside[1:]), path[-1] != NONE] if inside else []
