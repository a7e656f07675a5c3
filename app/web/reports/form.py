"""Parse what the filter form of a report submits: a view, the date fields it showed before, and the pressed button."""

from collections.abc import Sequence
from typing import NamedTuple

from app.table.definitions import Report
from app.table.params import ParamError, parse_path, parse_view
from app.table.view import View, move_column

Pairs = Sequence[tuple[str, str]]  # keys and values of a query string, in their order

_STEPS = {"up": -1, "down": 1}


class Submission(NamedTuple):
    """The view that was asked for, what is wrong with the query string, and how it was sent.

    `is_form` is true for the form itself, `has_button` when one of its buttons (`toggle`, `move`) was pressed.
    Without scripts the answer to either is a redirect to the view's canonical address.
    """

    view: View
    errors: list[ParamError]
    is_form: bool
    has_button: bool


def parse_submission(report: Report, pairs: Pairs) -> Submission:
    """Parse the query string of a report page, form fields and buttons included."""
    pairs, is_form = _resolve_date_inputs(report, pairs)
    view, errors = parse_view(report, [pair for pair in pairs if pair[0] not in _BUTTONS])
    buttons = [pair for pair in pairs if pair[0] in _BUTTONS and pair[1]]
    errors += [ParamError(key, value, "is a second change; make one at a time") for key, value in buttons[1:]]
    for key, value in buttons[:1]:
        apply, expected = _BUTTONS[key]
        changed = apply(view, value)
        if changed:
            view = changed
        else:
            errors.append(ParamError(key, value, expected))
    return Submission(view, errors, is_form, bool(buttons))


def _resolve_date_inputs(report: Report, pairs: Pairs) -> tuple[Pairs, bool]:
    """Drop the older of a period and a range of days, and tell whether the form sent `pairs`.

    The form sends its period and its days together, and in `was` the period that it was rendered with, which may be
    empty. A period other than `was` is newer than the days.
    """
    was = [value for key, value in pairs if key == "was"]
    if len(was) != 1 or "period" not in report.filters_by_key:
        return pairs, False
    sent = {key: value for key, value in pairs if value}
    has_both = "period" in sent and bool({"from", "to"} & sent.keys())
    older = ("period",) if sent.get("period") == was[0] else ("from", "to")
    return [pair for pair in pairs if pair[0] != "was" and not (has_both and pair[0] in older)], True


def _toggle(view: View, value: str) -> View | None:
    path = parse_path(value)
    return view.with_toggled(path) if path and len(path) < len(view.report.levels) else None


def _move(view: View, value: str) -> View | None:
    key, _, step = value.partition(":")
    return move_column(view, key, _STEPS[step]) if key in view.report.columns_by_key and step in _STEPS else None


# Each button's key: what it changes (None when its value is wrong), and what its value must look like.
_BUTTONS = {
    "toggle": (_toggle, "is not a row that opens; rows are named like 17 or 17.3"),
    "move": (_move, "is not a move of a column; it must look like cost:up or cost:down"),
}
