"""Moments as the databases hold them."""

from datetime import UTC, date, datetime, timedelta


def today() -> date:
    """The day that it is in UTC."""
    return datetime.now(UTC).date()


def timestamp(seconds: int = 0) -> str:
    """The time in UTC, `seconds` from now: "2026-11-22 13:05:00". Moments compare as text."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
