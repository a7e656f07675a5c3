"""Sessions: made at sign-in, found by the token that the browser sends, ended by any of several hands."""

import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from peewee import fn

from app.access.visitor import Visitor
from app.table.statements import built, slot
from models import TROUBLE, Session, User, access, moment, without_waiting, writing

_HOUR = 3600
_SEEN_EVERY = 60
"""Seconds. Only so often is it written that somebody is still there."""


@dataclass(frozen=True)
class Sessions:
    """A session ends after `idle` hours without a request, and after `longest` hours whatever happens.

    Another `key` ends all of them: stored are only digests that were made with it.
    """

    key: str = field(repr=False)
    idle: int
    longest: int

    def begin(self, user: User) -> str | None:
        """Sign a person in, and return the token that is theirs until they sign out.

        None when the password that they were checked by has gone meanwhile, or they are disabled.
        """
        token, now = secrets.token_urlsafe(32), moment()
        same = User.select().where(User.id == user.id, User.password_hash == user.password_hash, ~User.disabled)
        with writing(access):
            Session.delete().where(~_live(*self._limits())).execute()
            if not same.exists():
                return None
            Session.create(token_hash=self._digest(token), user=user, created_at=now, seen_at=now)
        return token

    def find(self, token: str) -> Visitor | None:
        """Who signed in with this token, None when nobody did, or their session is over, or they are disabled."""
        digest = self._digest(token)
        (finding,) = built("session", lambda: [_finding()])
        found = finding.run(digest, *self._limits(), moment(-_SEEN_EVERY), on=access).fetchone()
        if found is None:
            return None
        number, email, role, reseller, temporary, stale = found
        if stale:
            _seen(digest)
        return Visitor(number, email, role, reseller, bool(temporary), digest)

    def counted(self) -> dict[int, tuple[int, str]]:
        """For each user's number, how many live sessions there are and when the last of them was seen."""
        query = Session.select(Session.user, fn.COUNT(Session.id), fn.MAX(Session.seen_at))
        query = query.where(_live(*self._limits()))
        return {user: (count, seen) for user, count, seen in access.execute(query.group_by(Session.user))}

    def _limits(self) -> tuple[str, str]:
        """When a session must have begun, and when it must have been seen, to live."""
        return moment(-self.longest * _HOUR), moment(-self.idle * _HOUR)

    def _digest(self, token: str) -> str:
        return hmac.digest(self.key.encode(), token.encode(), "sha256").hex()


def _live(begun: Any, seen: Any) -> Any:
    return (Session.created_at > begun) & (Session.seen_at > seen)


def _finding() -> Any:
    """Who a session belongs to: its digest, its limits, and since when it is stale, are known when the query runs."""
    who = (User.id, User.email, User.role, User.reseller, User.temporary_until.is_null(False))
    query = Session.select(*who, Session.seen_at < slot(3)).join(User)
    return query.where(Session.token_hash == slot(0), _live(slot(1), slot(2)), ~User.disabled)


def end(session: str) -> None:
    """End the session with this digest: its number may be another's as soon as it is gone."""
    Session.delete().where(Session.token_hash == session).execute()


def end_all(user: int) -> None:
    """Sign a person out everywhere."""
    Session.delete().where(Session.user == user).execute()


def _seen(session: str) -> None:
    """Write that somebody is there, unless that would have to wait: no page depends on it."""
    with suppress(*TROUBLE), without_waiting(access):
        Session.update(seen_at=moment()).where(Session.token_hash == session).execute()
