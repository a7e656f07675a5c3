"""What is believed of a request before anything reads it: how long it may be, for which host it is, who sent it."""

import re
import secrets

from flask import Flask, current_app, request
from werkzeug.middleware.proxy_fix import ProxyFix

from app.settings import Settings

LONGEST_FORM = 64 * 1024
"""Bytes. No form here needs a tenth of it."""

_ID = re.compile("[A-Za-z0-9_-]{8,64}")


def register(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_FORM
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts) or None
    app.extensions["proxies"] = settings.proxies
    if settings.proxies:
        believed = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=believed, x_proto=believed, x_host=believed)  # type: ignore[method-assign]


def request_id() -> str:
    """What a request is called in the log, in the trail and on error pages: as a proxy calls it that is believed."""
    told = request.headers.get("X-Request-ID", "")
    return told if current_app.extensions["proxies"] and _ID.fullmatch(told) else secrets.token_hex(8)
