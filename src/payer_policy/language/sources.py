"""Where a fact comes from in a request: the `from` of a declaration, typed.

The paths and fields that a source may name are listed here once; `request.derive` reads them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.json_source import JsonPath, Reporter
from payer_policy.core.ruleset import (
    Condition,
    Expression,
    code_sets_in,
    facts_in_expression,
    tests_in,
    with_members,
)
from payer_policy.core.vocabulary.model import (
    MOST,
    Fact,
    LinePart,
    RecordType,
    Vocabulary,
    bounded_by,
)
from payer_policy.core.vocabulary.types import (
    NUMERIC,
    FactType,
    Value,
    ValueProblem,
    parse_value,
    shown,
)
from payer_policy.core.vocabulary.units import DRUG_AMOUNT
from payer_policy.language import Elaborator, Scope, and_

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
    "expedited": _FLAG,
    "bill_type": _ID,
    "place_of_service": FactType("code", system="place_of_service"),
    "authorization_number": _ID,
    "description": _CODE,
    "diagnoses": FactType("codes", system="icd10cm"),
    "coverage.payer": _ID,
    "coverage.line_of_business": _ID,
    "coverage.plan": _ID,
    "coverage.member_id": _ID,
    "patient.birth_date": _DATE,
    "provider.billing_npi": FactType("code", system="npi"),
    "provider.rendering_npi": FactType("code", system="npi"),
    "provider.billing_tin": FactType("code", system="tin"),
    "provider.billing_specialty": FactType("code", system="taxonomy"),
    "provider.rendering_specialty": FactType("code", system="taxonomy"),
}
SERVICE_PATHS: Final[Mapping[str, FactType]] = {
    "code": FactType("code", system="hcpcs"),
    "date": _DATE,
    "through": _DATE,
    "lines": FactType("integer"),
    "diagnoses": FactType("codes", system="icd10cm"),
    "place_of_service": FactType("code", system="place_of_service"),
    "duplicate_of_history": _FLAG,
    "duplicate_line": _FLAG,
    "fractional_units": _FLAG,
    "part_of_a_container": _FLAG,
}
AUTHORIZATION_FIELDS: Final[Mapping[str, FactType]] = {
    "on_file": _FLAG,
    "number_given": _ID,
    "other_fits": _FLAG,
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
    "ndc_amount": FactType("decimal", DRUG_AMOUNT),
    "ndc_amount_mcg": FactType("decimal", "mcg"),
    "charge": FactType("decimal", "USD"),
    "description": _CODE,
    "authorization_number": _ID,
    "product.known": _FLAG,
    "product.codes": FactType("codes", system="hcpcs"),
    "product.ingredient": _CODE,
    "product.route": _CODE,
    "product.single_dose": _FLAG,
    "product.total": FactType("decimal", DRUG_AMOUNT),
    "product.total_mcg": FactType("decimal", "mcg"),
    "product.volume_ml": FactType("decimal", "mL"),
    "product.units": _UNITS,
    "product.per_ml": FactType("decimal", f"{DRUG_AMOUNT}/mL"),
    "product.mcg_per_ml": FactType("decimal", "mcg/mL"),
    "drug.listed": _FLAG,
}
DRUG_FIELDS: Final[Mapping[str, FactType]] = {
    "billing_unit": FactType("decimal", f"{DRUG_AMOUNT}/billing unit"),
    "billing_unit_mcg": FactType("decimal", "mcg"),
    "ingredient": _CODE,
    "listed": _FLAG,
}
LINE_SETS: Final = ("service", "claim", "same_day")
AGGREGATES: Final = ("sum", "count", "any", "all", "collect", "only", "min", "max")
RECORD_AGGREGATES: Final = (*AGGREGATES, "latest", "earliest", "count_distinct")
GIVING: Final = ("latest", "earliest", "min", "max")
"""The aggregates that choose a row, of which another field may be given."""
OR_NONE: Final = (*GIVING, "only")
"""The aggregates that are none where there is no row."""
ROOTS: Final = {
    "request": REQUEST_PATHS,
    "service": SERVICE_PATHS,
    "authorization": AUTHORIZATION_FIELDS,
}
_HEADS: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(ROOTS, ()),
    "lines": (*AGGREGATES, "where", "cases"),
    "records": (*RECORD_AGGREGATES, "where", "give"),
    "drug": (),
    "compute": (),
}
"""The ways to say where a fact comes from, with the keys that may be beside them."""
_AGGREGATED: Final = {
    "sum": ("numbers", NUMERIC),
    "min": ("numbers and dates", NUMERIC | {"date"}),
    "max": ("numbers and dates", NUMERIC | {"date"}),
    "collect": ("codes", frozenset({"code", "codes"})),
    "latest": ("dates", frozenset({"date"})),
    "earliest": ("dates", frozenset({"date"})),
}

LineSet = Literal["service", "claim", "same_day"]


@dataclass(frozen=True, slots=True)
class Path:
    """A field of the request, the service or the authorization that is looked at."""

    root: Literal["request", "service", "authorization"]
    name: str


ORIGINAL: Final = Path("request", "original_id")
"""The claim that a request replaces or voids: none where its frequency says that it is an original."""


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


@dataclass(frozen=True, slots=True)
class RecordAggregate:
    """One value from the rows of a list for which `where` holds: by `how`, of a field or a condition."""

    records: str
    """The name of the record type."""
    where: Condition | None
    how: str
    field: str | None = None
    condition: Condition | None = None
    give: str | None = None
    """The field that is given of the row that is found, in place of the one that it was found by."""


@dataclass(frozen=True, slots=True)
class Bound:
    """The least, or the most, that a fact made from records can be."""

    fact: str
    most: bool


Source = Path | Aggregate | Cases | DrugAttribute | Computed | RecordAggregate | Bound


def read_source(
    fact: Fact, records: Mapping[str, RecordType], scope: Scope, report: Reporter
) -> Source | None:
    """The typed source of a fact.

    Args:
        fact: A fact with a source.
        records: The types of records that the source may name.
        scope: The facts that the source may read.
        report: Reports problems of the vocabulary.
    """
    assert fact.source is not None
    reader = _SourceReader(fact, records, scope, report.on(f"fact `{fact.name}`"))
    return reader.read(fact.source, ("facts", fact.name, "from"))


def read_line_part(part: LinePart, scope: Scope, report: Reporter) -> Condition | None:
    """The typed condition of a part of a service's lines; `scope` as for `read_source`."""
    elaborator = Elaborator(_of_lines(scope), report.on(f"line part `{part.name}`"))
    return elaborator.condition(part.where, ("line_parts", part.name, "where"))


