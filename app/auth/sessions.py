"""Sessions: create them at sign-in, find them by the token in the cookie, end them."""

import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from peewee import fn

from app.auth.permissions import Visitor
from app.table.statements import compiled, placeholder
from models import DATABASE_ERRORS, Session, User, access_db, timestamp

_HOUR = 3600  # seconds
_SEEN_INTERVAL = 60  # seconds between two updates of `seen_at`: most requests write nothing


@dataclass(frozen=True)
class Sessions:
    """A session ends after `idle_hours` without a request, and after `max_hours` in any case.

    The database stores an HMAC of each token, made with `key`: another key ends all sessions.
    """

    key: str = field(repr=False)
    idle_hours: int
    max_hours: int

    def create(self, user: User) -> str | None:
        """Start a session and return its token.

        Return None when the password has changed since `user` was read, or when the account is disabled.
        """
        token, now = secrets.token_urlsafe(32), timestamp()
        unchanged = User.select().where(User.id == user.id, User.password_hash == user.password_hash, ~User.disabled)
        with access_db.write_transaction():
            Session.delete().where(~_is_live(*self._limits())).execute()
            if not unchanged.exists():
                return None
            Session.create(token_hash=self._digest(token), user=user, created_at=now, seen_at=now)
        return token

    def find(self, token: str) -> Visitor | None:
        """Return whose token it is, None when it is unknown, the session is over or the account is disabled."""
        return self._find(self._digest(token))

    def renewed(self, visitor: Visitor) -> Visitor | None:
        """Return the visitor with the rights of this moment, None when the session is over. This is no request."""
        return self._find(visitor.session, is_request=False)

    def _find(self, digest: str, is_request: bool = True) -> Visitor | None:
        (statement,) = compiled("session", lambda: [_session_query()])
        row = statement.run(digest, *self._limits(), timestamp(-_SEEN_INTERVAL), on=access_db).fetchone()
        if row is None:
            return None
        user_id, email, role, reseller, has_temporary_password, is_stale = row
        if is_stale and is_request:
            _update_seen_at(digest)
        return Visitor(user_id, email, role, reseller, bool(has_temporary_password), digest)

    def active_counts(self) -> dict[int, tuple[int, str]]:
        """For each user id, the number of live sessions and the time of the latest request in one of them."""
        query = Session.select(Session.user, fn.COUNT(Session.id), fn.MAX(Session.seen_at))
        query = query.where(_is_live(*self._limits()))
        return {user: (count, seen_at) for user, count, seen_at in access_db.execute(query.group_by(Session.user))}

    def _limits(self) -> tuple[str, str]:
        """A live session was created after the first time and seen after the second."""
        return timestamp(-self.max_hours * _HOUR), timestamp(-self.idle_hours * _HOUR)

    def _digest(self, token: str) -> str:
        return hmac.digest(self.key.encode(), token.encode(), "sha256").hex()


def _is_live(created_after: Any, seen_after: Any) -> Any:
    return (Session.created_at > created_after) & (Session.seen_at > seen_after)


def _session_query() -> Any:
    """Placeholders: 0 the digest, 1 and 2 the limits of a live session, 3 the time before which `seen_at` is stale."""
    user = (User.id, User.email, User.role, User.reseller, User.temporary_until.is_null(False))
    query = Session.select(*user, Session.seen_at < placeholder(3)).join(User)
    return query.where(Session.token_hash == placeholder(0), _is_live(placeholder(1), placeholder(2)), ~User.disabled)


def end_session(digest: str) -> None:
    """End the session whose token has this digest."""
    Session.delete().where(Session.token_hash == digest).execute()


def end_user_sessions(user_id: int) -> None:
    """Sign a user out in every browser."""
    Session.delete().where(Session.user == user_id).execute()


def _update_seen_at(digest: str) -> None:
    """Skip the update when the database is locked: a page never waits for it."""
    with suppress(*DATABASE_ERRORS), access_db.fail_if_locked():
        Session.update(seen_at=timestamp()).where(Session.token_hash == digest).execute()
