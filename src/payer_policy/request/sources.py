"""Where a fact comes from in a request: the `from` of a declaration, typed.

The paths and fields that a source may name are listed here once; `request.derive` reads them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from payer_policy.diagnostics import did_you_mean
from payer_policy.json_source import JsonPath
from payer_policy.language import CodeSetMembers, Elaborator, Reporter, Scope
from payer_policy.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Expression,
    Not,
    Test,
    facts_in_expression,
    facts_in_test,
    tests_in,
)
from payer_policy.vocabulary.model import Fact
from payer_policy.vocabulary.types import FactType, Value, ValueProblem, parse_value, shown

_CODE = FactType("code")
_ID = FactType("code", system="identifier")
_NUMBER = FactType("decimal")
_UNITS = FactType("decimal", "billing units")
_DATE = FactType("date")
_FLAG = FactType("boolean")
_TEXT = FactType("code")

REQUEST_PATHS: Final[Mapping[str, FactType]] = {
    "kind": _TEXT,
    "id": _ID,
    "frequency": _TEXT,
    "original_id": _ID,
    "received": _DATE,
    "bill_type": _ID,
    "place_of_service": FactType("code", system="place_of_service"),
    "authorization_number": _ID,
    "diagnoses": FactType("codes", system="icd10cm"),
    "coverage.payer": _ID,
    "coverage.line_of_business": _ID,
    "coverage.plan": _ID,
    "coverage.member_id": _ID,
    "patient.birth_date": _DATE,
    "provider.billing_npi": FactType("code", system="npi"),
    "provider.rendering_npi": FactType("code", system="npi"),
}
SERVICE_PATHS: Final[Mapping[str, FactType]] = {
    "code": FactType("code", system="hcpcs"),
    "date": _DATE,
    "through": _DATE,
    "lines": FactType("integer"),
    "diagnoses": FactType("codes", system="icd10cm"),
    "place_of_service": FactType("code", system="place_of_service"),
    "duplicate_of_history": _FLAG,
    "units_in_history": _UNITS,
    "duplicate_line": _FLAG,
}
AUTHORIZATION_FIELDS: Final[Mapping[str, FactType]] = {
    "on_file": _FLAG,
    "number": _ID,
    "status": _TEXT,
    "payer": _ID,
    "plan": _ID,
    "member_id": _ID,
    "provider_npi": FactType("code", system="npi"),
    "codes": FactType("codes", system="hcpcs"),
    "valid_from": _DATE,
    "valid_through": _DATE,
    "units": _UNITS,
    "units_used": _UNITS,
    "requested_on": _DATE,
}
LINE_FIELDS: Final[Mapping[str, FactType]] = {
    "number": FactType("integer"),
    "code": FactType("code", system="hcpcs"),
    "modifiers": FactType("codes", system="modifier"),
    "units": _UNITS,
    "date": _DATE,
    "through": _DATE,
    "place_of_service": FactType("code", system="place_of_service"),
    "revenue_code": FactType("code", system="revenue"),
    "ndc": FactType("code", system="ndc"),
    "ndc_quantity": _NUMBER,
    "ndc_unit": _CODE,
    "charge": FactType("decimal", "USD"),
    "description": _CODE,
    "authorization_number": _ID,
    "product.known": _FLAG,
    "product.codes": FactType("codes", system="hcpcs"),
    "product.ingredient": _CODE,
    "product.route": _CODE,
    "product.single_dose": _FLAG,
    "product.total_mcg": FactType("decimal", "mcg"),
    "product.volume_ml": FactType("decimal", "mL"),
    "product.units": _UNITS,
    "product.mcg_per_ml": FactType("decimal", "mcg/mL"),
    "drug.listed": _FLAG,
}
DRUG_FIELDS: Final = ("billing_unit_mcg", "ingredient", "listed")
LINE_SETS: Final = ("service", "claim", "same_day")
AGGREGATES: Final = ("sum", "count", "any", "all", "collect", "only", "min", "max")

LineSet = Literal["service", "claim", "same_day"]


@dataclass(frozen=True, slots=True)
class Path:
    """A field of the request, the service or the authorization that is looked at."""

    root: Literal["request", "service", "authorization"]
    name: str


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One value from some lines: those of a set for which `where` holds."""

    lines: LineSet
    where: Condition | None
    how: str
    field: str | None = None
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Cases:
    """The value of the first case for which some line fulfils the condition."""

    lines: LineSet
    cases: tuple[tuple[Condition, Value], ...]


@dataclass(frozen=True, slots=True)
class DrugAttribute:
    """A dated attribute of the service's drug code."""

    name: str


@dataclass(frozen=True, slots=True)
class Computed:
    """Arithmetic, or a condition, over other facts."""

    expression: Expression | None
    condition: Condition | None = None


Source = Path | Aggregate | Cases | DrugAttribute | Computed


