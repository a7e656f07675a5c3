"""The cookie that holds a session's token."""

from flask import Response, request


def read() -> str:
    return request.cookies.get(_name(), "")


def give(response: Response, token: str) -> None:
    response.set_cookie(_name(), token, secure=request.is_secure, httponly=True, samesite="Lax")


def take(response: Response) -> None:
    response.delete_cookie(_name(), secure=request.is_secure, httponly=True, samesite="Lax")


def _name() -> str:
    """Over HTTPS the name makes browsers hold the cookie to this very host, and to HTTPS."""
    return "__Host-session" if request.is_secure else "session"
