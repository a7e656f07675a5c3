"""Keep the rows that an import changes as they were, number imports, and say which import another took back."""

from typing import Any

from peewee import BigIntegerField, BooleanField, IntegerField, Model, TextField


def up(migrator: Any, db: Any) -> None:
    class ChangedRow(Model):
        number = IntegerField()
        kind = TextField()
        table = TextField()
        ref = TextField()
        before = TextField(null=True)

        class Meta:
            database = db
            legacy_table_names = False
            indexes = ((("number", "id"), False), (("table", "ref"), False))

    db.create_tables([ChangedRow])
    migrator.migrate(
        migrator.add_column("load", "number", IntegerField(null=True, unique=True)),
        migrator.add_column("load", "undoes", IntegerField(null=True)),
        migrator.add_column("load", "changed_rows", BigIntegerField(default=0)),
        migrator.add_column("load", "discarded", BooleanField(default=False)),
    )
