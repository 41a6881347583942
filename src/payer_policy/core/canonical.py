"""One spelling of any value of this product, and the SHA-256 of it: equal values, equal digests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from types import NoneType
from typing import Any, Final

_SPELLINGS: Final[dict[type, Callable[[Any], Any]]] = {}
"""How values of a class are spelled, by the class; there are as many as classes."""


def digest(value: Any) -> str:
    """The SHA-256 (hex) of a value.

    Values are those of facts, JSON, and dataclasses of them. Fields that a dataclass leaves out of
    its equality are left out here too, and those marked so while they have their default. Equal
    numbers are equal, however they are held.
    """
    text = json.dumps(_spelled(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _spelled(value: Any) -> Any:
    kind = type(value)
    spell = _SPELLINGS.get(kind)
    if spell is None:
        spell = _SPELLINGS[kind] = _spelling(kind)
    return spell(value)


def _spelling(kind: type[Any]) -> Callable[[Any], Any]:
    """How values of a class are spelled."""
    if issubclass(kind, (NoneType, bool, int, str)):
        return lambda value: value
    if issubclass(kind, (Decimal, Fraction)):
        return _number
    if issubclass(kind, Enum):
        return lambda value: [kind.__name__, value.value]
    if issubclass(kind, date):
        return lambda value: ["date", value.isoformat()]
    if issubclass(kind, (frozenset, set)):
        return lambda value: ["set", *sorted(map(_spelled, value), key=repr)]
    if issubclass(kind, Mapping):
        return lambda value: {str(key): _spelled(item) for key, item in value.items()}
    if issubclass(kind, (list, tuple)):
        return lambda value: list(map(_spelled, value))
    if hasattr(kind, "digest"):  # what is large, and known by its own digest
        return lambda value: [kind.__name__, value.digest]
    if is_dataclass(kind):
        return _spelling_of_fields(kind)
    raise TypeError(kind)


def _spelling_of_fields(kind: type[Any]) -> Callable[[Any], Any]:
    compared = [part for part in fields(kind) if part.compare]
    names = [part.name for part in compared if "left out" not in part.metadata]
    later = {part.name: part.default for part in compared if "left out" in part.metadata}

    def spell(value: Any) -> list[Any]:
        own = [kind.__name__, *[_spelled(getattr(value, name)) for name in names]]
        given = {
            name: _spelled(found)
            for name, default in later.items()
            if (found := getattr(value, name)) != default
        }
        return [*own, given] if given else own

    return spell


def _number(value: Decimal | Fraction) -> Any:
    exact = Fraction(value)
    return exact.numerator if exact.denominator == 1 else [exact.numerator, exact.denominator]
