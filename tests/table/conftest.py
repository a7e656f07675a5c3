"""The engine and the reports are tried on both databases."""

from tests.databases import each_database as database_url

__all__ = ["database_url"]
