"""Users, sessions, attempts and the audit trail. A frozen copy of the models."""

from typing import Any

from peewee import BooleanField, DateTimeField, ForeignKeyField, Model, PostgresqlDatabase, TextField

_FINAL = "the audit trail is append-only"

_AGAIN = "WHEN EXISTS (SELECT 1 FROM audit_event WHERE id = NEW.id)"  # INSERT OR REPLACE deletes without a trigger
_IN_FILE = [
    f"CREATE TRIGGER audit_event_{change.lower()} BEFORE {change} ON audit_event {when} "
    f"BEGIN SELECT RAISE(ABORT, '{_FINAL}'); END"
    for change, when in (("UPDATE", ""), ("DELETE", ""), ("INSERT", _AGAIN))
]
_ON_SERVER = [
    f"CREATE FUNCTION audit_event_final() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE '{_FINAL}'; END$$",
    "CREATE TRIGGER audit_event_final BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_event "
    "EXECUTE FUNCTION audit_event_final()",
]


def up(migrator: Any, db: Any) -> None:
    class Base(Model):
        class Meta:
            database = db
            legacy_table_names = False

    class User(Base):
        email = TextField()
        email_key = TextField(unique=True)
        password_hash = TextField()
        role = TextField()
        reseller = TextField(null=True)
        disabled = BooleanField()
        temporary_until = DateTimeField(null=True)
        created_at = DateTimeField()

    class Session(Base):
        token_hash = TextField(unique=True)
        user = ForeignKeyField(User, on_delete="CASCADE")
        created_at = DateTimeField(index=True)
        seen_at = DateTimeField(index=True)

    class Attempt(Base):
        account = TextField()
        address = TextField()
        at = DateTimeField(index=True)

        class Meta:
            indexes = ((("address", "at"), False),)

    class AuditEvent(Base):
        at = DateTimeField()
        who = TextField()
        event = TextField()
        outcome = TextField()
        about = TextField()
        details = TextField()
        address = TextField()
        request = TextField()

        class Meta:
            indexes = ((("who", "id"), False),)

    db.create_tables([User, Session, Attempt, AuditEvent])
    for statement in _ON_SERVER if isinstance(db, PostgresqlDatabase) else _IN_FILE:
        db.execute_sql(statement)
