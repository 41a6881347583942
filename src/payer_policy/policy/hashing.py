"""The hash of a ruleset: equal for equal meaning, whatever the order and layout of the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from payer_policy.ruleset import Ruleset
from payer_policy.vocabulary.types import to_json


def content_hash(ruleset: Ruleset, reference_hash: str) -> str:
    """SHA-256 of the ruleset's meaning in one spelling, with the reference data that it leans on."""
    canonical = json.dumps(
        [_canonical(ruleset), reference_hash],
        ensure_ascii=True,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class PartHashes:
    """The first 16 hex digits of the hash of each part of a ruleset.

    Where two rulesets have different hashes, these say where: in which rule, or in which other part
    (`parameters`, `facts`, …; `reference_data` stands for the folder's code sets, products and
    reason codes).
    """

    rules: Mapping[str, str]
    others: Mapping[str, str]


def part_hashes(ruleset: Ruleset, reference_hash: str) -> PartHashes:
    """The hash of each part of a ruleset, with the reference data that it leans on."""
    others = {
        part.name: _short_hash(getattr(ruleset, part.name))
        for part in fields(ruleset)
        if part.name not in ("rules", "hash")
    }
    rules = {rule.id: _short_hash(rule) for rule in ruleset.rules}
    return PartHashes(rules, {**others, "reference_data": reference_hash[:16]})


def _short_hash(part: Any) -> str:
    canonical = json.dumps(
        _canonical(part), ensure_ascii=True, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _canonical(value: Any) -> Any:
    if isinstance(value, Fraction) and not isinstance(value, int):
        return ["fraction", value.numerator, value.denominator]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, (Decimal, date)):
        return to_json(value)
    if isinstance(value, frozenset):
        return ["set", *sorted((_canonical(item) for item in value), key=repr)]
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_canonical(item) for item in value]
    if is_dataclass(value):
        return [
            type(value).__name__,
            *(_canonical(getattr(value, part.name)) for part in fields(value)),
        ]
    raise TypeError(type(value))
