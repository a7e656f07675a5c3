"""Partner Reports: the reports page of a certificate partner platform."""

import os

from flask import Flask

from app import cli, web
from app.settings import BadSetting, Settings
from models import BadDatabaseURL, open_database


def create_app() -> Flask:
    """Return the application with the settings of the environment. Raises BadSetting."""
    settings = Settings.read(os.environ)
    try:
        open_database(settings.database_url)
    except BadDatabaseURL as error:
        raise BadSetting(str(error)) from None
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    web.register(app, settings)
    cli.register(app)
    return app
