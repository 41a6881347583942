"""Facts from a request: the sources of the vocabulary, read for one service.

A `Derivation` is made once a ruleset, for just the facts that it needs, and turns a request's
service into the flat facts that engines read. What the request's own `facts` say is used where the
request's form says nothing; where both speak and differ, the request is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, NamedTuple

from payer_policy.codegen import SourceWriter
from payer_policy.language import CodeSetMembers, Elaborator, Scope
from payer_policy.reference import ReferenceData
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.models import Request
from payer_policy.request.services import LineView, Service
from payer_policy.request.sources import (
    LINE_FIELDS,
    Aggregate,
    Cases,
    Computed,
    DrugAttribute,
    Path,
    Source,
    facts_of,
    read_source,
)
from payer_policy.ruleset import Condition
from payer_policy.semantics import Facts, truth_of, value_of
from payer_policy.truth import FAILS, HOLDS, NEGATED, UNKNOWN, Truth
from payer_policy.vocabulary.model import Fact, Vocabulary
from payer_policy.vocabulary.types import Value, ValueProblem, format_value, parse_value


class Contradiction(NamedTuple):
    """The request's form and its `facts` say different things of one fact."""

    fact: str
    form: Value
    given: Value


class Context(NamedTuple):
    """What sources are read from."""

    request: Request
    payer: str | None
    """The payer's folder, or what the claim says where no payer here is recognised."""
    service: Service
    claim_lines: tuple[LineView, ...]
    authorization: Mapping[str, Value | None]


Reader = Callable[[Context, dict[str, Value]], Any]
LineTest = Callable[[LineView, Facts], Truth]


class Derivation:
    """The sources of some facts on a day, ready to be read."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        needed: Iterable[str],
        day: date,
    ) -> None:
        self._vocabulary, self._reference = vocabulary, reference
        types = {name: fact.type for name, fact in vocabulary.facts.items()}
        self._members = {
            name: CodeSetMembers(code_set.system, code_set.on(day))
            for name, code_set in reference.code_sets.items()
        }
        self._types = types
        self._readers: list[tuple[str, Reader, Fact, bool]] = []
        self._placed: set[str] = set()
        for name in sorted(needed):
            self._place(name)
        scope = Scope(LINE_FIELDS, types, "line", code_sets=self._members)
        self._parts: list[tuple[str, LineTest]] = []
        for part in vocabulary.line_parts.values():
            condition = Elaborator(scope, _no_problems).condition(part.where, ())
            assert condition is not None  # the vocabulary was checked when it was read
            self._parts.append((part.name, _line_test(condition)))

    def _place(self, name: str) -> None:
        """Put a fact after the facts that it is made from."""
        if name in self._placed:
            return
        self._placed.add(name)
        fact = self._vocabulary.facts[name]
        if fact.derived:
            return
        if fact.source is None:
            if fact.absent_means is not None:
                self._readers.append((name, lambda context, facts: None, fact, False))
            return
        source = read_source(
            fact, self._types, self._members, lambda system: frozenset(), _no_problems
        )
        assert source is not None, name  # the vocabulary was checked when it was read
        for other in facts_of(source):
            self._place(other)
        reader = self._reader(source)
        if fact.type.kind == "choice":
            reader = _only_choices(reader, fact.type.values)
        self._readers.append((name, reader, fact, isinstance(source, Cases)))

    def facts(
        self, context: Context, given: Mapping[str, Value]
    ) -> tuple[dict[str, Value], list[Contradiction]]:
        """The facts of a service; a fact that is not known is not in it."""
        facts = dict(given)
        contradictions: list[Contradiction] = []
        for name, reader, fact, yields in self._readers:
            value = reader(context, facts)
            if value is None:
                if fact.absent_means is not None and name not in facts:
                    facts[name] = fact.absent_means
                continue
            if name in given:
                if not yields and given[name] != value:
                    contradictions.append(Contradiction(name, value, given[name]))
                continue
            facts[name] = value
        return facts, contradictions

    def parts_of(self, line: LineView, facts: Facts) -> frozenset[str]:
        """The parts of the service's lines to which a line belongs."""
        return frozenset(name for name, test in self._parts if test(line, facts) == HOLDS)

    # --- readers, one kind of source each ----------------------------------------------------------

    def _reader(self, source: Source) -> Reader:
        match source:
            case Path(root, name):
                return _path_reader(root, name)
            case DrugAttribute(name):
                return self._drug_reader(name)
            case Computed(expression, condition):
                if condition is not None:
                    outcome = {HOLDS: True, FAILS: False, UNKNOWN: None}
                    return lambda context, facts: outcome[truth_of(condition, facts)]
                assert expression is not None
                return lambda context, facts: value_of(expression, facts)
            case Aggregate():
                return _aggregate_reader(source)
            case Cases(which, cases):
                tests = [(_line_test(condition), value) for condition, value in cases]
                lines = _LINE_SETS[which]

                def first_case(context: Context, facts: dict[str, Value]) -> Value | None:
                    among = lines(context)
                    for test, value in tests:
                        seen = UNKNOWN if not among else FAILS
                        for line in among:
                            seen |= test(line, facts)
                        if seen:
                            return value if seen == HOLDS else None
                    return None

                return first_case

    def _drug_reader(self, name: str) -> Reader:
        drugs = self._reference.drugs

        def read(context: Context, facts: dict[str, Value]) -> Any:
            code, day = context.service.code, context.service.day
            if code is None:
                return None
            drug = drugs.get(code)
            if name == "listed":
                return drug is not None
            if drug is None:
                return None
            if name == "billing_unit_mcg":
                return drug.billing_unit_mcg
            if name == "ingredient":
                return drug.ingredient
            return None if day is None else drug.attribute(name, day)

        return read


