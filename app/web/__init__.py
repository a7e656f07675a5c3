"""Flask: routes, the gate before them, fragments, errors and headers."""

from flask import Flask

from app.settings import Settings
from app.web import (
    account,
    assets,
    attention,
    customers,
    errors,
    export,
    gate,
    headers,
    logs,
    printed,
    proxies,
    reports,
    sums,
    timing,
    trail,
    users,
    views,
)


def register(app: Flask, settings: Settings) -> None:
    proxies.register(app, settings)
    assets.register(app, settings)
    headers.register(app, settings)
    errors.register(app)
    gate.register(app, settings)
    timing.register(app)
    logs.register(app)
    for part in (account, attention, customers, export, printed, reports, sums, trail, users, views):
        app.register_blueprint(part.blueprint)
