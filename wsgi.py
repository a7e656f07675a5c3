"""What gunicorn and the flask command start: `app`, made from the environment."""

from app import create_app
from app.settings import BadSetting

try:
    app = create_app()
except BadSetting as wrong:
    raise SystemExit(f"Partner Reports can't start: {wrong}") from None
