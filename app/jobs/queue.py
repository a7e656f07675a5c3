"""The queue of jobs: huey on a SQLite file beside the databases, or on the PostgreSQL server that has them."""

import json
from typing import Any

from huey import CySqliteHuey, Huey, PostgresHuey
from huey.registry import Message

from models import JOBS_FILE, OWNER_ONLY, POSTGRES, data_folder, driver_errors

_NAME = "partner-reports"


class JsonSerializer:
    """Writes the messages of the queue as JSON: reading them runs no code, as reading a pickle does.

    The arguments of jobs are numbers, and their results are in the database.
    """

    def serialize(self, message: Message) -> bytes:
        return json.dumps(message).encode()

    def deserialize(self, data: Any) -> Message:
        return Message(*json.loads(bytes(data)))


def open_queue(database_url: str) -> Huey:
    """Return the queue that belongs to a DATABASE_URL, whose schema is there. Raises one of DATABASE_ERRORS."""
    options = {"results": False, "serializer": JsonSerializer()}
    with driver_errors:
        if database_url.startswith(POSTGRES):
            return PostgresHuey(
                _NAME, dsn=database_url, options="-c search_path=access", table_prefix="jobs", **options
            )
        file = data_folder(database_url) / JOBS_FILE
        file.touch(OWNER_ONLY)
        file.chmod(OWNER_ONLY)  # SQLite gives its -wal and -shm the same rights
        return CySqliteHuey(_NAME, filename=str(file), **options)
