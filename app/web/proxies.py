"""What is believed of a request before anything reads it: how long it may be, for which host it is, who sent it."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app.settings import Settings

LONGEST_FORM = 64 * 1024
"""Bytes. No form here needs a tenth of it."""


def register(app: Flask, settings: Settings) -> None:
    app.config["MAX_CONTENT_LENGTH"] = LONGEST_FORM
    app.config["TRUSTED_HOSTS"] = list(settings.trusted_hosts) or None
    if settings.proxies:
        believed = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=believed, x_proto=believed, x_host=believed)  # type: ignore[method-assign]
