"""Add the key by which imports find customers whose names look alike."""

from typing import Any

from peewee import TextField

from models.values import clean_text, fold


def up(migrator: Any, db: Any) -> None:
    migrator.migrate(migrator.add_column("customer", "look_alike_key", TextField(default="")))
    update = f"UPDATE customer SET look_alike_key = {db.param} WHERE id = {db.param}"  # noqa: S608
    for id_, name in db.execute_sql("SELECT id, name FROM customer").fetchall():
        db.execute_sql(update, (fold(clean_text(name)).replace(" ", ""), id_))
    migrator.migrate(migrator.add_index("customer", ("look_alike_key",)))
