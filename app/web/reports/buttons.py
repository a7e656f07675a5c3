"""The buttons that change a view without scripts: they submit the whole form with a key of their own."""

from collections.abc import Sequence

from app.table.definitions import Report
from app.table.params import ParamError, parse_path, parse_view
from app.table.view import View, move_column

_STEPS = {"up": -1, "down": 1}

Pairs = Sequence[tuple[str, str]]


def resolve_date_inputs(report: Report, pairs: Pairs) -> tuple[Pairs, bool]:
    """What a form sends, of a period and days only what was changed, and whether `pairs` are of one.

    It tells by `was`, the period that it was opened with, which may be empty.
    """
    was = [value for key, value in pairs if key == "was"]
    if len(was) != 1 or "period" not in report.filters_by_key:
        return pairs, False
    sent = {key: value for key, value in pairs if value}
    both = "period" in sent and bool({"from", "to"} & sent.keys())
    older = ("period",) if sent.get("period") == was[0] else ("from", "to")
    return [pair for pair in pairs if pair[0] != "was" and not (both and pair[0] in older)], True


def apply_button(report: Report, pairs: Pairs) -> tuple[View, list[ParamError], bool]:
    """Read a query string with what a button adds to it: `toggle=NODE` or `move=COLUMN:up`. Tells whether one did."""
    plain = [pair for pair in pairs if pair[0] not in _ACTIONS]
    view, complaints = parse_view(report, plain)
    commands = [pair for pair in pairs if pair[0] in _ACTIONS and pair[1]]
    for key, value in commands[1:]:
        complaints.append(ParamError(key, value, "is a second change; make one at a time"))
    for key, value in commands[:1]:
        changed = _ACTIONS[key](view, value)
        if changed:
            view = changed
        else:
            complaints.append(ParamError(key, value, _RIGHT[key]))
    return view, complaints, bool(commands)


def _toggle(view: View, value: str) -> View | None:
    node = parse_path(value)
    return view.with_toggled(node) if node and len(node) < len(view.report.levels) else None


def _move(view: View, value: str) -> View | None:
    key, _, way = value.partition(":")
    return move_column(view, key, _STEPS[way]) if key in view.report.columns_by_key and way in _STEPS else None


_ACTIONS = {"toggle": _toggle, "move": _move}
_RIGHT = {
    "toggle": "is not a row that opens; rows are named like 17 or 17.3",
    "move": "is not a move of a column; it must look like cost:up or cost:down",
}
