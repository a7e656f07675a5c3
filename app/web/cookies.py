"""The cookies of this application: what all of them have in common."""

from dataclasses import dataclass
from typing import Any

from flask import request
from werkzeug.wrappers import Response


@dataclass(frozen=True)
class Cookie:
    """A cookie that no script reads, sent with requests for `path` and what is below it."""

    name: str
    path: str = "/"

    def get(self) -> str:
        """Return the value that the request sends, "" for none."""
        return request.cookies.get(self._full_name(), "")

    def set(self, response: Response, value: str, max_age: int | None = None) -> None:
        """Set it for `max_age` seconds, or until the browser is closed."""
        response.set_cookie(self._full_name(), value, max_age, **self._attributes())

    def delete(self, response: Response) -> None:
        response.delete_cookie(self._full_name(), **self._attributes())

    def _full_name(self) -> str:
        """Over HTTPS, `__Host-` makes browsers send the cookie to this very host only, and only over HTTPS.

        Browsers accept that for the path / only. For other paths `__Secure-` says the second half.
        """
        if not request.is_secure:
            return self.name
        return f"__Host-{self.name}" if self.path == "/" else f"__Secure-{self.name}"

    def _attributes(self) -> dict[str, Any]:
        return {"path": self.path, "secure": request.is_secure, "httponly": True, "samesite": "Lax"}


SESSION = Cookie("session")
