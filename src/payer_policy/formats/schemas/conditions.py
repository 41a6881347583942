"""The schema of conditions and expressions: which names, operators and values go together.

The choice between shapes is written as `if`/`then` on the key that is there, so that a validator
points at the fault and does not say "not valid under any of the given schemas".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from payer_policy.core.vocabulary.codes import SYSTEMS
from payer_policy.core.vocabulary.operators import OPERATORS, Operator
from payer_policy.core.vocabulary.types import FactType
from payer_policy.language import ARITHMETIC_ARITY, MAX_COUNTED, MAX_PARTS, WINDOW_UNITS

Schema = dict[str, Any]
NOTE: Final[Schema] = {"type": "string", "description": "A remark for readers; it decides nothing."}
_LIMIT: Final = 400
"""Longer lists of codes are not offered: an editor would drown in them."""


_ABOVE_ZERO: Final = {"type": "integer", "minimum": 1}


@dataclass
class ConditionSchemas:
    """The definitions for conditions over some subjects (facts, or fields of lines)."""

    prefix: str
    """What the names of the definitions begin with."""
    subject: str
    """The key that a test begins with."""
    subjects: Mapping[str, tuple[FactType, str]]
    """What that key may name: by name, the type and a description."""
    facts: Sequence[str] | None
    """What `{"fact": …}` may name on a right side; None: anything."""
    code_sets: Sequence[str]
    """What `{"code_set": …}` may name."""
    codes: Callable[[str], frozenset[str]]
    """The codes of a system that are worth offering."""
    parameters: bool
    """Whether parameters and definitions can be named."""

    @property
    def condition(self) -> Schema:
        """A reference to the definition of a condition."""
        return {"$ref": f"#/$defs/{self.prefix}condition"}

    @property
    def expression(self) -> Schema:
        """A reference to the definition of what can be worked out."""
        return {"$ref": f"#/$defs/{self.prefix}expression"}

    def definitions(self) -> dict[str, Schema]:
        """All definitions, by name."""
        tests, by_type = self._tests()
        return {
            f"{self.prefix}condition": self._condition(),
            f"{self.prefix}expression": self._expression(),
            f"{self.prefix}test": tests,
            **by_type,
            **{f"{self.prefix}{system}-code": self._code(system) for system in ("any", *SYSTEMS)},
        }

    def operand(self, type_: FactType) -> Schema:
        """A literal of the type, or something that is worked out (an object)."""
        return self._or_computed(self.literal(type_))

    def _or_computed(self, plain: Schema) -> Schema:
        return {"if": {"type": "object"}, "then": self.expression, "else": plain}

    def literal(self, type_: FactType) -> Schema:
        """A plain value of the type."""
        match type_.kind:
            case "boolean":
                return {"type": "boolean"}
            case "integer" | "decimal":
                number = "integer" if type_.kind == "integer" else "number"
                return {"type": number} if type_.unit is None else _with_unit(number)
            case "date":
                return {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
            case "choice":
                numerals = [int(value) for value in type_.values if str(value).isdecimal()]
                plain = [number for number in numerals if str(number) in type_.values]
                return {"enum": [*type_.values, *plain]}
            case "codes":
                of_one = self.literal(FactType("code", system=type_.system))
                return {"type": "array", "items": of_one}
            case "code":
                return self._ref(f"{type_.system or 'any'}-code")

    def _code(self, system: str) -> Schema:
        codes = sorted(self.codes(system))
        if not 0 < len(codes) <= _LIMIT:
            return {"type": "string"}
        # Offered, not enforced: other spellings of a code (case, dots) are fine too.
        return {"type": "string", "anyOf": [{"enum": codes}, {"type": "string"}]}

    # --- conditions ------------------------------------------------------------------------------

    def _condition(self) -> Schema:
        several = _array(self.condition, 1, MAX_PARTS)

        def shape(**properties: Schema) -> Schema:
            return {
                "properties": {**properties, "note": NOTE},
                "required": list(properties),
                "additionalProperties": False,
            }

        named: dict[str, Schema] = {}
        if self.parameters:
            named["define"] = {"type": "string", "description": "The name of a definition."}
        counted = shape(at_least=_ABOVE_ZERO, of={**several, "maxItems": MAX_COUNTED})
        node: Schema = {"if": {"required": ["of"]}, "then": counted, "else": self._ref("test")}
        for key, inner in (("not", self.condition), ("any", several), ("all", several)):
            node = {"if": {"required": [key]}, "then": shape(**{key: inner}), "else": node}
        if named:
            node = {"if": {"required": ["define"]}, "then": shape(**named), "else": node}
        keys = ("all", "any", "not", "at_least", "of", *named, self.subject)
        return {
            "description": f"all, any, not, at_least … of, or one test of a {self.subject}.",
            "type": "object",
            # Named here so that an editor offers them before anything is typed.
            "properties": dict.fromkeys(keys, True),
            "minProperties": 1,
            **node,
        }

    def _ref(self, name: str) -> Schema:
        return {"$ref": f"#/$defs/{self.prefix}{name}"}

    def _tests(self) -> tuple[Schema, dict[str, Schema]]:
        """The schema of a test, and one definition for each type of subject that occurs."""
        by_type: dict[FactType, list[str]] = {}
        for name, (type_, _) in self.subjects.items():
            # What may be supplied is narrower than what a test may name: its range tells no types apart.
            by_type.setdefault(replace(type_, minimum=None, maximum=None), []).append(name)
        definitions: dict[str, Schema] = {}
        branches = []
        for number, (type_, names) in enumerate(by_type.items(), start=1):
            called = f"test-{type_.kind}-{number}"
            definitions[f"{self.prefix}{called}"] = self._test_of(type_)
            chosen = {"properties": {self.subject: {"enum": names}}, "required": [self.subject]}
            branches.append({"if": chosen, "then": self._ref(called)})
        named = [{"const": name, "description": says} for name, (_, says) in self.subjects.items()]
        test = {
            "required": [self.subject],
            "properties": {self.subject: {"anyOf": named}},
            "allOf": branches,
        }
        return test, definitions

    def _test_of(self, type_: FactType) -> Schema:
        operators = [row for row in OPERATORS.values() if row.fits(type_)]
        sides = {
            row.name: {"description": row.means, **self._right_side(row, type_)}
            for row in operators
        }
        return {
            "description": f"A test of {type_.describe()}.",
            "properties": {self.subject: True, "note": NOTE, **sides},
            "additionalProperties": False,
            "oneOf": [{"required": [row.name]} for row in operators],
        }

    def _right_side(self, operator: Operator, type_: FactType) -> Schema:
        item = FactType("code", system=type_.system) if type_.kind == "codes" else type_
        match operator.shape:
            case "flag":
                return {"type": "boolean"}
            case "whole":
                return self._or_computed(_ABOVE_ZERO)
            case "code":
                return self.operand(item)
            case "several":
                return self._or_computed(_array(self.operand(item), 1))
            case "pair":
                return _array(self.operand(type_), 2, 2)
            case "window":
                return {
                    "type": "object",
                    "properties": {**self._span(), "note": NOTE},
                    "additionalProperties": False,
                    "minProperties": 2,
                }
            case _:
                return self.operand(type_)

    def _span(self) -> dict[str, Schema]:
        """So many days, weeks, …, before or after a date."""
        amount = self._or_computed({"type": "integer"})
        anchor = self.operand(FactType("date"))
        says = "The holiday calendar whose business days are meant; else Monday to Friday."
        calendar = {"type": "string", "description": says}
        spans = dict.fromkeys(WINDOW_UNITS, amount)
        return {**spans, "before": anchor, "after": anchor, "calendar": calendar}

    # --- expressions -----------------------------------------------------------------------------

    def _expression(self) -> Schema:
        names: dict[str, Schema] = {
            "fact": {"type": "string"} if self.facts is None else {"enum": list(self.facts)}
        }
        if self.parameters:
            says = "The name of a parameter of the policy."
            names["parameter"] = {"type": "string", "description": says}
            says = "The name of a value that the policy defines."
            names["define"] = {"type": "string", "description": says}
            names["table"] = {"type": "string", "description": "The name of a table of the policy."}
            names["column"] = {"type": "string", "description": "The column of the table."}
        names["code_set"] = {"enum": sorted(self.code_sets)}
        numeric = self._or_computed(_with_unit("number"))
        days = self.operand(FactType("date"))
        for name, (least, most) in ARITHMETIC_ARITY.items():
            part = days if name.endswith("_between") else numeric
            if name in ("minimum", "maximum"):
                part = self._or_computed({"type": ["number", "string"]})
            elif name == "days_overlapping":
                part = _period(days)
            listed = _array(part, least, most)
            single = {"if": {"type": "array"}, "then": listed, "else": part}
            names[name] = single if least == 1 else listed
        names |= self._span()
        says = "The number whose multiple a number is rounded to, such as 50 mg."
        names["to"] = {"description": says, **numeric}
        return {
            "description": "A fact, a parameter, a definition, a column of a table, or arithmetic.",
            "type": "object",
            "properties": {**names, "note": NOTE},
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 4,
            **(
                {"dependentRequired": {"table": ["column"], "column": ["table"]}}
                if self.parameters
                else {}
            ),
            "dependentSchemas": {
                "to": {
                    "anyOf": [{"required": [name]} for name in ARITHMETIC_ARITY if "round" in name]
                }
            },
        }


def _with_unit(plain: str) -> Schema:
    """A number, or a text such as "50 mg"."""
    return {"type": [plain, "string"], "pattern": r"^\s*[+-]?\d+(\.\d+)?\s*\S*[^\d\s.]"}


def _period(day: Schema) -> Schema:
    """From a day through another, or to below one that is not included."""
    return {
        "type": "object",
        "properties": {"from": day, "through": day, "below": day, "note": NOTE},
        "required": ["from"],
        "oneOf": [{"required": ["through"]}, {"required": ["below"]}],
        "additionalProperties": False,
    }


def _array(items: Schema, least: int, most: int | None = None) -> Schema:
    longest = {} if most is None else {"maxItems": most}
    return {"type": "array", "minItems": least, **longest, "items": items}
