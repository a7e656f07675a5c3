"""Tokens with which programs act as their owners: add, find, list and revoke them.

A request with a token has the role, the scope and the permissions that the owner's account has at that moment.
"""

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any, NamedTuple

from peewee import JOIN, Case, fn

from app.auth.permissions import Permission
from app.auth.sessions import allows_method, token_digest
from app.auth.throttle import network_of
from app.auth.visitor import VISITOR_FIELDS, UsedToken, Visitor
from app.table.statements import compiled, placeholder
from app.validation import ValidationError, valid_name
from models import (
    DATABASE_ERRORS,
    AccessToken,
    SecondFactor,
    TokenNetwork,
    User,
    access_db,
    audit,
    timestamp,
    today,
)
from models.audit import AuditActor

PREFIX = "prt_"  # by which people and scanners of source code recognise a token
MAX_PER_PERSON = 50  # tokens that a person has
_USED_INTERVAL = 60  # seconds between two updates of `used_at`: most requests write nothing
_BATCH = 10  # requests of a token that a process counts before it writes their number
_MINUTE = 60  # seconds


class RateExceeded(Exception):
    """The token has made as many requests in this minute as it may. `wait` is in how many seconds the next begins."""

    def __init__(self, wait: int) -> None:
        super().__init__("Too many requests")
        self.wait = wait


class RequestRate:
    """Counts the requests of each token in each minute, in all processes together.

    A process adds its requests to the token's row ten at a time, so that few requests write. With several processes
    some more than `limit` may pass: up to nine for each further process.
    """

    def __init__(self, limit: int) -> None:
        self._limit, self._minute, self._lock = limit, "", Lock()
        self._unwritten: dict[int, int] = {}  # by token, of this minute

    def count(self, token: int, row_minute: str, row_requests: int) -> None:
        """Count a request. The token's row has `row_requests` of the minute `row_minute`. Raises RateExceeded."""
        now = timestamp()
        minute, second = now[:-3], int(now[-2:])
        with self._lock:
            if minute != self._minute:
                self._minute, self._unwritten = minute, {}
            written = row_requests if row_minute == minute else 0
            unwritten = self._unwritten.get(token, 0)
            if written + unwritten >= self._limit:
                raise RateExceeded(_MINUTE - second)
            unwritten += 1
            is_batch = unwritten >= _BATCH
            self._unwritten[token] = 0 if is_batch else unwritten
        if is_batch and not _add_requests(token, minute, unwritten):
            self._keep_unwritten(token, minute, unwritten)

    def _keep_unwritten(self, token: int, minute: str, number: int) -> None:
        with self._lock:
            if minute == self._minute:
                self._unwritten[token] = self._unwritten.get(token, 0) + number


@dataclass(frozen=True)
class Tokens:
    """The database stores an HMAC of each token, made with `key`: another key ends all tokens."""

    key: str = field(repr=False)
    rate: RequestRate

    def add(
        self, actor: AuditActor, visitor: Visitor, name: str, last_day: date | None, may_import: bool = False
    ) -> str:
        """Add a token of the visitor and return it. It works until `last_day` is over, in UTC.

        With `may_import` it also imports files, as long as its owner may. Raises ValidationError for an invalid name or
        day, when there are too many, and when the account has been disabled meanwhile.
        """
        errors = {"last_day": _last_day_error(last_day)}
        try:
            name = valid_name(name)
        except ValidationError as error:
            errors |= error.errors
        token = PREFIX + secrets.token_urlsafe(32)
        with access_db.write_transaction():
            own = AccessToken.select().where(AccessToken.user == visitor.id)
            if own.count() >= MAX_PER_PERSON:
                errors["name"] = f"You have {MAX_PER_PERSON} tokens, the most that there can be; revoke one first."
            elif own.where(AccessToken.name == name).exists():
                errors["name"] = f"You have a token “{name}” already; choose another name."
            if not User.select().where(allows_method(visitor.id, visitor.sign_in_method)).exists():
                errors["name"] = "You have been signed out meanwhile."
            if errors := {key: error for key, error in errors.items() if error}:
                raise ValidationError(errors)
            may_import = may_import and visitor.can(Permission.IMPORT)
            AccessToken.create(
                user=visitor.id,
                name=name,
                token_hash=token_digest(self.key, token),
                last_day=last_day,
                may_import=may_import,
                origin=visitor.sign_in_method.value,
                created_at=timestamp(),
            )
            audit.record(
                "token added",
                about=visitor.email,
                token=name,
                last_day=str(last_day),
                imports=may_import,
                **actor,
            )
        return token

    def find(self, token: str, actor: AuditActor) -> Visitor | None:
        """Return the token's owner as a visitor, None if it is unknown or over, or the account is disabled.

        `actor` has the address and the id of the request: its first use from each network is recorded. Raises
        RateExceeded.
        """
        digest, address = token_digest(self.key, token), actor["address"]
        use = _find(digest, network_of(address))
        if use is None:
            return None
        self.rate.count(use.token.id, use.minute, use.requests)
        if use.is_new_network:
            _record_network(use, actor)
        if use.is_stale:
            _update_used_at(use.token.id, address)
        return use.visitor

    def reload_visitor(self, visitor: Visitor) -> Visitor | None:
        """Return the visitor as of this moment, None if the token is over. It doesn't count as a request."""
        use = _find(visitor.token.digest) if visitor.token else None
        return use.visitor if use else None

    def explain_refusal(self, token: str) -> tuple[str, str] | None:
        """Return the email of the owner of a token that `find` refuses, and why it does; None for an unknown token."""
        query = AccessToken.select(AccessToken, User).join(User)
        row = query.where(AccessToken.token_hash == token_digest(self.key, token)).first()
        return row and (row.user.email, "disabled" if row.user.disabled else "the token's last day is over")


