"""Flask: routes, fragments, errors and headers."""

from flask import Flask

from app.settings import Settings
from app.web import assets, errors, headers, reports


def register(app: Flask, settings: Settings) -> None:
    assets.register(app, settings)
    headers.register(app, settings)
    errors.register(app)
    app.register_blueprint(reports.blueprint)
