"""Browsers in which somebody has signed in before, known by a signed cookie.

Guesses at an account from many addresses delay further attempts at it. Whoever guesses has no such cookie; its owner
has one, and isn't delayed (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). The cookie signs nobody in.
"""

import secrets
from dataclasses import dataclass, field

from itsdangerous import BadData, URLSafeTimedSerializer

from models import User

LIFETIME = 90 * 24 * 60 * 60  # seconds, from the last sign-in


@dataclass(frozen=True)
class KnownBrowsers:
    """Makes and reads the cookies, signed with `key`: another key makes all browsers unknown."""

    key: str = field(repr=False)

    def create(self, user: User) -> str:
        """Return a cookie for the browser in which `user` has just signed in."""
        return str(self._serializer.dumps([user.id, secrets.token_urlsafe(12)]))

    def find(self, cookie: str, user: User | None) -> str:
        """Return the name of the browser, "" unless `user` has signed in there."""
        try:
            user_id, name = self._serializer.loads(cookie, max_age=LIFETIME)
        except (BadData, TypeError, ValueError):
            return ""
        return str(name) if user and user_id == user.id else ""

    @property
    def _serializer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self.key, salt="known browser")
