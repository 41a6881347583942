"""The columns of the answers: one row for each drug service, the same for every writer of answers.

A column without a value is null; a list without items is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

WORD: Final = pa.dictionary(pa.int32(), pa.string())
"""A text with few distinct values in a file."""

TEXTS: Final = pa.list_(pa.string())
PLACES: Final = 12
UNITS: Final = pa.decimal128(24, PLACES)
LINES: Final = pa.list_(
    pa.struct(
        [
            ("number", pa.int32()),
            ("parts", TEXTS),
            ("outcome", pa.string()),
            ("disposition", pa.string()),
            ("billed_units", UNITS),
            ("allowed_units", UNITS),
            ("allowed_least", UNITS),
            ("allowed_most", UNITS),
            ("findings", TEXTS),
        ]
    )
)

_COLUMNS: Final[tuple[tuple[str, Any, str], ...]] = (
    ("file", WORD, "the input file, as named or found"),
    ("record", pa.int64(), "where in the file, from 1: the row, the line, or the claim"),
    ("claim_id", pa.string(), "the claim's number"),
    ("kind", WORD, "claim or preauthorization"),
    ("code", WORD, "the billing code of the service"),
    ("service_date", pa.date32(), "the day of service"),
    ("decision", WORD, "approve, deny, pend, partial, void, not_required or no_policy"),
    ("recommended", WORD, "deny: a pended service that is denied once a clinician confirms it"),
    ("headline", WORD, "the rule whose finding leads"),
    ("findings", TEXTS, "the rules with a finding, by id"),
    (
        "reasons",
        TEXTS,
        "the kind and reason codes of each finding: `deny CO 16 N822 MA130`",
    ),
    ("follow_up", TEXTS, "the rules whose advice is to be reviewed after payment, by id"),
    ("certified", pa.string(), "what a rule certifies of a preauthorization, as JSON"),
    ("missing", TEXTS, "facts that could still change the decision, in the vocabulary's order"),
    ("unsettled", TEXTS, "the rules that are unknown, by id"),
    ("assumptions", TEXTS, "the unknown rules that the policy says not to apply, by id"),
    (
        "information_request",
        WORD,
        "the reason codes of the request for information: `ask CO 252 N706`",
    ),
    (
        "lines",
        LINES,
        "each line: number, parts, outcome, disposition, units billed and allowed, findings",
    ),
    ("internal", pa.string(), "the internal error for which the service pends"),
    ("policy", WORD, "the address of the policy that decided"),
    ("policy_version", WORD, "its version"),
    ("policy_hash", WORD, "the hash of its meaning"),
    ("engine", WORD, "the engine that decided"),
)

ANSWER: Final = pa.schema([(name, type_) for name, type_, _ in _COLUMNS])


def _held(type_: Any) -> Any:
    """The type in which the texts of lists are words."""
    if pa.types.is_list(type_):
        inner = type_.value_type
        return pa.list_(WORD if pa.types.is_string(inner) else _held(inner))
    if pa.types.is_struct(type_):
        texts = pa.types.is_string
        return pa.struct(
            [(one.name, WORD if texts(one.type) else _held(one.type)) for one in type_]
        )
    return type_


HELD: Final = pa.schema(
    [(name, _held(type_)) for name, type_ in zip(ANSWER.names, ANSWER.types, strict=True)]
)
"""The answers while they are in memory: each text of their lists is there once, which takes a fifth."""

DESCRIPTIONS: Final[Mapping[str, str]] = {name: says for name, _, says in _COLUMNS}

REPEATED: Final = [
    *(name for name, type_, _ in _COLUMNS if type_ == WORD),
    *(f"{name}.list.element" for name, type_, _ in _COLUMNS if type_ == TEXTS),
    *(f"lines.list.element.{name}" for name in ("outcome", "disposition", "parts.list.element")),
    "lines.list.element.findings.list.element",
]
"""The columns whose texts repeat, by their paths in a Parquet file."""