def bounds_of(vocabulary: Vocabulary) -> dict[str, Source]:
    """The sources of the least and the most of facts made from records."""
    return {
        name: Bound(fact, name.endswith(MOST))
        for name in vocabulary.bounds
        for fact in [str(bounded_by(name))]
    }


def _of_lines(scope: Scope) -> Scope:
    return replace(scope, subjects=LINE_FIELDS, subject="line")


class _SourceReader:
    """Reads the `from` of one fact."""

    def __init__(
        self, fact: Fact, records: Mapping[str, RecordType], scope: Scope, report: Reporter
    ) -> None:
        self.fact, self.records, self.scope, self.report = fact, records, scope, report
        self.lines, self.facts = Elaborator(_of_lines(scope), report), Elaborator(scope, report)

    def read(self, raw: Mapping[str, Any], at: JsonPath) -> Source | None:
        heads = [key for key in raw if key in _HEADS]
        if len(heads) != 1:
            message = f"`from` has exactly one of {', '.join(_HEADS)}; "
            message += f"found {and_(heads or list(raw)) or 'an empty object'}"
            near = next((hint for key in raw if (hint := did_you_mean(key, _HEADS))), None)
            self.report("wrong-shape", message, at, key=True, hint="keep one" if heads else near)
            return None
        head = heads[0]
        if not self._only(raw, (head, *_HEADS[head], "note"), at):
            return None
        inner, here = raw[head], (*at, head)
        if head in ROOTS:
            return self._path(head, inner, here)
        if head == "drug":
            if isinstance(inner, str):
                return DrugAttribute(inner)
            self.report.mistyped(inner, "the name of a drug attribute", here)
            return None
        if head == "compute":
            return self._compute(inner, here)
        return self._over_records(raw, at) if head == "records" else self._over_lines(raw, at)

    def _only(self, raw: Mapping[str, Any], known: Sequence[str], at: JsonPath) -> bool:
        """Whether all keys are known ones; each other one is reported."""
        self.facts.note(dict(raw), at)
        strange = [key for key in raw if key not in known]
        for key in strange:
            others = [name for name in known if name not in raw and name != "note"]
            hint = f"expected one of {', '.join(others)}" if others else "remove it"
            message = f"`{key}` is not known beside {and_([name for name in raw if name in known])}"
            near = did_you_mean(key, others) or hint
            self.report("unknown-key", message, (*at, key), key=True, hint=near)
        return not strange

    def _path(self, root: str, name: Any, at: JsonPath) -> Source | None:
        paths = ROOTS[root]
        if isinstance(name, str) and name in paths:
            return Path(root, name)  # type: ignore[arg-type]
        hint = did_you_mean(str(name), paths) or f"fields: {', '.join(paths)}"
        self.report("unknown-value", f"{shown(name)} is not a field of the {root}", at, hint=hint)
        return None

    def _compute(self, raw: Any, at: JsonPath) -> Source | None:
        if not isinstance(raw, dict) or "condition" not in raw:
            expression = self.facts.value(raw, self.fact.type, at)
            return None if expression is None else Computed(expression)
        if not self._only(raw, ("condition", "note"), at):
            return None
        if self.fact.type.kind != "boolean":
            message = f"a condition is true or false, but the fact is {self.fact.type.describe()}"
            self.report("wrong-type", message, (*at, "condition"), key=True)
        condition = self.facts.condition(raw["condition"], (*at, "condition"))
        return None if condition is None else Computed(None, condition)

    def _over_lines(self, raw: Mapping[str, Any], at: JsonPath) -> Source | None:
        which = raw["lines"]
        if which not in LINE_SETS:
            message = (
                f"{shown(which)} is not a set of lines; expected one of {', '.join(LINE_SETS)}"
            )
            hint = did_you_mean(str(which), LINE_SETS)
            self.report("unknown-value", message, (*at, "lines"), hint=hint)
            return None
        kind = self._combined_by("lines", raw, (*AGGREGATES, "cases"), at)
        if kind is None:
            return None
        inner = raw[kind]
        if kind == "cases":
            return (
                self._cases(which, inner, at)
                if self._only(raw, ("lines", "cases", "note"), at)
                else None
            )
        parts = self._aggregated(raw, kind, self.lines, at)
        return None if parts is None else Aggregate(which, *parts)

    def _combined_by(
        self, noun: str, raw: Mapping[str, Any], known: Sequence[str], at: JsonPath
    ) -> str | None:
        """The one key that says how lines or rows become a value."""
        how = [key for key in raw if key in known]
        if len(how) == 1:
            return how[0]
        message = f"the {noun} are combined by one of {', '.join(known)}; "
        message += f"found {and_(how) or 'none of them'}"
        hint = "keep one" if how else 'add one, such as "count": true'
        self.report("wrong-shape", message, (*at, how[1] if how else noun), key=True, hint=hint)
        return None

    def _aggregated(
        self, raw: Mapping[str, Any], kind: str, elaborator: Elaborator, at: JsonPath
    ) -> tuple[Condition | None, str, str | None, Condition | None] | None:
        """`where`, the way, the field, and the condition of an aggregate; None: something is wrong."""
        inner, here = raw[kind], (*at, kind)
        where = elaborator.condition(raw["where"], (*at, "where")) if "where" in raw else None
        if "where" in raw and where is None:
            return None
        if kind == "count":
            if inner is not True:
                self.report("wrong-value", f"found {shown(inner)}; true was expected", here)
                return None
            return where, kind, None, None
        if kind in ("any", "all"):
            condition = elaborator.condition(inner, here)
            return None if condition is None else (where, kind, None, condition)
        fields = elaborator.scope.subjects
        if not self._is_field(inner, elaborator.scope, here):
            return None
        takes, kinds = _AGGREGATED.get(kind, ("", frozenset()))
        field = fields[inner]
        if kinds and field.kind not in kinds:
            message = f"`{kind}` takes {takes}; `{inner}` is {field.describe()}"
            self.report("wrong-type", message, here)
            return None
        return where, kind, inner, None

    def _is_field(self, name: Any, scope: Scope, at: JsonPath) -> bool:
        """Whether this names a field; what else it is is reported."""
        if isinstance(name, str) and name in scope.subjects:
            return True
        hint = did_you_mean(str(name), scope.subjects) or f"fields: {', '.join(scope.subjects)}"
        of_line = scope.subject == "line"
        code, noun = "unknown-fact", "a line field"
        if not of_line:
            code, noun = "unknown-field", "a field of these records"
        self.report(code, f"{shown(name)} is not {noun}", at, hint=hint)
        return False

    def _over_records(self, raw: Mapping[str, Any], at: JsonPath) -> Source | None:
        which = raw["records"]
        kind = self.records.get(which) if isinstance(which, str) else None
        if kind is None:
            known = list(self.records)
            message = f"{shown(which)} is not a type of records; expected one of {', '.join(known)}"
            hint = did_you_mean(str(which), known) or 'declare it under "records"'
            if which == "lines":
                hint = 'write {"lines": "service", …}, or "claim" or "same_day" for other lines'
            self.report("unknown-record", message, (*at, "records"), hint=hint)
            return None
        how = self._combined_by("records", raw, RECORD_AGGREGATES, at)
        if how is None:
            return None
        scope = replace(self.scope, subjects=kind.fields, subject="field", definitions=None)
        parts = self._aggregated(raw, how, Elaborator(scope, self.report), at)
        give = raw.get("give")
        if give is not None:
            if how not in GIVING:
                message = (
                    f"`give` goes with {', '.join(GIVING[:-1])} or {GIVING[-1]}, which find a row"
                )
                hint = f"remove it, or write one of them in place of `{how}`"
                self.report("wrong-shape", message, (*at, "give"), key=True, hint=hint)
                return None
            if not self._is_field(give, scope, (*at, "give")):
                return None
        return None if parts is None else RecordAggregate(which, *parts, give)

    def _cases(self, which: LineSet, raw: Any, at: JsonPath) -> Source | None:
        at = (*at, "cases")
        if not isinstance(raw, list) or not raw:
            found = "an empty list" if raw == [] else shown(raw)
            hint = 'write [{"any": …, "value": …}]'
            self.report("wrong-type", f"found {found}; a list of cases was expected", at, hint=hint)
            return None
        cases = []
        for index, case in enumerate(raw):
            path = (*at, index)
            if not isinstance(case, dict) or not {"any", "value"} <= case.keys():
                message = f"case {index + 1} needs `any` and `value`"
                self.report("missing-key", message, path, hint='write {"any": …, "value": …}')
                continue
            if not self._only(case, ("any", "value", "note"), path):
                continue
            condition = self.lines.condition(case["any"], (*path, "any"))
            try:
                value = parse_value(self.fact.type, case["value"])
            except ValueProblem as problem:
                self.report(problem.code, problem.message, (*path, "value"), hint=problem.hint)
                continue
            if condition is not None:
                cases.append((condition, value))
        return Cases(which, tuple(cases)) if len(cases) == len(raw) else None


