"""What a load did."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True)
class RowCounts:
    """How many rows of a file were new, different from what was stored, or the same, and what the file removed."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    removed: int = 0

    def __add__(self, other: "RowCounts") -> "RowCounts":
        return RowCounts(*map(sum, zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class ImportSummary(RowCounts):
    """What a file did, and how many customers it gave another name or reseller."""

    renamed: int = 0
    moved: int = 0

    @property
    def rows(self) -> int:
        return self.added + self.updated + self.unchanged

    def __str__(self) -> str:
        counts = f"{self.added} added, {self.updated} updated, {self.unchanged} unchanged, {self.removed} removed"
        return "; ".join([f"{self.rows} rows: {counts}", *self._customers()])

    def _customers(self) -> list[str]:
        changes = [(self.renamed, "renamed"), (self.moved, "moved")]
        told = [(count, change) for count, change in changes if count]
        if not told:
            return []
        (count, change), *rest = told
        noun = "customer" if count == 1 else "customers"
        return [", ".join([f"{count} {noun} {change}", *(f"{other} {word}" for other, word in rest)])]
