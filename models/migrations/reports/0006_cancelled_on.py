"""Replace the cancelled flag of subscriptions by their day of cancellation, and count those that complete files end.

A Cancel in the future cancels then, and a Renew at the same moment as a Cancel goes before it.
"""

from collections import defaultdict
from typing import Any

from peewee import BigIntegerField, DateField, DateTimeField
from playhouse.migrate import make_index_name

NEVER, NEVER_AT = "9999-12-31", "9999-12-31 23:59:59"
INDEX = ("ends_on", "ref", "reseller_id")
MOVES = """
    SELECT s.id, t.action, t.date FROM subscription s JOIN "transaction" t ON t.subscription_ref = s.ref
    WHERE s.cancelled AND t.action IN ('Cancel', 'Renew')
"""


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(
        migrator.add_column("subscription", "cancelled_on", DateField(default=NEVER)),
        migrator.add_column("subscription", "file_cancelled_at", DateTimeField(default=NEVER_AT)),
        migrator.add_column("load", "cancelled", BigIntegerField(default=0)),
    )
    moves: defaultdict[int, dict[str, list[str]]] = defaultdict(lambda: {"Cancel": [], "Renew": [""]})
    for subscription, action, date in db.execute_sql(MOVES).fetchall():
        moves[subscription][action].append(date)
    mark = db.param
    for subscription, dates in moves.items():
        if later := [date for date in dates["Cancel"] if date > max(dates["Renew"])]:
            update = f"UPDATE subscription SET cancelled_on = {mark} WHERE id = {mark}"  # noqa: S608
            db.execute_sql(update, (min(later)[:10], subscription))
    migrator.migrate(
        migrator.drop_index("subscription", make_index_name("subscription", ("cancelled", *INDEX))),
        migrator.drop_column("subscription", "cancelled"),
        migrator.add_index("subscription", ("cancelled_on", *INDEX)),
    )
