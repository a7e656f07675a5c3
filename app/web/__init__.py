"""Everything between a request and its response: security, errors, headers, the log, and a module for each page."""

from flask import Flask

from app.settings import Settings
from app.web import account, assets, audit, customers, errors, headers, home, request_log, saved_views, security, users
from app.web.reports import export, page, print_view, summary


def register(app: Flask, settings: Settings) -> None:
    assets.register(app, settings)
    headers.register(app, settings)
    errors.register(app)
    security.register(app, settings)
    request_log.register(app)
    for module in (account, home, customers, export, print_view, page, summary, audit, users, saved_views):
        app.register_blueprint(module.blueprint)
