"""Partner Reports: the reports page of a certificate partner platform."""

import os

from flask import Flask

from app import cli, web
from app.settings import BadSetting, Settings
from app.web.escaping import EscapingEnvironment
from models import BadDatabaseURL, open_database


def create_app() -> Flask:
    """Make the application from the environment. Raises BadSetting."""
    settings = Settings.read(os.environ)
    try:
        open_database(settings.database_url)
    except BadDatabaseURL as wrong:
        raise BadSetting(str(wrong)) from None
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    app.jinja_environment = EscapingEnvironment
    web.register(app, settings)
    cli.register(app)
    return app
