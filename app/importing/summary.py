"""What an import did."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class RowCounts:
    """How many rows of a file were new, changed a stored row, or equalled it, and how many the file removed."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "RowCounts") -> "RowCounts":
        return RowCounts(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class ImportSummary(RowCounts):
    """The row counts, and how many customers got another name or another reseller.

    As text: "3 rows: 3 added, 0 updated, 0 unchanged, 0 removed; 2 customers renamed, 1 moved".
    """

    renamed: int = 0
    moved: int = 0

    @property
    def rows(self) -> int:
        return self.added + self.updated + self.unchanged

    def __str__(self) -> str:
        counts = f"{self.added} added, {self.updated} updated, {self.unchanged} unchanged, {self.removed} removed"
        return "; ".join([f"{self.rows} rows: {counts}", *self._customer_changes()])

    def _customer_changes(self) -> list[str]:
        changes = [(count, verb) for count, verb in ((self.renamed, "renamed"), (self.moved, "moved")) if count]
        if not changes:
            return []
        (count, verb), *others = changes
        noun = "customer" if count == 1 else "customers"
        return [", ".join([f"{count} {noun} {verb}", *(f"{count} {verb}" for count, verb in others)])]
