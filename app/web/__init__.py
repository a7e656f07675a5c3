"""Everything between a request and its response: security, errors, headers, the log, and a module for each page."""

from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from flask import Flask, get_template_attribute

from app.reports import REPORTS
from app.reports.periods import FIRST_DAY
from app.settings import Settings
from app.validation import MAX_NAME_LENGTH
from app.web import (
    account,
    audit,
    customers,
    deliveries,
    errors,
    fair_use,
    headers,
    home,
    oidc,
    openapi,
    request_log,
    saved_views,
    second_factor,
    security,
    services,
    sign_in,
    tokens,
    users,
)
from app.web.imports import put
from app.web.imports import routes as imports
from app.web.reports import export, page, print_view, summary
from app.web.urls import IdConverter, customer_url, report_url

HTMX_HASH = "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
_YEAR = 365 * 24 * 60 * 60  # seconds


def register(app: Flask, settings: Settings) -> None:
    services.register(app, settings)
    _register_template_globals(app, settings)
    headers.register(app, settings)
    errors.register(app)
    security.register(app, settings)
    fair_use.register(app)
    request_log.register(app)
    app.url_map.converters["id"] = IdConverter
    reports = (home, customers, export, print_view, page, summary)
    own = (account, sign_in, oidc, second_factor, tokens)
    for module in (*own, *reports, openapi, audit, users, saved_views, deliveries, imports, put):
        app.register_blueprint(module.blueprint)


def _register_template_globals(app: Flask, settings: Settings) -> None:
    """Set up Jinja: versioned addresses of scripts and styles, and what else the templates of all pages need."""
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    assets = {}
    for file in Path(app.static_folder or "").iterdir():
        version = sha256(file.read_bytes()).hexdigest()[:10]  # so that browsers can cache each version for a year
        assets[file.name] = f"{app.static_url_path}/{file.name}?v={version}"
    app.jinja_env.globals.update(
        assets=assets,
        htmx={"url": settings.htmx_url, "hash": HTMX_HASH},
        currency=settings.currency,
        partner_name=settings.partner_name,
        provider_name=urlsplit(settings.oidc_issuer).netloc,
        local_sign_in=settings.local_sign_in,
        max_name_length=MAX_NAME_LENGTH,
        first_day=FIRST_DAY,
        customer_url=customer_url,
        report_url=report_url,
        reports=REPORTS,
    )
    with app.app_context():  # a filter of a constant is called when a template is compiled, a macro for each page
        app.jinja_env.filters["icon"] = get_template_attribute("_icon.html", "icon")
