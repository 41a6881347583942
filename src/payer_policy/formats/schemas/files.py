"""One schema a kind of file, from its model, with the names that this policy folder declares."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import BaseModel

from payer_policy.core.vocabulary.codes import SYSTEMS
from payer_policy.core.vocabulary.model import VocabularyFile
from payer_policy.core.vocabulary.outcome import OUTCOME
from payer_policy.core.vocabulary.reading import WHOLE_SERVICE
from payer_policy.core.vocabulary.types import NONE_TEXT, NUMERIC, FactType
from payer_policy.core.vocabulary.units import UNITS
from payer_policy.formats.schemas.conditions import NOTE, ConditionSchemas, Schema
from payer_policy.language.sources import (
    AGGREGATES,
    AUTHORIZATION_FIELDS,
    LINE_FIELDS,
    LINE_SETS,
    RECORD_AGGREGATES,
    REQUEST_PATHS,
    SERVICE_PATHS,
)
from payer_policy.policy.files import PolicyFile
from payer_policy.policy.library import Library
from payer_policy.policy.reference.files import (
    CodeSetFile,
    DrugFile,
    PayerFile,
    ProductsFile,
    ReasonCodesFile,
)
from payer_policy.policy.statements import KINDS, StatementsFile
from payer_policy.request.models import Request

SCHEMAS: Final = "schema"
"""The folder of the schemas, beside that of the policies: there their `$schema` looks."""
_OBJECT: Final = {"type": "object"}
_ROW: Final = {
    **_OBJECT,
    "description": "What the row asks of each key, and what it gives in each column.",
    "required": ["id", "when"],
    "properties": {"id": {"type": "string"}, "when": _OBJECT, "note": NOTE},
}
_PLAIN: Final = {"type": ["number", "string"]}
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def all_schemas(library: Library) -> dict[str, Schema]:
    """Every schema by its file name under `schema/`."""
    # Only the command that writes them needs the shapes of answers.
    from payer_policy.determination.model import determination_schema, outcome_schema

    code_set = _of_model(CodeSetFile)
    code_set["properties"]["system"] = {"enum": list(SYSTEMS)}
    schemas = {
        "code-set": code_set,
        "determination": determination_schema(),
        "drug": _of_model(DrugFile),
        "outcome": outcome_schema(),
        "payer": _of_model(PayerFile),
        "policy": policy_schema(library),
        "products": _of_model(ProductsFile),
        "reason-codes": _of_model(ReasonCodesFile),
        "request": _of_model(Request),
        "statements": statements_schema(library),
        "vocabulary": vocabulary_schema(library),
    }
    return {f"{name}.schema.json": schema for name, schema in sorted(schemas.items())}


def schema_texts(library: Library) -> dict[str, str]:
    """The text of each schema, by its file name."""
    return {
        file: json.dumps(schema, indent=1, ensure_ascii=False) + "\n"
        for file, schema in all_schemas(library).items()
    }


def _of_model(model: type[BaseModel]) -> Schema:
    return {"$schema": DIALECT, **_tidy(model.model_json_schema(by_alias=True))}


def _tidy(node: Any) -> Any:
    """Without generated titles, and with numbers as numbers only."""
    if isinstance(node, list):
        return [_tidy(item) for item in node if not _is_numeral(item)]
    if not isinstance(node, dict):
        return node
    titled = isinstance(node.get("title"), str)
    out = {key: _tidy(one) for key, one in node.items() if not (titled and key == "title")}
    if out.get("format") == "date":
        out["pattern"] = r"^\d{4}-\d{2}-\d{2}$"  # `format` alone is only a remark to a validator
    return out


def _is_numeral(node: Any) -> bool:
    """A decimal number written as a text, which is not allowed in any file."""
    is_text = isinstance(node, dict) and node.get("type") == "string"
    return is_text and "(?!^" in node.get("pattern", "")


# --- the policy ------------------------------------------------------------------------------------


def policy_schema(library: Library) -> Schema:
    """The schema of a policy file, with the facts, operators and values of this folder."""
    schema = _of_model(PolicyFile)
    facts = library.vocabulary.facts
    made = _over_facts(library, {name: (fact.type, fact.label) for name, fact in facts.items()})
    definitions: dict[str, Schema] = schema["$defs"]
    definitions |= made.definitions()
    _with_facts(definitions, _over_line_fields(library, parameters=True), made)
    schema["properties"]["applies_to"] = made.condition
    schema["properties"]["ask_first"]["items"] = {"enum": list(facts)}
    definitions["RuleModel"]["properties"]["when"] = made.condition
    definitions["EffectModel"] |= {"minProperties": 1, "maxProperties": 1}
    conclusions = {
        name: {**made.operand(fact.type), "description": fact.label}
        for name, fact in facts.items()
        if fact.derived
    }
    definitions["EffectModel"]["properties"] = {
        key: _not_null(value) for key, value in definitions["EffectModel"]["properties"].items()
    } | {
        "conclude": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": False,
            "properties": conclusions,
        }
    }
    definitions["ParameterModel"]["properties"] |= {
        "value": {
            "type": ["boolean", "number", "string", "array"],
            "items": {"type": "string"},
        },
        "unit": _units(),
    }
    definitions["DefinitionModel"]["properties"] |= {
        "value": {"if": {"type": "object"}, "then": made.expression, "else": _PLAIN},
        "when": made.condition,
    }
    definitions["DefinitionModel"]["oneOf"] = [{"required": ["value"]}, {"required": ["when"]}]
    definitions["TableModel"]["properties"] |= {
        "by": {"type": "array", "items": {"enum": list(facts)}, "minItems": 1},
        "gives": _not_null(definitions["TableModel"]["properties"]["gives"]),
        "rows": {"type": "array", "items": _ROW},
        "otherwise": {"if": {"type": "string"}, "then": {"const": NONE_TEXT}, "else": _OBJECT},
    }
    definitions["ColumnModel"]["properties"]["unit"] = _units()
    day, codes = FactType("date"), FactType("codes", system="hcpcs")
    amount = {"if": {"type": "object"}, "then": made.expression, "else": {"type": "number"}}
    definitions["ReduceModel"]["properties"]["to"] = amount
    certify = definitions["CertifyModel"]["properties"]
    certify |= {"quantity": amount, "codes": made.operand(codes)}
    certify |= {"from": made.operand(day), "through": made.operand(day)}
    definitions["QuantityPerModel"]["properties"]["quantity"] = amount
    for key, node in (("for", certify), ("every", definitions["QuantityPerModel"]["properties"])):
        node[key] = _one_period(_not_null(node[key]), made.operand(FactType("integer")))
    _with_reason_codes(definitions, library)
    return schema


def _one_period(node: Schema, amount: Schema) -> Schema:
    """An amount of one unit of time."""
    units = node["propertyNames"]["enum"]
    return {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
        "properties": dict.fromkeys(units, amount),
    }


def statements_schema(library: Library) -> Schema:
    """The schema of statements: conditions over the facts of this folder, and over the outcome."""
    schema = _of_model(StatementsFile)
    subjects = {name: (fact.type, fact.label) for name, fact in library.vocabulary.facts.items()}
    for name, fact in OUTCOME.items():
        subjects[name] = (replace(fact.type, system=None), fact.label)
    made = _over_facts(library, subjects)
    definitions: dict[str, Schema] = schema["$defs"]
    definitions |= made.definitions()
    properties = definitions["StatementModel"]["properties"]
    for key in ("when", *KINDS):
        properties[key] = made.condition
    return schema


def _over_facts(library: Library, subjects: Mapping[str, tuple[FactType, str]]) -> ConditionSchemas:
    """The conditions over facts (and over the outcome) that rules and statements are made of."""
    code_sets, codes = list(library.reference.code_sets), _codes_of(library)
    return ConditionSchemas("", "fact", subjects, list(subjects), code_sets, codes, parameters=True)


def _not_null(node: Schema) -> Schema:
    """An optional part, which is left out rather than null."""
    options = [option for option in node.get("anyOf", ()) if option.get("type") != "null"]
    return options[0] if len(options) == 1 else node


def _units() -> Schema:
    # Offered, not enforced: the grammar of units has no end.
    return {"anyOf": [{"enum": [*UNITS, None]}, {"type": "string"}], "default": None}


def _codes_of(library: Library) -> Callable[[str], frozenset[str]]:
    return lambda system: library.basis.known_codes.get(system, frozenset())


def _with_reason_codes(definitions: dict[str, Schema], library: Library) -> None:
    def listed(system: str) -> list[str]:
        return sorted(code for kind, code in library.reference.reason_codes if kind == system)

    parts = [WHOLE_SERVICE, *library.vocabulary.line_parts]
    for name in (
        "FindingModel", "DenyModel", "ReduceModel", "CertifyModel", "AdviseModel", "ReasonModel",
    ):  # fmt: skip
        properties = definitions[name]["properties"]
        for system in ("group", "carc"):
            properties[system] = {"enum": [*listed(system), None], "default": None}
        properties["rarc"] = {"type": "array", "items": {"enum": listed("rarc")}}
        if "on" in properties and name != "CertifyModel":
            properties["on"] = {"enum": parts, "default": WHOLE_SERVICE}


# --- the vocabulary --------------------------------------------------------------------------------


def vocabulary_schema(library: Library) -> Schema:
    """The schema of the vocabulary: where facts come from, and the conditions over lines."""
    schema = _of_model(VocabularyFile)
    code_sets, codes = list(library.reference.code_sets), _codes_of(library)
    lines = _over_line_fields(library, parameters=False)
    facts = ConditionSchemas("", "fact", {}, None, code_sets, codes, parameters=False)
    definitions: dict[str, Schema] = schema["$defs"]
    definitions |= facts.definitions()
    # The facts are declared in the file itself, so only its own reading can type their tests.
    definitions["test"] = {"required": ["fact"], "properties": {"fact": {"type": "string"}}}
    _with_facts(definitions, lines, facts)
    definitions["LinePartModel"]["properties"]["where"] = lines.condition
    return schema


def _over_line_fields(library: Library, *, parameters: bool) -> ConditionSchemas:
    code_sets, codes = list(library.reference.code_sets), _codes_of(library)
    fields = {name: (type_, type_.describe()) for name, type_ in LINE_FIELDS.items()}
    return ConditionSchemas("line-", "line", fields, None, code_sets, codes, parameters=parameters)


def _with_facts(
    definitions: dict[str, Schema], lines: ConditionSchemas, facts: ConditionSchemas
) -> None:
    """What a file needs that declares facts, in the vocabulary or beside the rules of a policy."""
    fields = replace(lines, prefix="field-", subject="field", subjects={})
    definitions |= lines.definitions() | fields.definitions()
    # Records may be declared in the file itself, so only its own reading can type their tests.
    definitions["field-test"] = {"required": ["field"], "properties": {"field": {"type": "string"}}}
    definitions["source"] = _source(lines, facts, fields)
    typed: Schema = {"unit": _units(), "system": {"enum": [*SYSTEMS, None], "default": None}}
    definitions["FactModel"]["properties"] |= {"from": {"$ref": "#/$defs/source"}, **typed}
    definitions["FieldModel"]["properties"] |= typed


def _source(lines: ConditionSchemas, facts: ConditionSchemas, fields: ConditionSchemas) -> Schema:
    """The `from` of a fact, which the key that is there distinguishes."""
    roots: Mapping[str, Mapping[str, Any]] = {
        "request": REQUEST_PATHS,
        "service": SERVICE_PATHS,
        "authorization": AUTHORIZATION_FIELDS,
    }
    heads: dict[str, Schema] = {name: {"enum": list(paths)} for name, paths in roots.items()}
    heads["drug"] = {"type": "string"}
    heads["compute"] = _computed(facts)
    node: Schema = {
        "if": {"required": ["records"]},
        "then": _over_records(fields),
        "else": _over_lines(lines),
    }
    for head, inner in heads.items():
        shape = {
            "properties": {head: inner, "note": NOTE},
            "required": [head],
            "additionalProperties": False,
        }
        node = {"if": {"required": [head]}, "then": shape, "else": node}
    return {
        "description": "Where the fact comes from in a request.",
        "type": ["object", "null"],
        "properties": dict.fromkeys((*heads, "lines", "records"), True),
        **node,
    }


def _computed(facts: ConditionSchemas) -> Schema:
    condition = {
        "properties": {"condition": facts.condition, "note": NOTE},
        "additionalProperties": False,
    }
    return {
        "if": {"type": "object", "required": ["condition"]},
        "then": condition,
        "else": {"if": {"type": "object"}, "then": facts.expression, "else": True},
    }


def _over_lines(lines: ConditionSchemas) -> Schema:
    numbers = [name for name, type_ in LINE_FIELDS.items() if type_.kind in NUMERIC]
    sized = [name for name, type_ in LINE_FIELDS.items() if type_.kind in NUMERIC | {"date"}]
    codes = [name for name, type_ in LINE_FIELDS.items() if type_.kind in ("code", "codes")]
    case = {
        "type": "object",
        "properties": {"any": lines.condition, "value": True, "note": NOTE},
        "required": ["any", "value"],
        "additionalProperties": False,
    }
    return {
        "properties": {
            "lines": {"enum": list(LINE_SETS)},
            "where": lines.condition,
            "sum": {"enum": numbers},
            "count": {"const": True},
            "any": lines.condition,
            "all": lines.condition,
            "collect": {"enum": codes},
            "only": {"enum": list(LINE_FIELDS)},
            "min": {"enum": sized},
            "max": {"enum": sized},
            "cases": {"type": "array", "minItems": 1, "items": case},
            "note": NOTE,
        },
        "required": ["lines"],
        "additionalProperties": False,
        "oneOf": [{"required": [how]} for how in (*AGGREGATES, "cases")],
        "dependentSchemas": {"cases": {"properties": {"where": False}}},
    }


def _over_records(fields: ConditionSchemas) -> Schema:
    field = {"type": "string"}
    conditions = {"any": fields.condition, "all": fields.condition}
    aggregates = dict.fromkeys(RECORD_AGGREGATES, field) | {"count": {"const": True}} | conditions
    return {
        "properties": {
            "records": {"type": "string"},
            "where": fields.condition,
            **aggregates,
            "give": field,
            "note": NOTE,
        },
        "required": ["records"],
        "additionalProperties": False,
        "oneOf": [{"required": [how]} for how in RECORD_AGGREGATES],
    }
