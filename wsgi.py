"""The WSGI application that gunicorn and the flask command load, made from the environment."""

from app import create_app
from app.settings import BadSetting

try:
    app = create_app()
except BadSetting as error:
    raise SystemExit(f"Partner Reports can't start: {error}") from None
