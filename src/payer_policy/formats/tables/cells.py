"""The cells of tables as values of requests: text is read by what its column holds, null stays null.

A cell that its column cannot hold is passed on as it is: reading the request reports what is wrong
with it, in the same words as for every other claim.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, time
from typing import Any

from payer_policy.core.vocabulary.types import FactType
from payer_policy.formats.tables.columns import Cell

Convert = Callable[[Any], Any]

_BOOLEANS = {"true": True, "false": False}
_WORDS = re.compile(r"[\s,;:]+")
_CODES = re.compile(r"[\s;]+")


def converter(holds: Cell | FactType) -> Convert:
    """How the cells of a column become values; None and empty text: not known."""
    if not isinstance(holds, FactType):
        return _CONVERTERS[holds]
    if holds.kind == "date":
        return lambda cell: cell_value(holds, cell) if isinstance(cell, str) else day_of(cell)
    return lambda cell: cell_value(holds, cell) if isinstance(cell, str) else cell


def cell_value(type_: FactType, text: str) -> object:
    """A cell of text as the JSON value that it stands for; None for an empty one: not known."""
    text = text.strip()
    if not text:
        return None
    if type_.kind == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    if type_.kind == "codes":
        return text.replace(";", " ").split()
    return text


def day_of(cell: Any) -> Any:
    """A point in time at midnight, in its own time zone where it has one, as that day; any other point
    in time as text, which is not a date."""
    if not isinstance(cell, datetime):
        return cell
    return cell.isoformat(" ") if cell.time() != time() else cell.date()


def _text(cell: Any) -> Any:
    return (cell.strip() or None) if isinstance(cell, str) else cell


def _boolean(cell: Any) -> Any:
    text = _text(cell)
    return _BOOLEANS.get(text.lower(), text) if isinstance(text, str) else text


def _whole(cell: Any) -> Any:
    text = _text(cell)
    is_numeral = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10
    return int(text) if is_numeral else text


def _parts(mark: re.Pattern[str], part: Convert = _text) -> Convert:
    """Converts texts between marks to a list."""

    def convert(cell: Any) -> Any:
        text = _text(cell)
        if not isinstance(text, str):
            return text
        return [part(one) for one in mark.split(text) if one]

    return convert


_CONVERTERS: dict[Cell, Convert] = {
    "text": lambda cell: str(cell) if type(cell) is int else _text(cell),
    "number": _text,
    "date": lambda cell: day_of(_text(cell)),
    "whole": _whole,
    "time": lambda cell: cell.isoformat() if isinstance(cell, datetime) else _text(cell),
    "boolean": _boolean,
    "words": _parts(_WORDS),
    "codes": _parts(_CODES),
    "wholes": _parts(_WORDS, _whole),
}
