"""One error of pydantic's, in words: what was found, what was expected, what to type.

Nothing here knows a document or a model; `json_models` adds the place and the names. A model that
wants a wording of its own raises `ValueProblem`, whose code, message and hint pass through.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, get_args

from pydantic_core import ErrorDetails, core_schema

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.vocabulary.types import FLOAT, INSTEAD_OF_FLOAT, ValueProblem, shown

_KNOWN_TYPES: Final = frozenset(get_args(core_schema.ErrorType))
_QUOTED: Final = re.compile(r"'([^']*)'")
_EXPECTED: Final = {
    "bool_type": "true or false",
    "date_type": "a date (YYYY-MM-DD)",
    "decimal_type": "a number",
    "dict_type": "an object",
    "float_type": "a number",
    "frozen_set_type": "a list",
    "int_from_float": "a whole number",
    "int_type": "a whole number",
    "is_instance_of": "a number",  # Decimal is the one class that a JSON value is asked to be
    "list_type": "a list",
    "mapping_type": "an object",
    "model_attributes_type": "an object",
    "model_type": "an object",
    "none_required": "null",
    "set_type": "a list",
    "string_type": "a text",
    "tuple_type": "a list",
}
_BOUNDS: Final = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}
_LENGTHS: Final = {
    "string_too_long": ("at most", "max_length", "characters"),
    "string_too_short": ("at least", "min_length", "characters"),
    "too_long": ("at most", "max_length", "entries"),
    "too_short": ("at least", "min_length", "entries"),
}
_SPELLINGS: Final = {
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "lowercase letters, digits and single hyphens (`like-this-1`)",
}


class Said(NamedTuple):
    """One problem in words. `expected` names what would have fitted, where the type was wrong."""

    code: str
    message: str
    hint: str | None = None
    expected: str | None = None


def said(detail: ErrorDetails) -> Said:
    """What pydantic found wrong, without its words and without Python's."""
    kind, raw, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return Said("unknown-key", "is not known here")
    if kind == "missing":
        return Said("missing-key", "is missing")
    if kind in ("value_error", "assertion_error"):
        problem = context.get("error")
        if isinstance(problem, ValueProblem):
            return Said(problem.code, problem.message, problem.hint)
        return Said("wrong-value", str(problem))
    if kind in ("literal_error", "enum"):
        return _choice(raw, str(context.get("expected", "")))
    if expected := _EXPECTED.get(kind):
        return wrong_type(raw, expected)
    if bound := _BOUNDS.get(kind):
        limit = f"{bound[0]} {context[bound[1]]}"
        return Said("wrong-value", f"found {shown(raw)}; {limit} was expected")
    if length := _LENGTHS.get(kind):
        how, key, what = length
        count = len(raw) if isinstance(raw, (str, list, dict)) else 0
        limit = f"{how} {context[key]} were expected"
        return Said("wrong-value", f"found {count} {what}; {limit}")
    if kind == "string_pattern_mismatch" and (form := _SPELLINGS.get(context["pattern"])):
        return Said("wrong-value", f"found {shown(raw)}; {form} were expected")
    if kind in _KNOWN_TYPES:
        return Said("wrong-value", f"found {shown(raw)}, which does not fit here")
    return Said("wrong-value", detail["msg"])  # worded by the model itself


def wrong_type(raw: object, expected: str) -> Said:
    """`raw` where `expected` (a noun with its article) should stand."""
    inexact = isinstance(raw, float) and "number" in expected
    found = f"{shown(raw)}, {FLOAT}" if inexact else shown(raw)
    return Said(
        "wrong-type",
        f"found {found}; {expected} was expected",
        _type_hint(raw, expected),
        expected,
    )


def _type_hint(raw: object, expected: str) -> str | None:
    if raw is None:
        return "leave the field out when it is not known"
    if isinstance(raw, float) and "number" in expected:
        return INSTEAD_OF_FLOAT
    if expected == "a text" and not isinstance(raw, (bool, dict, list)):
        return "put it in quotation marks"
    if isinstance(raw, str) and (
        (expected in ("a whole number", "a number") and raw.isdigit())
        or (expected == "true or false" and raw in ("true", "false"))
    ):
        return "write it without quotation marks"
    if expected == "a list" and not isinstance(raw, (dict, list)):
        return "put it in square brackets"
    return None


def _choice(raw: object, expected: str) -> Said:
    values = _QUOTED.findall(expected)
    wanted = f"one of {', '.join(values)}" if len(values) > 1 else expected.replace("'", '"')
    hint = None
    if isinstance(raw, str):
        hint = did_you_mean(raw, values)
    elif str(raw) in values:
        hint = "put it in quotation marks"
    return Said("wrong-value", f"found {shown(raw)}; {wanted} was expected", hint, wanted)
