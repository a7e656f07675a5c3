"""Keep deleted saved views for a while, so that they can be restored. Their names are free."""

from typing import Any

from peewee import DateTimeField
from playhouse.migrate import make_index_name


def up(migrator: Any, db: Any) -> None:
    columns = ("user_id", "report", "name")
    migrator.migrate(
        migrator.add_column("saved_view", "deleted_at", DateTimeField(null=True)),
        migrator.drop_index("saved_view", make_index_name("saved_view", columns)),
    )
    for index in (
        f"UNIQUE INDEX saved_view_name ON saved_view ({', '.join(columns)}) WHERE deleted_at IS NULL",
        "INDEX saved_view_shared ON saved_view (report, name, id) WHERE shared AND deleted_at IS NULL",
    ):
        db.execute_sql(f"CREATE {index}")