def list_tokens(user_id: int) -> list[AccessToken]:
    """Return a user's tokens, also those whose last day is over, by name."""
    return list(AccessToken.select().where(AccessToken.user == user_id).order_by(AccessToken.name, AccessToken.id))


def count_tokens() -> dict[int, int]:
    """Return the number of tokens that work, by the id of their owner."""
    query = AccessToken.select(AccessToken.user, fn.COUNT(AccessToken.id)).where(AccessToken.last_day >= today())
    return dict(access_db.execute(query.group_by(AccessToken.user)))


def revoke_token(actor: AuditActor, user: User, token_id: int) -> bool:
    """End a user's token at once; return False when the user has no such token."""
    with access_db.write_transaction():
        token = AccessToken.get_or_none(AccessToken.id == token_id, AccessToken.user == user.id)
        if token is None:
            return False
        token.delete_instance()
        audit.record("token revoked", about=user.email, **{**actor, "token": token.name})
        return True


def latest_last_day(day: date) -> date:
    """Return the latest day that a token may work which is made on `day`: the same one a year later."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)


def _last_day_error(day: date | None) -> str:
    first, latest = today(), latest_last_day(today())
    if day is None:
        return f"Enter a day such as {latest}."
    return "" if first <= day <= latest else f"“{day}” is not a day from today to {latest}."


class _Use(NamedTuple):
    """The token of a request, and for whom it acts.

    `requests` were counted in its latest `minute`. `is_stale` and `is_new_network` say what has to be written.
    """

    visitor: Visitor
    token: UsedToken
    minute: str
    requests: int
    is_stale: bool
    is_new_network: bool


def _find(digest: str, network: str = "") -> _Use | None:
    (statement,) = compiled("token", lambda: [_token_query()])
    row = statement.run(digest, network, today().isoformat(), timestamp(-_USED_INTERVAL), on=access_db).fetchone()
    if row is None:
        return None
    *user, method, token_id, name, may_import, minute, requests, is_stale, is_new_network = row
    token = UsedToken(token_id, name, digest, bool(may_import))
    visitor = Visitor.from_row(user, method, token=token)
    return _Use(visitor, token, minute, requests, is_stale=bool(is_stale), is_new_network=bool(is_new_network))


def _token_query() -> Any:
    """Placeholders: 0 the digest, 1 the network, 2 the current day, 3 the time before which `used_at` is stale."""
    token = (AccessToken.origin, AccessToken.id, AccessToken.name, AccessToken.may_import)
    count = (AccessToken.minute, AccessToken.requests)
    is_stale = AccessToken.used_at.is_null() | (AccessToken.used_at < placeholder(3))
    same_network = (TokenNetwork.token == AccessToken.id) & (TokenNetwork.network == placeholder(1))
    query = AccessToken.select(*VISITOR_FIELDS, *token, *count, is_stale, TokenNetwork.id.is_null())
    query = query.join(User).join(SecondFactor, JOIN.LEFT_OUTER)
    query = query.join_from(AccessToken, TokenNetwork, JOIN.LEFT_OUTER, on=same_network)
    is_live = (AccessToken.last_day >= placeholder(2)) & ~User.disabled
    return query.where(AccessToken.token_hash == placeholder(0), is_live)


# Requests don't wait for a locked database: what they couldn't write, the next one writes.


def _record_network(use: _Use, actor: AuditActor) -> None:
    who = use.visitor.email
    with suppress(*DATABASE_ERRORS), access_db.fail_if_locked(), access_db.write_transaction():
        TokenNetwork.create(token=use.token.id, network=network_of(actor["address"]), seen_at=timestamp())
        audit.record("token used", **{**actor, "who": who}, about=who, token=use.token.name)


def _update_used_at(token: int, address: str) -> None:
    with suppress(*DATABASE_ERRORS), access_db.fail_if_locked():
        AccessToken.update(used_at=timestamp(), address=address).where(AccessToken.id == token).execute()


def _add_requests(token: int, minute: str, number: int) -> bool:
    """Add to the requests of a minute in the token's row. Return whether they are written."""
    requests = Case(None, [(AccessToken.minute == minute, AccessToken.requests + number)], number)
    with suppress(*DATABASE_ERRORS), access_db.fail_if_locked():
        AccessToken.update(minute=minute, requests=requests).where(AccessToken.id == token).execute()
        return True
    return False
