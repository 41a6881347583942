"""The values of X12 elements: exact numbers, dates, and composites with whatever separates them.

Each function takes the text of one element and gives a value, or says what is wrong with it.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

from payer_policy.core.vocabulary.types import ValueProblem, exact_number, shown

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_DAYS = re.compile(r"(\d{8})(?:-(\d{8})|\d{4})?", re.ASCII)  # a day, a range, a day with its time
_FIRST_MARK = re.compile(r"[^A-Za-z0-9]")
_OTHER_MARKS: Final = frozenset(":>^|<\\")
"""What writers have separated composites with, whatever their ISA says."""

_FILINGS: Final = {
    "auto": ("AM",),
    "commercial": ("12", "13", "14", "15", "17", "BL", "CI", "HM"),
    "federal": ("FI",),
    "medicaid": ("MC",),
    "medicare": ("MA", "MB"),
    "medicare_advantage": ("16",),
    "tricare": ("CH",),
    "veterans": ("VA",),
    "workers_compensation": ("WC",),
}
LINES_OF_BUSINESS: Final = {code: line for line, codes in _FILINGS.items() for code in codes}
"""What SBR09, the claim filing indicator, means as a line of business. Others say nothing here."""


LEVELS_OF_SERVICE: Final = {"03": True, "U": True, "ME": True, "E": False, "R": False}
"""What UM06, the level of service, says of how soon an answer is needed (data element 1338): emergency,
urgent, expedited; elective, routine. Others say nothing of it."""


def amount(text: str) -> int | Decimal:
    """An amount of money that may be below zero, such as an adjustment."""
    if len(text) > 18 or not _NUMBER.fullmatch(text):
        raise ValueProblem("wrong-value", f"found {shown(text)}; a number was expected")
    return exact_number(Decimal(text))


def number(text: str) -> int | Decimal:
    """A quantity or an amount of money; a claim has none below zero."""
    value = amount(text)
    if value < 0:
        raise ValueProblem("wrong-value", f"found {shown(text)}; 0 or more was expected")
    return value


def day(text: str) -> date:
    """A date, CCYYMMDD; a time after it is dropped."""
    return days(text)[0]


def days(text: str) -> tuple[date, date | None]:
    """A date or a range of dates: the first day, and the last one where it is another."""
    found = _DAYS.fullmatch(text)
    if found is None:
        raise ValueProblem(
            "wrong-value",
            f"found {shown(text)}; a date was expected",
            "write it as YYYYMMDD, a range as YYYYMMDD-YYYYMMDD",
        )
    first = _calendar(found.group(1))
    last = _calendar(found.group(2)) if found.group(2) else first
    if last < first:
        raise ValueProblem("wrong-value", f"the last day of {text} is before the first")
    return first, None if last == first else last


def _calendar(text: str) -> date:
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        raise ValueProblem("wrong-value", f"{text} is not a day of the calendar") from None


def pointer(text: str) -> int:
    """The position of a diagnosis on the claim."""
    if not (text.isascii() and text.isdigit() and len(text) < 3 and int(text) > 0):
        message = f"found {shown(text)}; the position of a diagnosis was expected (1, 2, …)"
        raise ValueProblem("wrong-value", message)
    return int(text)


def components(text: str, separator: str) -> list[str]:
    """The components of an element that is a composite by definition.

    The first component is a short code, so the first mark after it is what separates, even where
    the ISA names another one.
    """
    mark = _FIRST_MARK.search(text)
    if mark is not None and mark.group() != separator and mark.group() in _OTHER_MARKS:
        separator = mark.group()
    return [component.strip(" ") for component in text.split(separator)]