def _only_choices(reader: Reader, values: tuple[str, ...]) -> Reader:
    """A form can carry a value that the vocabulary has no choice for: that is not known here."""

    def read(context: Context, facts: dict[str, Value]) -> Any:
        value = reader(context, facts)
        return value if value in values else None

    return read


def parse_facts(
    vocabulary: Vocabulary, raw: Mapping[str, Any]
) -> tuple[dict[str, Value], list[tuple[str, ValueProblem]]]:
    """A request's `facts` as values, and what is wrong with those that are none.

    null is "not known", the same as leaving the fact out.
    """
    values: dict[str, Value] = {}
    problems: list[tuple[str, ValueProblem]] = []
    for name, entry in raw.items():
        fact = vocabulary.facts.get(name)
        if fact is None:
            problems.append((name, ValueProblem("unknown-fact", f"`{name}` is not a fact")))
        elif fact.derived:
            problem = ValueProblem(
                "derived-fact", f"`{name}` is concluded by rules; a request cannot supply it"
            )
            problems.append((name, problem))
        elif entry is not None:
            try:
                values[name] = parse_value(fact.type, entry)
            except ValueProblem as problem:
                problems.append((name, problem))
    return values, problems


def describe_contradiction(vocabulary: Vocabulary, found: Contradiction) -> str:
    """The contradiction as a sentence."""
    type_ = vocabulary.facts[found.fact].type
    return (
        f"the facts give `{found.fact}` as {format_value(found.given, type_)}, but the claim "
        f"says {format_value(found.form, type_)}"
    )


def _no_problems(code: str, message: str, path: Any, **more: Any) -> None:
    raise AssertionError(f"{code}: {message} at {path}")  # checked when the folder was read


_LINE_SETS: dict[str, Callable[[Context], tuple[LineView, ...]]] = {
    "service": lambda context: context.service.lines,
    "claim": lambda context: context.claim_lines,
    "same_day": lambda context: tuple(
        line for line in context.claim_lines if line.date == context.service.day
    ),
}


def _line_test(condition: Condition) -> LineTest:
    writer = SourceWriter(
        lambda name: (
            f"line.{name.replace('.', '_')}"
            if name in LINE_FIELDS
            else f"facts.get({writer.constant(name)})"
        )
    )
    result = writer.condition(condition)
    body = [*writer.lines, f"return {result}"]
    return writer.function("line_test", "line, facts", body)


def _always(line: LineView, facts: Facts) -> Truth:
    return HOLDS


def _aggregate_reader(source: Aggregate) -> Reader:
    lines = _LINE_SETS[source.lines]
    where = _line_test(source.where) if source.where is not None else _always
    if source.condition is not None:
        condition = _line_test(source.condition)
        if source.how == "any":

            def any_line(context: Context, facts: dict[str, Value]) -> bool | None:
                among = lines(context)
                seen = UNKNOWN if not among else FAILS
                for line in among:
                    seen |= where(line, facts) & condition(line, facts)
                return True if seen == HOLDS else False if seen == FAILS else None

            return any_line

        def all_lines(context: Context, facts: dict[str, Value]) -> bool | None:
            among = lines(context)
            seen = UNKNOWN if not among else HOLDS
            for line in among:
                seen &= NEGATED[where(line, facts)] | condition(line, facts)
            return True if seen == HOLDS else False if seen == FAILS else None

        return all_lines

    combine = _COMBINE[source.how]
    attribute = (source.field or "number").replace(".", "_")

    def combined(context: Context, facts: dict[str, Value]) -> Any:
        among = lines(context)
        if not among:
            return None
        values = []
        for line in among:
            chosen = where(line, facts)
            if chosen == FAILS:
                continue
            value = getattr(line, attribute)
            if chosen == UNKNOWN or value is None:
                return None
            values.append(value)
        return combine(values)

    return combined


