"""The rows that reports must show, computed in plain Python from plain tables, independently of the engine."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from peewee import Field

from app.table.definitions import Column
from app.table.view import View
from models import fold, reports_db

Record = dict[str, Any]  # column key → stored value, and "tiebreaker" and "products"

_SUBSCRIPTIONS = """
    SELECT c.id AS customer_number, c.name AS customer, c.ref AS customer_id, s.ref AS subscription_id,
           r.name AS reseller, s.name AS subscription, s.ends_on AS "end", s.cost AS cost, s.ordered_on AS order_date,
           a.name AS last_modified_by, s.modified_at AS last_modified_date, s.items_quantity AS items_quantity,
           s.file_cancelled_at AS file_cancelled_at
    FROM subscription s LEFT JOIN customer c ON c.id = s.customer_id LEFT JOIN reseller r ON r.id = c.reseller_id
    LEFT JOIN actor a ON a.id = s.modified_by_id
"""
_TRANSACTIONS = """
    SELECT c.id AS customer_number, c.name AS customer, c.ref AS customer_id, t.subscription_ref AS subscription_id,
           r.name AS reseller, t.bundle_id AS bundle, t.ref AS transaction_id, t.action AS action, t.date AS date,
           t.total AS total, t.cost AS cost, a.name AS "user"
    FROM "transaction" t LEFT JOIN customer c ON c.id = t.customer_id LEFT JOIN reseller r ON r.id = c.reseller_id
    LEFT JOIN actor a ON a.id = t.user_id
"""
_PRODUCTS = """
    SELECT b.bundle_id AS bundle, p.name AS name FROM bundle_product b JOIN product p ON p.id = b.product_id
    ORDER BY b.bundle_id, b.position
"""
_HOLDINGS = """
    SELECT c.id AS customer_number, c.name AS customer, c.ref AS customer_id, r.name AS reseller,
           coalesce(y.name, '') AS certificate_type, coalesce(p.name, '') AS product,
           coalesce(h.current_inventory, 0) AS current_inventory, coalesce(h.used, 0) AS used
    FROM customer c LEFT JOIN reseller r ON r.id = c.reseller_id LEFT JOIN holding h ON h.customer_id = c.id
    LEFT JOIN certificate_type y ON y.id = h.certificate_type_id LEFT JOIN product p ON p.id = h.product_id
