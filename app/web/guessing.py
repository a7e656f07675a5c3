"""What makes it hard to guess passwords: browsers that have signed in before, and words that make a poor password."""

from flask import Flask, current_app
from werkzeug.wrappers import Response

from app.auth.known_browsers import LIFETIME, KnownBrowsers
from app.settings import Settings
from app.web.security import get_cookie, set_cookie
from models import User

_COOKIE = "known-browser"


def register(app: Flask, settings: Settings) -> None:
    app.extensions["known_browsers"] = KnownBrowsers(settings.secret_key)
    app.extensions["site_words"] = (settings.partner_name, *settings.trusted_hosts)


def known_browser(user: User | None) -> str:
    """Return the name of the browser that sends the request if `user` has signed in there before, else ""."""
    return _known_browsers().find(get_cookie(_COOKIE), user)


def set_known_browser_cookie(response: Response, user: User) -> None:
    """Let this browser be known to have signed in `user`; the cookie outlives the session, and signs nobody in."""
    set_cookie(response, _COOKIE, _known_browsers().create(user), LIFETIME)


def site_words() -> tuple[str, ...]:
    """Return the names of this installation."""
    words: tuple[str, ...] = current_app.extensions["site_words"]
    return words


def _known_browsers() -> KnownBrowsers:
    known: KnownBrowsers = current_app.extensions["known_browsers"]
    return known
