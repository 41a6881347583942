"""One spelling of any value of this product, and the SHA-256 of it: equal values, equal digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any


def digest(value: Any) -> str:
    """The SHA-256 (hex) of a value.

    Values are those of facts, JSON, and dataclasses of them. Fields that a dataclass leaves out of
    its equality are left out here too. Equal numbers are equal, however they are held.
    """
    text = json.dumps(_spelled(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _spelled(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (Decimal, Fraction)):
        exact = Fraction(value)
        return exact.numerator if exact.denominator == 1 else [exact.numerator, exact.denominator]
    if isinstance(value, Enum):
        return [type(value).__name__, value.value]
    if isinstance(value, date):
        return ["date", value.isoformat()]
    if isinstance(value, (frozenset, set)):
        return ["set", *sorted((_spelled(item) for item in value), key=repr)]
    if isinstance(value, Mapping):
        return {str(key): _spelled(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_spelled(item) for item in value]
    if is_dataclass(value):
        parts = [_spelled(getattr(value, part.name)) for part in fields(value) if part.compare]
        return [type(value).__name__, *parts]
    raise TypeError(type(value))
