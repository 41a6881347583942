"""The columns of an answer: one row for each drug service, as every writer of answers fills them.

A column that has nothing to say is null, a list with nothing in it is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

WORD: Final = pa.dictionary(pa.int32(), pa.string())
"""A text of which a file has few different ones."""

TEXTS: Final = pa.list_(pa.string())
PLACES: Final = 12
UNITS: Final = pa.decimal128(24, PLACES)
LINES: Final = pa.list_(
    pa.struct(
        [
            ("number", pa.int32()),
            ("parts", TEXTS),
            ("outcome", pa.string()),
            ("billed_units", UNITS),
            ("allowed_units", UNITS),
            ("allowed_least", UNITS),
            ("allowed_most", UNITS),
            ("findings", TEXTS),
        ]
    )
)

_COLUMNS: Final[tuple[tuple[str, Any, str], ...]] = (
    ("file", WORD, "the input file, as it was named or found"),
    ("record", pa.int64(), "where in it, from 1: the row, the line, or which of its claims"),
    ("claim_id", pa.string(), "the claim's number"),
    ("kind", WORD, "claim or preauthorization"),
    ("code", WORD, "the drug code that was decided"),
    ("service_date", pa.date32(), "the day of service"),
    ("decision", WORD, "approve, deny, pend, partial, void or no_policy"),
    ("headline", WORD, "the rule whose finding leads"),
    ("findings", TEXTS, "the rules that found something, by id"),
    (
        "reasons",
        TEXTS,
        "of each of them what it finds and its reason codes: `deny CO 16 N822 MA130`",
    ),
    ("missing", TEXTS, "facts that could still change the decision, in the vocabulary's order"),
    ("unsettled", TEXTS, "the rules of which something is not known"),
    ("assumptions", TEXTS, "the rules that the policy says to take as not holding, though unknown"),
    (
        "information_request",
        WORD,
        "the reason codes to ask for what is missing with: `ask CO 252 N706`",
    ),
    (
        "lines",
        LINES,
        "of each line: number, parts, outcome, billed and allowed units (least, most), findings",
    ),
    ("internal", pa.string(), "why the service pends for a fault of the engine"),
    ("policy", WORD, "the address of the policy that decided"),
    ("policy_version", WORD, "its version"),
    ("policy_hash", WORD, "the hash of what it means"),
    ("engine", WORD, "which engine decided"),
)

ANSWER: Final = pa.schema([(name, type_) for name, type_, _ in _COLUMNS])
DESCRIPTIONS: Final[Mapping[str, str]] = {name: says for name, _, says in _COLUMNS}

REPEATED: Final = [
    *(name for name, type_, _ in _COLUMNS if type_ == WORD),
    *(f"{name}.list.element" for name, type_, _ in _COLUMNS if type_ == TEXTS),
    *(f"lines.list.element.{name}" for name in ("outcome", "parts.list.element")),
    "lines.list.element.findings.list.element",
]
"""The columns whose texts come again and again, by their paths in a Parquet file."""
