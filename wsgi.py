"""The WSGI application that gunicorn and the flask command load, made from the environment."""

import click

from app import create_app
from app.settings import BadSetting
from app.web.request_log import configure_logging

try:
    app = create_app()
except BadSetting as error:
    raise SystemExit(f"Partner Reports can't start: {error}") from None

command = click.get_current_context(silent=True)
if command and command.info_name == "run":  # gunicorn.conf.py does it for gunicorn
    configure_logging()
