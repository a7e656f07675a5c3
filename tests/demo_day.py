"""The application on the day of the demo data: `gunicorn tests.demo_day:app`.

Without it, tests of "this year" would find other rows each year. Sessions and other moments stay real ones.
"""

from datetime import date

import models
from tests.serving import TODAY

models.today = lambda: date.fromisoformat(TODAY)  # before the application imports it

from wsgi import app  # noqa: E402

__all__ = ["app"]
