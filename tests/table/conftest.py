"""The engine and the reports are tried on both databases."""

from tests.databases import on_both as database_url

__all__ = ["database_url"]