"""


def records(view: View) -> list[Record]:
    """All rows of a view in the order of its sort."""
    return in_order(view, matching(view))


def matching(view: View) -> list[Record]:
    """All rows of a view, in no order."""
    return _SOURCES.get(view.report.slug, _declared)(view)


def in_order(view: View, rows: list[Record]) -> list[Record]:
    order = _order(view.sort_column)
    return sorted(rows, key=lambda row: (*order(row), *row["tiebreaker"]), reverse=view.descending)


def _order(column: Column) -> Callable[[Record], tuple[Any, ...]]:
    if column.key == "customer":
        return lambda row: (fold(row["customer"]), row["customer"], row["customer_id"], row["customer_number"])
    if column.kind.name in ("text", "badge"):
        return lambda row: (fold(row[column.key]), row[column.key])
    return lambda row: (row[column.key],)


def _read(sql: str) -> Iterable[Record]:
    cursor = reports_db.execute_sql(sql)
    names = [each[0] for each in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _subscriptions(view: View) -> list[Record]:
    moves = defaultdict(list)
    for move in _read('SELECT subscription_ref AS id, action, date FROM "transaction"'):
        moves[move["id"]].append(move)
    rows = []
    for row in _read(_SUBSCRIPTIONS):
        mine = moves[row["subscription_id"]]
        renews = [move["date"] for move in mine if move["action"] == "Renew"]
        cancels = [move["date"] for move in mine if move["action"] == "Cancel"] + [row.pop("file_cancelled_at")]
        row["cancelled"] = any(
            cancel[:10] <= str(view.today) and all(cancel > renew for renew in renews) for cancel in cancels
        )
        row |= {"tiebreaker": (row["subscription_id"],), "status": _status(row, str(view.today))}
        rows.append(row)
    return [row for row in rows if _matches(view, row, [row["subscription_id"]], row["end"])]


def _status(row: Record, today: str) -> str:
    return "Cancelled" if row["cancelled"] else "Ended" if row["end"] < today else "Active"


def _transactions(view: View) -> list[Record]:
    rows, products = [], defaultdict(list)
    for part in _read(_PRODUCTS):
        products[part["bundle"]].append(part["name"])
    for row in _read(_TRANSACTIONS):
        names = products[row["bundle"]]
        row |= {"tiebreaker": (row["transaction_id"],), "products": names, "product": "; ".join(names)}
        if _matches(view, row, [row["transaction_id"], row["subscription_id"]], row["date"][:10]):
            rows.append(row)
    return rows


def _usage(view: View) -> list[Record]:
    sums: dict[tuple[Any, ...], Record] = {}
    for row in _read(_HOLDINGS):
        row |= {"products": [row["product"]]}
        row["any"] = bool(row["certificate_type"] or row["product"] or row["current_inventory"] or row["used"])
        if not _matches(view, row, [], ""):
            continue
        parts = [row["certificate_type"], row["product"]][: view.level]
        names = [text for part in parts for text in (fold(part), part)]
        tiebreaker = (row["customer_id"], row["customer_number"], *names)
        total = sums.setdefault(tiebreaker, {**row, "tiebreaker": tiebreaker, **dict.fromkeys(_NUMBERS, 0)})
        total["current_inventory"] += row["current_inventory"]
        total["used"] += row["used"]
        total["available"] += max(row["current_inventory"] - row["used"], 0)
        total["over_inventory"] += max(row["used"] - row["current_inventory"], 0)
    return [row for row in sums.values() if _IS_USED[view.filters.get("usage", "")](row)]


def _declared(view: View) -> list[Record]:
    """The rows of any report of one level, read one by one."""
    (level,) = view.report.levels
    rows = []
    for row in level.table.select():
        values = {column.key: _value(column.value, row) for column in view.report.columns}
        rows.append({**values, "tiebreaker": (getattr(row, level.tiebreaker),)})
    return rows


def _value(term: Any, row: Any) -> Any:
    table = type(row)
    if not isinstance(term, Field):
        return table.select(term).where(table.id == row.id).scalar()
    if term.model is table:
        return getattr(row, term.name)
    reference = next(field for field, model in table._meta.refs.items() if model is term.model)
    return getattr(getattr(row, reference.name), term.name)


def _matches(view: View, row: Record, ids: list[str], day: str) -> bool:
    plain = {key: value for key, value in view.filters.items() if key not in ("period", "usage")}
    matches = all(_MATCHES[key](value, row, ids, day) for key, value in plain.items())
    period = view.filters.get("period")
    return matches and (period is None or holds(period, date.fromisoformat(day), view.today))


def holds(period: str, day: date, today: date) -> bool:
    """Whether a day is in a period, computed from the day instead of the period's ends."""
    if period in ("today", "yesterday"):
        return (today - day).days == (period == "yesterday")
    if period == "this-and-last-year":
        return today.year - day.year in (0, 1)
    if period == "next-12-months":
        return 0 <= (day.year - today.year) * 12 + day.month - today.month < 12
    which, length, *days = period.split("-")
    if days:
        ahead = (day - today).days * (1 if which == "next" else -1)
        return 0 <= ahead < int(length)
    numbers: dict[str, Callable[[date], int]] = {
        "month": lambda each: each.year * 12 + each.month,
        "quarter": lambda each: each.year * 4 + (each.month - 1) // 3,
        "year": lambda each: each.year,
    }
    number = numbers[length]
    return number(day) - number(today) == {"last": -1, "this": 0, "next": 1}[which]


def _found(text: str, row: Record, ids: list[str], _day: str) -> bool:
    names = [fold(row["customer"]), fold(row["reseller"])]
    ids = [row["customer_id"], *ids]
    return any(fold(text) in name for name in names) or any(each.casefold().startswith(text.casefold()) for each in ids)


def _name(value: str) -> str:
    """The name that a filter's value means: "-" is none, and a name of dashes has one more."""
    return value if value.strip("-") else value[:-1]


_NUMBERS = ("current_inventory", "available", "used", "over_inventory")
_SOURCES = {
    "customer-subscriptions": _subscriptions,
    "customer-transactions": _transactions,
    "customer-usage": _usage,
}
_IS_USED: dict[str, Callable[[Record], bool]] = {
    "": lambda row: True,
    "over": lambda row: row["over_inventory"] > 0,
    "near": lambda row: not row["over_inventory"] and 0 < 0.9 * row["current_inventory"] <= row["used"],
}
_MATCHES: dict[str, Callable[[str, Record, list[str], str], bool]] = {
    "q": _found,
    "customer": lambda value, row, ids, day: row["customer_id"] == value,
    "name": lambda value, row, ids, day: (row["customer"], row["customer_id"]) == (value, ""),
    "subscription": lambda value, row, ids, day: row["subscription_id"] == value,
    "reseller": lambda value, row, ids, day: row["reseller"] == ("" if value == "-" else value),
    "from": lambda value, row, ids, day: day >= value,
    "to": lambda value, row, ids, day: day <= value,
    "status": lambda value, row, ids, day: row["status"] == value,
    "action": lambda value, row, ids, day: row["action"] == value,
    "product": lambda value, row, ids, day: _name(value) in row["products"],
    "certificate_type": lambda value, row, ids, day: row["certificate_type"] == _name(value),
    "subscription_name": lambda value, row, ids, day: row["subscription"] == _name(value),
    "user": lambda value, row, ids, day: row["user"] == _name(value),
    "products": lambda value, row, ids, day: row["product"] == _name(value),
    "inventory": lambda value, row, ids, day: row["any"],
}
