"""What makes it hard to guess passwords: browsers that have signed in before, and words that make a poor password."""

from werkzeug.wrappers import Response

from app.auth.known_browsers import LIFETIME
from app.web.security import get_cookie, set_cookie
from app.web.services import services
from models import User

_COOKIE = "known-browser"


def known_browser(user: User | None) -> str:
    """Return the name of the browser that sends the request if `user` has signed in there before, else ""."""
    return services().known_browsers.find(get_cookie(_COOKIE), user)


def set_known_browser_cookie(response: Response, user: User) -> None:
    """Let this browser be known to have signed in `user`; the cookie outlives the session, and signs nobody in."""
    set_cookie(response, _COOKIE, services().known_browsers.create(user), LIFETIME)
