"""The condition language: from a JSON condition to typed tests, the same for facts and for lines.

Elaboration reads raw JSON, checks every name, type, unit and value, reports all problems with
their places, and returns the intermediate form of `payer_policy.core.ruleset`.
"""

from payer_policy.language.definitions import DEFINE, Definition, Definitions
from payer_policy.language.elaborate import Elaborator
from payer_policy.language.expressions import ARITHMETIC_ARITY, CALENDAR, WINDOW_UNITS, and_
from payer_policy.language.right_sides import MAX_COUNTED, MAX_PARTS
from payer_policy.language.scope import CodeSetMembers, ParameterValue, Scope
from payer_policy.language.tables import TABLE, TableReader, WrittenTable

__all__ = [
    "ARITHMETIC_ARITY",
    "CALENDAR",
    "DEFINE",
    "MAX_COUNTED",
    "MAX_PARTS",
    "TABLE",
    "WINDOW_UNITS",
    "CodeSetMembers",
    "Definition",
    "Definitions",
    "Elaborator",
    "ParameterValue",
    "Scope",
    "TableReader",
    "WrittenTable",
    "and_",
]
