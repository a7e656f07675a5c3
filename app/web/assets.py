"""What every page needs besides its rows: scripts and styles by version, and the partner's name."""

from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, url_for

from app.settings import Settings

HTMX_HASH = "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
_YEAR = 365 * 24 * 60 * 60


def register(app: Flask, settings: Settings) -> None:
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    files = Path(app.static_folder or "").iterdir()
    versions = {file.name: sha256(file.read_bytes()).hexdigest()[:10] for file in files}

    def asset(name: str) -> str:
        """A file's address, which changes with its content, so that browsers may keep it for a year."""
        return url_for("static", filename=name, v=versions[name])

    @app.context_processor
    def common() -> dict[str, Any]:
        return {"asset": asset, "settings": settings, "htmx_hash": HTMX_HASH}
