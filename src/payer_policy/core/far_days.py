"""Days before and after others: so many days, weeks, months, years or business days away."""

from __future__ import annotations

import calendar
from datetime import date, timedelta

from payer_policy.core.vocabulary.calendars import HolidayCalendar


def shift(day: date, amount: int, unit: str) -> date:
    """The day `amount` units later (earlier when negative); month ends are kept inside the month.

    Business days are Monday to Friday; those of a payer are in its holiday calendar. A day past the ends
    of all days is the first or the last of them.
    """
    found = moved(day, amount, unit)
    return found if found is not None else date.max if amount > 0 else date.min


def moved(day: date, amount: int, unit: str | HolidayCalendar) -> date | None:
    """The day `amount` units later, as `shift`; None where there is no such day, or where the holiday
    calendar that is the unit does not know it."""
    if isinstance(unit, HolidayCalendar):
        return unit.moved(day, amount)
    try:
        if unit in ("days", "weeks"):
            return day + timedelta(days=amount * (7 if unit == "weeks" else 1))
        if unit in ("months", "years"):
            months = day.year * 12 + day.month - 1 + amount * (12 if unit == "years" else 1)
            year, month = divmod(months, 12)
            return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
        return _shift_business_days(day, amount)
    except (OverflowError, ValueError):  # includes calendar.IllegalMonthError for year 0
        return None


def far_day(amount: int, unit: str | HolidayCalendar, direction: str, anchor: date) -> date | None:
    """The day of a `Moved`; None where there is no such day."""
    return moved(anchor, -amount if direction == "before" else amount, unit)


def _shift_business_days(day: date, amount: int) -> date:
    # Counting forward, a weekend counts as the Friday before it; counting back, as the Monday after.
    if amount == 0:
        return day
    forward = amount > 0
    weekday = day.weekday()
    if weekday > 4:
        day += timedelta(days=(4 if forward else 7) - weekday)
        weekday = 4 if forward else 0
    weeks, rest = divmod(abs(amount), 5)
    crosses = weekday + rest > 4 if forward else weekday - rest < 0
    step = weeks * 7 + rest + (2 if crosses else 0)
    return day + timedelta(days=step if forward else -step)
