"""The engine and the reports are tried on SQLite, and on PostgreSQL where a module or a test says so, or in trials."""

from tests.databases import sqlite_first as database_url

__all__ = ["database_url"]
