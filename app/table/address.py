"""How a view's parts are written into addresses."""

import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

Node = tuple[int, ...]
"""The path to a row that can be expanded: customer, then certificate type."""

EVERY: Node = ()
"""Stands for all rows where open ones are named: everything is inside it."""

_plain = re.compile("[A-Za-z0-9_.-]+").fullmatch
_plain_lines = re.compile("(?:[A-Za-z0-9_.-]{1,100}\n)+").fullmatch


def quoted(text: str) -> str:
    """The text as it stands in an address. Most ids and keys are plain, which is told sooner than they are quoted."""
    return text if _plain(text) else quote(text, safe="")


def are_plain(texts: Sequence[Any]) -> bool:
    """Whether all texts stand in an address as they are, and none is long: told of fifty ids sooner than of three."""
    return None not in texts and bool(_plain_lines("\n".join([*texts, ""])))


def query(pairs: list[tuple[str, str]]) -> str:
    return "&".join([f"{key}={quoted(value)}" for key, value in pairs])


def node_text(node: Node) -> str:
    return ".".join(map(str, node)) or "all"