def read_source(
    fact: Fact,
    types: Mapping[str, FactType],
    code_sets: Mapping[str, CodeSetMembers],
    known_codes: Any,
    report: Reporter,
    used: Any = lambda kind, name: None,
) -> Source | None:
    """The typed source of a fact; problems are reported at `("facts", name, "from", …)`."""
    raw = fact.source
    assert raw is not None
    at: JsonPath = ("facts", fact.name, "from")
    line_scope = Scope(
        LINE_FIELDS, types, "line", code_sets=code_sets, known_codes=known_codes, used=used
    )
    lines = Elaborator(line_scope, report)
    fact_scope = Scope(types, types, code_sets=code_sets, known_codes=known_codes, used=used)
    facts = Elaborator(fact_scope, report)
    roots = {
        "request": REQUEST_PATHS,
        "service": SERVICE_PATHS,
        "authorization": AUTHORIZATION_FIELDS,
    }
    heads = [key for key in raw if key in (*roots, "lines", "drug", "compute")]
    if len(heads) != 1:
        report(
            "wrong-shape",
            f"fact `{fact.name}`: `from` has one of {', '.join(roots)}, lines, drug, compute",
            at,
        )
        return None
    head = heads[0]
    inner = raw[head]
    if head in roots:
        paths = roots[head]
        if not isinstance(inner, str) or inner not in paths:
            report(
                "unknown-value",
                f"fact `{fact.name}`: {shown(inner)} is not a field of the {head}",
                (*at, head),
                hint=did_you_mean(str(inner), paths),
            )
            return None
        return Path(head, inner)  # type: ignore[arg-type]
    if head == "drug":
        if not isinstance(inner, str):
            report("wrong-type", "the name of a drug attribute was expected", (*at, head))
            return None
        return DrugAttribute(inner)
    if head == "compute":
        if isinstance(inner, dict) and "condition" in inner:
            condition = facts.condition(inner["condition"], (*at, head, "condition"))
            return None if condition is None else Computed(None, condition)
        if fact.type.kind == "integer" or fact.type.kind == "decimal":
            expression = facts.operand(inner, fact.type, (*at, head))
        else:
            expression = facts.operand(inner, fact.type, (*at, head))
        return None if expression is None else Computed(expression)
    return _over_lines(fact, raw, lines, report, at)


def _over_lines(
    fact: Fact, raw: Mapping[str, Any], lines: Elaborator, report: Reporter, at: JsonPath
) -> Source | None:
    which = raw["lines"]
    if which not in LINE_SETS:
        report(
            "unknown-value",
            f"fact `{fact.name}`: {shown(which)} is no set of lines; "
            f"expected one of {', '.join(LINE_SETS)}",
            (*at, "lines"),
            hint=did_you_mean(str(which), LINE_SETS),
        )
        return None
    if "cases" in raw:
        cases = []
        for index, case in enumerate(raw["cases"]):
            path = (*at, "cases", index)
            if not isinstance(case, dict) or set(case) - {"note"} != {"any", "value"}:
                report("wrong-shape", "a case has `any` and `value`", path)
                continue
            condition = lines.condition(case["any"], (*path, "any"))
            try:
                value = parse_value(fact.type, case["value"])
            except ValueProblem as problem:
                report(problem.code, problem.message, (*path, "value"), hint=problem.hint)
                continue
            if condition is not None:
                cases.append((condition, value))
        return Cases(which, tuple(cases))
    how = [key for key in raw if key in AGGREGATES]
    strange = [key for key in raw if key not in (*AGGREGATES, "lines", "where", "note")]
    if len(how) != 1 or strange:
        report(
            "wrong-shape",
            f"fact `{fact.name}`: lines are brought together by one of {', '.join(AGGREGATES)}, "
            "or cases",
            at,
            hint=did_you_mean(strange[0], (*AGGREGATES, "where", "cases")) if strange else None,
        )
        return None
    where = lines.condition(raw["where"], (*at, "where")) if "where" in raw else None
    kind, inner = how[0], raw[how[0]]
    if kind == "count":
        return Aggregate(which, where, kind)
    if kind in ("any", "all"):
        condition = lines.condition(inner, (*at, kind))
        return None if condition is None else Aggregate(which, where, kind, condition=condition)
    if inner not in LINE_FIELDS:
        report(
            "unknown-fact",
            f"fact `{fact.name}`: {shown(inner)} is not a line field",
            (*at, kind),
            hint=did_you_mean(str(inner), LINE_FIELDS),
        )
        return None
    return Aggregate(which, where, kind, field=inner)


def facts_in_condition(condition: Condition) -> Iterator[str]:
    """The names on both sides of all tests of a condition."""
    for test in tests_in(condition):
        yield from facts_in_test(test)


def facts_of(source: Source) -> Iterator[str]:
    """The other facts that a source reads (line fields are not facts)."""
    match source:
        case Computed(expression, condition):
            if expression is not None:
                yield from facts_in_expression(expression)
            if condition is not None:
                yield from facts_in_condition(condition)
        case Aggregate(_, where, _, _, condition):
            for part in (where, condition):
                if part is not None:
                    yield from _right_sides(part)
        case Cases(_, cases):
            for part, _ in cases:
                yield from _right_sides(part)
        case _:
            return


def _right_sides(condition: Condition) -> Iterator[str]:
    for test in tests_in(condition):
        for expression in test.right:
            yield from facts_in_expression(expression)


__all__ = [
    "AGGREGATES",
    "AUTHORIZATION_FIELDS",
    "LINE_FIELDS",
    "REQUEST_PATHS",
    "SERVICE_PATHS",
    "Aggregate",
    "All",
    "AnyOf",
    "AtLeast",
    "Cases",
    "Computed",
    "DrugAttribute",
    "Not",
    "Path",
    "Source",
    "Test",
    "facts_of",
    "read_source",
]
