"""The exports of each person: one runs and two wait for it, in whatever processes they are.

Each is a row that its process renews, so that the places of a process that was killed are free after a while.
"""

from models import ExportPlace, access_db, timestamp

MAX_PER_PERSON = 3  # exports that run or wait
RENEWAL = 5  # seconds after which a place should be renewed
_LOST = 12  # seconds without renewal after which a place is free


def take_place(user_id: int) -> int | None:
    """Queue an export of a user, and return the number of its place; None when as many run and wait as may."""
    with access_db.write_transaction():
        ExportPlace.delete().where(ExportPlace.renewed_at < timestamp(-_LOST)).execute()
        if ExportPlace.select().where(ExportPlace.user == user_id).count() >= MAX_PER_PERSON:
            return None
        return int(ExportPlace.create(user=user_id, renewed_at=timestamp()).id)


def is_first(user_id: int, place: int) -> bool:
    """Whether no other export of the user, queued before this one, runs or waits."""
    earlier = (ExportPlace.user == user_id) & (ExportPlace.id < place) & (ExportPlace.renewed_at >= timestamp(-_LOST))
    return not ExportPlace.select().where(earlier).exists()


def renew_place(place: int) -> None:
    """Say that the export still runs or waits."""
    ExportPlace.update(renewed_at=timestamp()).where(ExportPlace.id == place).execute()


def leave_place(place: int) -> None:
    """Let the next export of the user run."""
    ExportPlace.delete().where(ExportPlace.id == place).execute()
