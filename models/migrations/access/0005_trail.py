"""Let a repeated event of the audit trail be counted in its row, and find a person's latest events."""

from typing import Any

from peewee import PostgresqlDatabase

_FINAL = "the audit trail is append-only"
_COLUMNS = ("id", "at", "who", "event", "outcome", "about", "address", "request")  # all but details
_SAME = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in _COLUMNS)

_IN_FILE = (
    "DROP TRIGGER audit_event_update",
    "CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event WHEN NOT "
    f"({_SAME} AND json_remove(NEW.details, '$.times') IS json_remove(OLD.details, '$.times') "
    "AND coalesce(json_extract(NEW.details, '$.times'), 0) > coalesce(json_extract(OLD.details, '$.times'), 1)) "
    f"BEGIN SELECT RAISE(ABORT, '{_FINAL}'); END",
)
_ON_SERVER = (
    "DROP TRIGGER audit_event_final ON audit_event",
    "CREATE TRIGGER audit_event_delete BEFORE DELETE OR TRUNCATE ON audit_event EXECUTE FUNCTION audit_event_final()",
    "CREATE TRIGGER audit_event_update BEFORE UPDATE ON audit_event FOR EACH ROW WHEN (NOT "
    "(to_jsonb(NEW) - 'details' = to_jsonb(OLD) - 'details' "
    "AND NEW.details::jsonb - 'times' = OLD.details::jsonb - 'times' "
    "AND coalesce((NEW.details::jsonb->>'times')::int, 0) > coalesce((OLD.details::jsonb->>'times')::int, 1))) "
    "EXECUTE FUNCTION audit_event_final()",
)


def up(migrator: Any, db: Any) -> None:
    for statement in _ON_SERVER if isinstance(db, PostgresqlDatabase) else _IN_FILE:
        db.execute_sql(statement)
    migrator.migrate(migrator.add_index("audit_event", ("who", "at")))
