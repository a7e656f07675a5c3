"""A query string taken apart, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from app.table.report import Report

MANY = ("columns", "open")


@dataclass(frozen=True)
class Complaint:
    """A key, the value it can't have, and what would be right."""

    key: str
    value: str
    right: str

    def __str__(self) -> str:
        return f"{self.key}: “{self.value}” {self.right}"


@dataclass
class Asked:
    """The values of each key that a report has; all else is a complaint. An empty value is an absent one."""

    report: Report
    values: dict[str, list[str]] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)

    def take(self, pairs: Iterable[tuple[str, str]]) -> None:
        keys = _keys(self.report)
        for key, value in pairs:
            if not value:
                continue
            if key not in keys:
                self.complain(key, value, f"can't be: this report has no such key, only {', '.join(keys)}")
            elif _unreadable(value):
                self.complain(key, _escaped(value), "holds what no name or id can hold")
            elif key in self.values and key not in MANY:
                self.complain(key, value, f"is a second value; {key} can have only one")
            else:
                self.values.setdefault(key, []).append(value)

    def one(self, key: str) -> str | None:
        return self.values.get(key, [None])[0]

    def complain(self, key: str, value: str, right: str) -> None:
        self.complaints.append(Complaint(key, value, right))


def _keys(report: Report) -> list[str]:
    opening = ["open"] if len(report.levels) > 1 else []
    return ["columns", "sort", "size", "after", "before", *opening, *report.filter_by_key]


def _unreadable(value: str) -> bool:
    return "\0" in value or _escaped(value) != value


def _escaped(value: str) -> str:
    """`value` with what can't be written as UTF-8, halves of characters from a command line, in ASCII."""
    return value.encode("utf-8", "backslashreplace").decode()
