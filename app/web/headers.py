"""The headers of every response."""

from flask import Flask, Response, g, request

from app.settings import Settings

_FIXED = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
_VARY = "HX-Request, HX-Request-Type, HX-History-Restore-Request, Accept, Authorization, Cookie"


def register(app: Flask, settings: Settings) -> None:
    script = "" if settings.htmx_url.startswith("/") else f" {settings.htmx_url}"
    policy = (
        f"default-src 'none'; script-src 'self'{script}; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers.update({"Content-Security-Policy": policy, **_FIXED})
        response.headers["X-Request-ID"] = g.request_id
        if request.is_secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        response.headers.setdefault("Cache-Control", "no-store")  # Flask has set that of a static file
        if request.endpoint != "static":
            response.headers["Vary"] = _VARY
        return response
