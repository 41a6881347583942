"""Days in force: a first and a last day, both included; None: open at that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import TYPE_CHECKING


def day_after(day: date) -> date:
    """The next day; the calendar's last day has none, and stays."""
    return day + timedelta(days=1) if day < date.max else day


def day_before(day: date) -> date:
    """The day before; the calendar's first day has none, and stays."""
    return day - timedelta(days=1) if day > date.min else day


class Period:
    """What every class with a `first_day` and a `last_day` can answer about its days."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def first_day(self) -> date | None: ...
        @property
        def last_day(self) -> date | None: ...

    def in_force(self, day: date) -> bool:
        """Whether the day is one of these days."""
        first, last = self.first_day, self.last_day
        return (first is None or first <= day) and (last is None or day <= last)

    def overlaps(self, other: Period) -> bool:
        """Whether some day is one of both."""
        return (self.first_day or date.min) <= (other.last_day or date.max) and (
            (other.first_day or date.min) <= (self.last_day or date.max)
        )

    def changes(self) -> Iterator[date]:
        """The first day, and the day after the last, as far as there are such days."""
        if self.first_day is not None:
            yield self.first_day
        if self.last_day is not None and self.last_day < date.max:
            yield day_after(self.last_day)
