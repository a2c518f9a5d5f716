"""A clock that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Callable like the real one; `set` and `advance` move it."""

    def __init__(self, now: datetime = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def set(self, now: datetime) -> None:
        """Move to an aware instant."""
        if now.tzinfo is None:
            raise ValueError("an instant must be aware")
        self.now = now

    def advance(self, **units: float) -> None:
        """Move forward by timedelta units, such as advance(days=3)."""
        self.now += timedelta(**units)
