"""The current time, as the databases store it."""

from datetime import UTC, date, datetime, timedelta


def today() -> date:
    """Return the current day in UTC."""
    return datetime.now(UTC).date()


def timestamp(seconds: int = 0) -> str:
    """Return the time in UTC, `seconds` from now: "2026-11-22 13:05:00". Times compare as text."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S")
