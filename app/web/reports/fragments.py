"""Parts of pages that are written once and shown many times."""

from typing import Any

from flask import current_app
from jinja2.environment import TemplateModule


def render_fragment(template: str, **shown: Any) -> TemplateModule:
    """What a template makes of `shown`. Others take it as it is, for nothing but a template can have made it."""
    return current_app.jinja_env.get_template(template).make_module(shown)
