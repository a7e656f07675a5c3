"""Sessions: made at sign-in, found by the token that the browser sends, ended by any of several hands."""

import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from peewee import fn

from app.auth.permissions import Visitor
from app.table.statements import compiled, placeholder
from models import DATABASE_ERRORS, Session, User, access_db, fail_if_locked, timestamp, write_transaction

_HOUR = 3600
_SEEN_EVERY = 60
"""Seconds. Only so often is it written that somebody is still there."""


@dataclass(frozen=True)
class Sessions:
    """A session ends after `idle` hours without a request, and after `longest` hours whatever happens.

    Another `key` ends all of them: stored are only digests that were made with it.
    """

    key: str = field(repr=False)
    idle_hours: int
    max_hours: int

    def create(self, user: User) -> str | None:
        """Sign a person in, and return the token that is theirs until they sign out.

        None when the password that they were checked by has gone meanwhile, or they are disabled.
        """
        token, now = secrets.token_urlsafe(32), timestamp()
        same = User.select().where(User.id == user.id, User.password_hash == user.password_hash, ~User.disabled)
        with write_transaction(access_db):
            Session.delete().where(~_is_live(*self._limits())).execute()
            if not same.exists():
                return None
            Session.create(token_hash=self._digest(token), user=user, created_at=now, seen_at=now)
        return token

    def find(self, token: str) -> Visitor | None:
        """Who signed in with this token, None when nobody did, or their session is over, or they are disabled."""
        digest = self._digest(token)
        (finding,) = compiled("session", lambda: [_session_query()])
        found = finding.run(digest, *self._limits(), timestamp(-_SEEN_EVERY), on=access_db).fetchone()
        if found is None:
            return None
        number, email, role, reseller, temporary, stale = found
        if stale:
            _touch(digest)
        return Visitor(number, email, role, reseller, bool(temporary), digest)

    def active_counts(self) -> dict[int, tuple[int, str]]:
        """For each user's number, how many live sessions there are and when the last of them was seen."""
        query = Session.select(Session.user, fn.COUNT(Session.id), fn.MAX(Session.seen_at))
        query = query.where(_is_live(*self._limits()))
        return {user: (count, seen) for user, count, seen in access_db.execute(query.group_by(Session.user))}

    def _limits(self) -> tuple[str, str]:
        """When a session must have begun, and when it must have been seen, to live."""
        return timestamp(-self.max_hours * _HOUR), timestamp(-self.idle_hours * _HOUR)

    def _digest(self, token: str) -> str:
        return hmac.digest(self.key.encode(), token.encode(), "sha256").hex()


def _is_live(begun: Any, seen: Any) -> Any:
    return (Session.created_at > begun) & (Session.seen_at > seen)


def _session_query() -> Any:
    """Who a session belongs to: its digest, its limits, and since when it is stale, are known when the query runs."""
    who = (User.id, User.email, User.role, User.reseller, User.temporary_until.is_null(False))
    query = Session.select(*who, Session.seen_at < placeholder(3)).join(User)
    return query.where(Session.token_hash == placeholder(0), _is_live(placeholder(1), placeholder(2)), ~User.disabled)


def end_session(session: str) -> None:
    """End the session with this digest: its number may be another's as soon as it is gone."""
    Session.delete().where(Session.token_hash == session).execute()


def end_user_sessions(user: int) -> None:
    """Sign a person out everywhere."""
    Session.delete().where(Session.user == user).execute()


def _touch(session: str) -> None:
    """Write that somebody is there, unless that would have to wait: no page depends on it."""
    with suppress(*DATABASE_ERRORS), fail_if_locked(access_db):
        Session.update(seen_at=timestamp()).where(Session.token_hash == session).execute()