def facts_of(source: Source) -> Iterator[str]:
    """The other facts that a source reads (line fields are not facts)."""
    if isinstance(source, Bound):
        yield source.fact
        return
    of_lines = not isinstance(source, Computed)
    if isinstance(source, Computed) and source.expression is not None:
        yield from facts_in_expression(source.expression)
    for test in (test for one in _conditions_of(source) for test in tests_in(one)):
        if not of_lines:
            yield test.fact
        for side in test.right:
            yield from facts_in_expression(side)


def code_sets_of(source: Source) -> Iterator[str]:
    """The names of the code sets that a source asks about."""
    for condition in _conditions_of(source):
        yield from code_sets_in(condition)


def _conditions_of(source: Source) -> Iterator[Condition]:
    match source:
        case Computed(_, condition) if condition is not None:
            yield condition
        case Aggregate(_, where, _, _, condition) | RecordAggregate(_, where, _, _, condition):
            yield from (part for part in (where, condition) if part is not None)
        case Cases(_, cases):
            yield from (part for part, _ in cases)


def sources_on(
    sources: Mapping[str, Source], needed: Iterable[str], members: Mapping[str, frozenset[str]]
) -> dict[str, Source]:
    """Of some facts, and all facts behind them, those that have a source.

    Args:
        sources: The sources of all facts.
        needed: Names of facts.
        members: What the code sets hold on the day in question.
    """
    found: dict[str, Source] = {}
    for name in behind(sources, needed):
        if name in sources:
            found[name] = _source_on(sources[name], members)
    return found


def behind(sources: Mapping[str, Source], needed: Iterable[str]) -> list[str]:
    """Some facts, and those that they are made from, each before what is behind it."""
    found: dict[str, None] = {}
    waiting = list(needed)[::-1]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = None
            source = sources.get(name)
            waiting += () if source is None else facts_of(source)
    return list(found)


def _source_on(source: Source, members: Mapping[str, frozenset[str]]) -> Source:
    conditions = list(_conditions_of(source))
    dated = [with_members(condition, members) for condition in conditions]
    if all(a is b for a, b in zip(conditions, dated, strict=True)):
        return source
    on = dict(zip(map(id, conditions), dated, strict=True))
    match source:
        case Computed(_, condition):
            return replace(source, condition=on[id(condition)])
        case Aggregate(_, where, _, _, condition) | RecordAggregate(_, where, _, _, condition):
            return replace(source, where=on.get(id(where)), condition=on.get(id(condition)))
        case Cases(_, cases):
            return replace(source, cases=tuple([(on[id(part)], value) for part, value in cases]))
    return source
