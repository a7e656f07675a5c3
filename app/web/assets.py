"""What every page needs besides its rows: versioned scripts and styles, the currency and the partner's name."""

from hashlib import sha256
from pathlib import Path

from flask import Flask

from app.settings import Settings

HTMX_HASH = "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
_YEAR = 365 * 24 * 60 * 60  # seconds


def register(app: Flask, settings: Settings) -> None:
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = _YEAR
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    files = Path(app.static_folder or "").iterdir()
    urls = {file.name: f"{app.static_url_path}/{file.name}?v={_version(file)}" for file in files}
    app.jinja_env.globals.update(
        assets=urls,
        htmx={"url": settings.htmx_url, "hash": HTMX_HASH},
        currency=settings.currency,
        partner_name=settings.partner_name,
    )


def _version(file: Path) -> str:
    """Return a hash of the file's content, so that browsers can cache each version for a year."""
    return sha256(file.read_bytes()).hexdigest()[:10]
