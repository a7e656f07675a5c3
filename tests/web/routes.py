"""All routes of the application, with a path for each."""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from flask import Flask
from werkzeug.routing import Rule

from app.importing import IMPORTABLE
from app.reports import REPORTS
from app.web import deliveries, saved_views, users
from models import AccessToken, Delivery, SavedView, User

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Route(NamedTuple):
    endpoint: str
    method: str
    path: str


def routes(app: Flask) -> Iterator[Route]:
    """Each method of each rule, with a path for each value of its parameters. An unknown parameter fails here."""
    for rule in app.url_map.iter_rules():
        for method, path in product(sorted(rule.methods or ()), paths(rule)):
            yield Route(rule.endpoint, method, path)


def paths(rule: Rule) -> Iterator[str]:
    numbers = [user.id for user in User.select()] or [1]
    saved = [view.id for view in SavedView.select()] or [1]
    tokens = [token.id for token in AccessToken.select()] or [1]
    blueprint = rule.endpoint.partition(".")[0]
    actions = {"users": users.ACTIONS, "deliveries": deliveries.ACTIONS, "saved_views": saved_views.ACTIONS}
    known = {
        "slug": list(REPORTS), "number": numbers, "filename": ["app.css"], "view": saved, "token": tokens,
        "delivery": [each.id for each in Delivery.select()] or [1], "link": ["1.x"],
        "action": list(actions.get(blueprint, ())),
    }  # fmt: skip
    if rule.endpoint == "put.put":
        known["slug"] = list(IMPORTABLE)
    names = sorted(rule.arguments)
    for values in product(*(known[name] for name in names)):
        _, path = rule.build(dict(zip(names, values, strict=True))) or ("", "")
        yield path
