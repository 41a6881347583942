"""Holiday calendars: the business days of a payer, from a first to a last day on which they are known."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from payer_policy.core.json_source import Reporter
from payer_policy.core.vocabulary.types import calendar_date

_Day = Annotated[date, BeforeValidator(calendar_date)]


class CalendarSource(BaseModel, title="the source of a calendar"):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    title: str = Field(min_length=1)
    href: str | None = None
    note: str | None = None


class CalendarModel(BaseModel, title="a holiday calendar"):
    """A calendar as `vocabulary.json` or a policy declares it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    title: str = Field(min_length=1)
    first_day: _Day = Field(alias="from")
    """The first day of which it is known whether it is a business day."""
    last_day: _Day = Field(alias="through")
    days: list[_Day] = Field(min_length=1)
    """The days from Monday to Friday that are no business days: holidays as they are observed."""
    source: CalendarSource | None = None
    note: str | None = None


@dataclass(frozen=True)
class HolidayCalendar:
    """The business days from a first through a last day: Monday to Friday, without the holidays."""

    name: str
    first_day: date
    last_day: date
    holidays: frozenset[date]

    @cached_property
    def business_days(self) -> tuple[int, ...]:
        """All of them, as ordinals, the first one first."""
        days = range(self.first_day.toordinal(), self.last_day.toordinal() + 1)
        holidays = {day.toordinal() for day in self.holidays}
        return tuple([day for day in days if day % 7 in range(1, 6) and day not in holidays])

    def moved(self, day: date, amount: int) -> date | None:
        """The business day that many after a day (before it, if negative); the day itself for zero.

        None where the calendar does not know it: the day, or that business day, is not in it.
        """
        if amount == 0:
            return day
        if not self.first_day <= day <= self.last_day:
            return None
        days, ordinal = self.business_days, day.toordinal()
        if amount > 0:
            place = bisect_right(days, ordinal) + amount - 1
        else:
            place = bisect_left(days, ordinal) + amount
        return date.fromordinal(days[place]) if 0 <= place < len(days) else None


def read_calendar(name: str, model: CalendarModel, report: Reporter) -> HolidayCalendar | None:
    """A calendar; None where something in it is wrong (reported)."""
    first, last = model.first_day, model.last_day
    if first > last:
        message = f"it ends on {last}, before it begins on {first}"
        report("unreachable-dates", message, ("through",), hint="swap the two dates")
        return None
    sound = True
    for index, day in enumerate(model.days):
        path = ("days", index)
        if not first <= day <= last:
            message = (
                f"{day} is not in the calendar, which has the days from {first} through {last}"
            )
            report("wrong-value", message, path, hint='change "from" or "through"')
            sound = False
        elif day in model.days[:index]:
            report("duplicate-entry", f"{day} is listed twice", path, hint="keep one")
            sound = False
    return HolidayCalendar(name, first, last, frozenset(model.days)) if sound else None


def read_calendars(
    models: Mapping[str, CalendarModel], report: Reporter
) -> dict[str, HolidayCalendar | None]:
    """The calendars of `vocabulary.json`, by name."""
    return {
        name: read_calendar(name, model, report.on(f"calendar `{name}`", "calendars", name))
        for name, model in models.items()
    }
