"""Parse what the form of a report page sends: the whole view as the form shows it, and the commands of its buttons."""

from collections.abc import Sequence
from typing import NamedTuple

from app.table.definitions import Report
from app.table.params import ParamError, parse_path, parse_view
from app.table.view import View, move_column

Pairs = Sequence[tuple[str, str]]  # keys and values of a query string, in their order

_STEPS = {"up": -1, "down": 1}
_DAYS = ("from", "to")
_KEYS_OF_ROWS = ("columns", "after", "before", "open", "toggle", "move")  # mean nothing once rows are grouped otherwise


class Submission(NamedTuple):
    """The view that a query string asks for, and what is wrong with it.

    `is_form` is set if a form sent it. Without scripts the response is then a redirect to the view's canonical address.
    `opened` is the number of the saved view that the page was opened with, "" for none. It isn't part of the view.
    """

    view: View
    errors: list[ParamError]
    is_form: bool
    opened: str = ""


def parse_submission(report: Report, pairs: Pairs) -> Submission:
    """Parse the query string of a report page. It may have form fields, also empty ones, and commands.

    Commands are carried out after everything else, in their order: `toggle=17`, `move=cost:up`, `reset=columns`. There
    are several when one is given before the answer to another has come.
    """
    opened = dict(pairs).get("opened", "")
    is_form = any(key in ("was", "grouped") or not value for key, value in pairs)
    pairs = _resolve_group(report, [pair for pair in pairs if pair[0] != "opened"])
    commands = [pair for pair in pairs if pair[0] in _COMMANDS and pair[1]]
    is_form = is_form or bool(commands)
    view, errors = parse_view(report, [pair for pair in _resolve_days(report, pairs) if pair[0] not in _COMMANDS])
    for key, value in commands:
        apply, expected = _COMMANDS[key]
        changed = apply(view, value)
        if changed:
            view = changed
        else:
            errors.append(ParamError(key, value, expected))
    return Submission(view, errors, is_form, opened)


def _resolve_group(report: Report, pairs: Pairs) -> Pairs:
    """When the grouping has changed, drop the columns, the position and the open rows of the former one.

    Its sort is dropped, too, unless the new one has the column. The form sends in `grouped` the dimensions that it was
    rendered with: "month.action", "" for none. A dimension that two of its menus name counts once. Clear drops all.
    """
    rendered = dict(pairs).get("grouped")
    if rendered is None:
        return pairs
    chosen = [] if ("reset", "group") in pairs else [value for key, value in pairs if key == "group" and value]
    group = list(dict.fromkeys(chosen))
    dropped = ["grouped", "group"]
    if rendered != ".".join(group):
        dropped += _KEYS_OF_ROWS
        dimensions = [report.dimensions_by_key[key] for key in group if key in report.dimensions_by_key]
        if dict(pairs).get("sort", "").removeprefix("-") not in report.grouped_by(tuple(dimensions)).columns_by_key:
            dropped.append("sort")
    return [*(("group", key) for key in group), *(pair for pair in pairs if pair[0] not in dropped)]


def _resolve_days(report: Report, pairs: Pairs) -> Pairs:
    """Drop the older of a period and a range of days, which a form without scripts sends together.

    The form sends in `was` the period that it was rendered with, or "days". Another period than that is newer than the
    days. "Any time", which is "", is newer if days were shown; if not, the days are what somebody has typed.
    """
    was = [value for key, value in pairs if key == "was"]
    if len(was) != 1 or "period" not in report.filters_by_key:
        return pairs
    sent = dict(pairs)
    period = sent.get("period", was[0])
    is_period_newer = period != was[0] and (period or was[0] == "days")
    older: Sequence[str] = ()
    if is_period_newer:
        older = _DAYS
    elif any(map(sent.get, _DAYS)):
        older = ("period",)
    return [pair for pair in pairs if pair[0] != "was" and pair[0] not in older]


def _toggle(view: View, value: str) -> View | None:
    path = parse_path(view.report, value)
    return view.with_toggled(path) if path else None


def _move(view: View, value: str) -> View | None:
    key, _, step = value.partition(":")
    return move_column(view, key, _STEPS[step]) if key in view.report.columns_by_key and step in _STEPS else None


def _reset(view: View, value: str) -> View | None:
    if value == "group" and view.report.dimensions:
        return view.grouped_by(())
    return view.with_default_columns() if value == "columns" else None


# Each command's key: what it changes (None when its value is wrong), and what its value must look like.
_COMMANDS = {
    "toggle": (_toggle, "is not a row that opens; rows are named like 17 or 17.3"),
    "move": (_move, "is not a move of a column; it must look like reseller:up or reseller:down"),
    "reset": (_reset, "can't be reset; it must be columns or group"),
}
