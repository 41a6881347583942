"""The JSON Schemas of all files, generated from the models and the vocabulary.

An editor that reads them offers the facts, for each fact the operators of its type, and its values.
The choice between shapes is written as `if`/`then` on the key that is there, so that a validator
points at the fault and does not say "not valid under any of the given schemas".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from pydantic import BaseModel

from payer_policy.determination.model import determination_schema, outcome_schema
from payer_policy.diagnostics import Diagnostic
from payer_policy.json_source import JsonDocument, render_path
from payer_policy.language import ARITHMETIC_ARITY, WINDOW_UNITS
from payer_policy.policy.files import PolicyFile
from payer_policy.policy.library import Library
from payer_policy.reference.files import (
    CodeSetFile,
    DrugFile,
    PayerFile,
    ProductsFile,
    ReasonCodesFile,
)
from payer_policy.request.models import Request
from payer_policy.vocabulary.model import Fact, VocabularyFile
from payer_policy.vocabulary.operators import OPERATORS, Operator
from payer_policy.vocabulary.types import FactType

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_NOTE: Final = {"type": "string", "description": "A remark for readers; it decides nothing."}


def all_schemas(library: Library) -> dict[str, dict[str, Any]]:
    """Every schema by its file name under `schema/`."""
    plain: Mapping[str, type[BaseModel]] = {
        "vocabulary": VocabularyFile,
        "code-set": CodeSetFile,
        "reason-codes": ReasonCodesFile,
        "drug": DrugFile,
        "products": ProductsFile,
        "payer": PayerFile,
        "request": Request,
    }
    schemas = {name: _of_model(model) for name, model in plain.items()}
    schemas["policy"] = policy_schema(library)
    schemas["determination"] = determination_schema()
    schemas["outcome"] = outcome_schema()
    return {f"{name}.schema.json": schema for name, schema in sorted(schemas.items())}


def _of_model(model: type[BaseModel]) -> dict[str, Any]:
    return {"$schema": DIALECT, **_tidy(model.model_json_schema(by_alias=True))}


def _tidy(node: Any) -> Any:
    """Without what says nothing to an author: generated titles."""
    if isinstance(node, dict):
        return {
            key: _tidy(value)
            for key, value in node.items()
            if not (key == "title" and isinstance(value, str))
        }
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    return node


def policy_schema(library: Library) -> dict[str, Any]:
    """The schema of a policy file, with the facts, operators and values of this folder."""
    schema = _of_model(PolicyFile)
    facts = list(library.vocabulary.facts.values())
    derived = {fact.name: fact for fact in facts if fact.derived}
    definitions = schema["$defs"]
    definitions["condition"] = _condition("fact", "#/$defs/test")
    definitions["expression"] = _expression(library)
    tests, groups = _tests(facts, library)
    definitions["test"] = tests
    definitions |= groups
    definitions["EffectModel"]["minProperties"] = 1
    definitions["EffectModel"]["maxProperties"] = 1
    definitions["EffectModel"]["properties"]["conclude"] = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            name: {**_operand(fact.type, library), "description": fact.label}
            for name, fact in derived.items()
        },
    }
    parts = ["service", *library.vocabulary.line_parts]
    for name in ("FindingModel", "ReduceModel"):
        definitions[name]["properties"]["on"] = {"enum": parts, "default": "service"}
    for name in ("FindingModel", "ReduceModel", "ReasonModel"):
        for key, system in (("group", "group"), ("carc", "carc")):
            definitions[name]["properties"][key] = {
                "enum": [*_reason_codes(library, system), None],
                "default": None,
            }
        definitions[name]["properties"]["rarc"] = {
            "type": "array",
            "items": {"enum": _reason_codes(library, "rarc")},
        }
    return schema


def _reason_codes(library: Library, system: str) -> list[str]:
    return sorted(code for kind, code in library.reference.reason_codes if kind == system)


def _condition(subject: str, test: str) -> dict[str, Any]:
    several = {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/condition"}}

    def shape(**properties: Any) -> dict[str, Any]:
        return {
            "properties": {**properties, "note": _NOTE},
            "required": list(properties),
            "additionalProperties": False,
        }

    node: dict[str, Any] = {"$ref": test}
    node = {
        "if": {"required": ["of"]},
        "then": shape(at_least={"type": "integer", "minimum": 1}, of=several),
        "else": node,
    }
    for key, inner in (
        ("not", {"$ref": "#/$defs/condition"}),
        ("any", several),
        ("all", several),
    ):
        node = {"if": {"required": [key]}, "then": shape(**{key: inner}), "else": node}
    return {
        "description": "all, any, not, at_least … of, or one test of a fact.",
        "type": "object",
        # Named here so that an editor offers them before anything is typed.
        "properties": {key: True for key in ("all", "any", "not", "at_least", "of", subject)},
        **node,
    }


def _expression(library: Library) -> dict[str, Any]:
    expression = {"$ref": "#/$defs/expression"}
    properties: dict[str, Any] = {
        "fact": {"enum": list(library.vocabulary.facts)},
        "parameter": {"type": "string", "description": "The name of a parameter of the policy."},
        "code_set": {"enum": sorted(library.reference.code_sets)},
        "note": _NOTE,
    }
    for name, (least, most) in ARITHMETIC_ARITY.items():
        listed = {"type": "array", "minItems": least, "maxItems": most, "items": expression}
        properties[name] = {"anyOf": [expression, listed]} if least == 1 else listed
    return {
        "description": "A plain value, a fact, a parameter, a code set, or arithmetic over them.",
        "if": {"type": "object"},
        "then": {
            "properties": properties,
            "additionalProperties": False,
            "minProperties": 1,
            "maxProperties": 2,
        },
        "else": {"type": ["boolean", "number", "string"]},
    }


def _tests(facts: Iterable[Fact], library: Library) -> tuple[dict[str, Any], dict[str, Any]]:
    """The schema of a test, and one definition for each type of fact that occurs."""
    by_type: dict[FactType, list[Fact]] = {}
    for fact in facts:
        by_type.setdefault(fact.type, []).append(fact)
    definitions: dict[str, Any] = {}
    branches = []
    for number, (type_, members) in enumerate(by_type.items(), start=1):
        name = f"test-{type_.kind}-{number}"
        definitions[name] = _test_of(type_, library)
        branches.append(
            {
                "if": {
                    "properties": {"fact": {"enum": [fact.name for fact in members]}},
                    "required": ["fact"],
                },
                "then": {"$ref": f"#/$defs/{name}"},
            }
        )
    named = {
        "anyOf": [{"const": fact.name, "description": fact.label} for fact in library_facts(library)]
    }
    test = {"required": ["fact"], "properties": {"fact": named}, "allOf": branches}
    return test, definitions


def library_facts(library: Library) -> Iterable[Fact]:
    """The declared facts in the order of the vocabulary."""
    return library.vocabulary.facts.values()


def _test_of(type_: FactType, library: Library) -> dict[str, Any]:
    operators = [row for row in OPERATORS.values() if row.fits(type_.kind, type_.ordered)]
    return {
        "description": f"A test of {type_.describe()}.",
        "properties": {
            "fact": True,
            "note": _NOTE,
            **{
                row.name: {"description": row.means, **_right_side(row, type_, library)}
                for row in operators
            },
        },
        "additionalProperties": False,
        "oneOf": [{"required": [row.name]} for row in operators],
    }


def _right_side(operator: Operator, type_: FactType, library: Library) -> dict[str, Any]:
    item = FactType("code", system=type_.system) if type_.kind == "codes" else type_
    match operator.shape:
        case "flag":
            return {"type": "boolean"}
        case "code":
            return _operand(item, library)
        case "several":
            listed = {"type": "array", "minItems": 1, "items": _operand(item, library)}
            return {"if": {"type": "object"}, "then": _reference(), "else": listed}
        case "pair":
            pair = _operand(type_, library)
            return {"type": "array", "minItems": 2, "maxItems": 2, "items": pair}
        case "window":
            amount = {"$ref": "#/$defs/expression"}
            return {
                "type": "object",
                "properties": {
                    **{unit: amount for unit in WINDOW_UNITS},
                    "before": amount,
                    "after": amount,
                    "note": _NOTE,
                },
                "additionalProperties": False,
                "minProperties": 2,
            }
        case _:
            if type_.kind == "codes":
                listed = {"type": "array", "items": _operand(item, library)}
                return {"if": {"type": "object"}, "then": _reference(), "else": listed}
            return _operand(type_, library)


def _reference() -> dict[str, Any]:
    return {"$ref": "#/$defs/expression"}


def _operand(type_: FactType, library: Library) -> dict[str, Any]:
    """A literal of the type, or something that is worked out (an object)."""
    literal: dict[str, Any]
    match type_.kind:
        case "boolean":
            literal = {"type": "boolean"}
        case "integer":
            literal = {"type": "integer"}
        case "decimal":
            literal = {"type": "number"}
        case "date":
            literal = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
        case "choice":
            literal = {"enum": list(type_.values)}
        case _:
            codes = sorted(library.known_codes.get(type_.system or "", frozenset()))
            # Offered, not enforced here: other spellings of a code (case, dots) are fine too.
            literal = {"anyOf": [{"enum": codes}, {"type": "string"}]} if codes else {
                "type": "string"
            }
    return {"if": {"type": "object"}, "then": _reference(), "else": literal}


def schema_problems(
    schema: Mapping[str, Any], document: JsonDocument, kind: str
) -> list[Diagnostic]:
    """What a JSON Schema validator says of a document that our own reading found right.

    The two must agree; where they do not, an editor would show what `check` does not, so it is said.
    """
    return [
        document.problem(
            "schema-mismatch",
            f"the published schema {kind}.schema.json refuses this ({error.validator})",
            tuple(error.absolute_path),
            hint="run `payer-policy schema --write` if the vocabulary has changed",
        )
        for error in sorted(
            Draft202012Validator(schema).iter_errors(_plain(document.value)),
            key=lambda error: render_path(tuple(error.absolute_path)),
        )
    ]


def _plain(value: Any) -> Any:
    """The value with exact decimals as numbers that a schema validator knows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return float(value)  # only the shape is judged here; nothing is decided by it