def _collect(values: list[Any]) -> frozenset[str]:
    out: set[str] = set()
    for value in values:
        out.update(value if isinstance(value, frozenset) else (value,))
    return frozenset(out)


_COMBINE: dict[str, Callable[[list[Any]], Any]] = {
    "sum": lambda values: sum(values),
    "count": len,
    "collect": _collect,
    "only": lambda values: values[0] if values and values.count(values[0]) == len(values) else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
}


def _path_reader(root: str, name: str) -> Reader:
    if root == "authorization":
        return lambda context, facts: context.authorization.get(name)
    if root == "service":
        return _SERVICE_READERS[name]
    if name == "coverage.payer":
        return lambda context, facts: context.payer
    if name == "diagnoses":
        return lambda context, facts: _claim_diagnoses(context)
    outer, _, inner = name.partition(".")
    if inner:
        return lambda context, facts: getattr(getattr(context.request, outer), inner)
    return lambda context, facts: getattr(context.request, outer)


def _claim_diagnoses(context: Context) -> frozenset[str] | None:
    diagnoses = context.request.diagnoses
    return None if diagnoses is None else frozenset(diagnoses)


def _service_diagnoses(context: Context, facts: object) -> frozenset[str] | None:
    diagnoses = context.request.diagnoses
    if diagnoses is None:
        return None
    lines = context.service.lines
    if not lines or any(line.diagnosis_pointers is None for line in lines):
        return frozenset(diagnoses)
    pointed = {pointer for line in lines for pointer in line.diagnosis_pointers or ()}
    return frozenset(
        code for position, code in enumerate(diagnoses, start=1) if position in pointed
    )


def _last_day(context: Context, facts: object) -> date | None:
    days = [line.through for line in context.service.lines]
    return None if not days or None in days else max(day for day in days if day is not None)


def _place_of_service(context: Context, facts: object) -> str | None:
    claim = context.request.place_of_service
    places = {line.place_of_service or claim for line in context.service.lines} or {claim}
    return places.pop() if len(places) == 1 else None


def _duplicate_of_history(context: Context, facts: object) -> bool | None:
    request = context.request
    if request.history is None:
        return None
    billing = request.provider.billing_npi
    for prior in request.history:
        if prior.void or prior.claim_id == request.original_id:
            continue
        for line in context.service.lines:
            if (
                prior.code == line.code
                and prior.date == line.date
                and prior.modifiers == line.modifiers
                and prior.units == line.units
                and (prior.billing_npi is None or prior.billing_npi == billing)
                and (prior.charge is None or line.charge is None or prior.charge == line.charge)
            ):
                return True
    return False


def _units_in_history(context: Context, facts: object) -> Any:
    request, service = context.request, context.service
    if request.history is None:
        return None
    counted = [
        prior.units
        for prior in request.history
        if not prior.void
        and prior.claim_id != request.original_id
        and prior.code == service.code
        and prior.date == service.day
    ]
    return None if None in counted else sum(units for units in counted if units is not None)


def _duplicate_line(context: Context, facts: object) -> bool | None:
    lines = context.service.lines
    keys = {(line.modifiers, line.units, line.ndc, line.charge) for line in lines}
    return len(keys) < len(lines) if lines else None


_SERVICE_READERS: dict[str, Reader] = {
    "code": lambda context, facts: context.service.code,
    "date": lambda context, facts: context.service.day,
    "through": _last_day,
    "lines": lambda context, facts: len(context.service.lines) or None,
    "diagnoses": _service_diagnoses,
    "place_of_service": _place_of_service,
    "duplicate_of_history": _duplicate_of_history,
    "units_in_history": _units_in_history,
    "duplicate_line": _duplicate_line,
}


__all__ = ["Context", "Contradiction", "Derivation", "authorization_facts", "parse_facts"]
