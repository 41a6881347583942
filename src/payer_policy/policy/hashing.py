"""The hash of a ruleset: equal for equal meaning, whatever the order and layout of the files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
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


def part_hashes(ruleset: Ruleset, reference_hash: str) -> dict[str, str]:
    """For each part of a ruleset beside its rules, the first 16 hex digits of the part's hash.

    Where two rulesets have different hashes, these say in which part (`parameters`, `facts`, …);
    `reference_data` stands for the code sets, products and reason codes of the folder.
    """
    hashes = {
        part.name: short_hash(getattr(ruleset, part.name))
        for part in fields(ruleset)
        if part.name not in ("rules", "hash")
    }
    return {**hashes, "reference_data": reference_hash[:16]}


def short_hash(part: Any) -> str:
    """The first 16 hex digits of the hash of a rule, or of another part of a ruleset."""
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
