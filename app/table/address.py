"""How a view's parts are written into addresses."""

import re
from urllib.parse import quote

Node = tuple[int, ...]
"""The path to a row that can be expanded: customer, then certificate type."""

EVERY: Node = ()
"""Stands for all rows where open ones are named: everything is inside it."""

_plain = re.compile("[A-Za-z0-9_.-]+").fullmatch


def quoted(text: str) -> str:
    """The text as it stands in an address. Most ids and keys are plain, which is told sooner than they are quoted."""
    return text if _plain(text) else quote(text, safe="")


def query(pairs: list[tuple[str, str]]) -> str:
    return "&".join([f"{key}={quoted(value)}" for key, value in pairs])


def node_text(node: Node) -> str:
    return ".".join(map(str, node)) or "all"
