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
from payer_policy.semantics import Facts
from payer_policy.truth import FAILS, HOLDS, UNKNOWN, Truth
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


Reader = Callable[[Context, Facts], Any]
LineTest = Callable[[LineView, Facts], Truth]
_AS_BOOLEAN = (False, None, None, True)
"""A truth as the value of a boolean fact."""


class Derivation:
    """The sources of some facts on a day, written out as one function."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        needed: Iterable[str],
        day: date,
    ) -> None:
        self._sources: dict[str, Source] = {}
        self._silence = {
            name: fact.absent_means
            for name, fact in vocabulary.facts.items()
            if fact.absent_means is not None
        }
        """What a fact is where the form says nothing of it: a default contradicts nobody."""
        writer = _DerivationWriter(vocabulary, reference, day, self._sources)
        for name in sorted(needed):
            writer.place(name)
        self._derive = writer.derivation()
        self._parts = [
            (part.name, writer.line_test(part.where)) for part in vocabulary.line_parts.values()
        ]

    def facts(
        self, context: Context, given: Mapping[str, Value]
    ) -> tuple[dict[str, Value | None], list[Contradiction]]:
        """The facts of a service; a fact that is not known is None or not in it."""
        facts: dict[str, Value | None] = self._derive(context, given)
        contradictions = []
        for name in given:
            source = self._sources.get(name)
            if source is not None and not isinstance(source, Cases):
                silent = {other: value for other, value in given.items() if other != name}
                form = self._derive(context, silent)[name]
                if form not in (None, self._silence.get(name), given[name]):
                    contradictions.append(Contradiction(name, form, given[name]))
        return facts, contradictions

    def parts_of(self, line: LineView, facts: Facts) -> frozenset[str]:
        """The parts of the service's lines to which a line belongs."""
        return frozenset([name for name, test in self._parts if test(line, facts) == HOLDS])


class _DerivationWriter(SourceWriter):
    """Writes the function that reads every needed source, each after those it is made from.

    What the form says comes first; a fact given beside it fills in where the form is silent. Only a
    guess from procedure codes (`cases`) gives way to what was given.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        day: date,
        sources: dict[str, Source],
    ) -> None:
        super().__init__(self._read)
        self._vocabulary, self._reference, self._sources = vocabulary, reference, sources
        self._day = day
        self._types = {name: fact.type for name, fact in vocabulary.facts.items()}
        self._members = {
            name: CodeSetMembers(code_set.system, code_set.on(day))
            for name, code_set in reference.code_sets.items()
        }
        self._variables_of: dict[str, str] = {}
        self.namespace["BOOLEAN"] = _AS_BOOLEAN

    def _read(self, name: str) -> str:
        return self._variables_of[name]

    def place(self, name: str) -> None:
        """Write a fact's source, after the facts that it is made from."""
        fact = self._vocabulary.facts[name]
        if name in self._variables_of or fact.derived:
            return
        given = f"given_get({self.constant(name)})"
        if fact.source is None:
            variable = self.assign(("fact", name), "v", given)
        else:
            source = read_source(
                fact, self._types, self._members, lambda system: frozenset(), _no_problems
            )
            assert source is not None, name  # the vocabulary was checked when it was read
            self._sources[name] = source
            for other in facts_of(source):
                self.place(other)
            variable = self._source(name, fact, source, given)
        if fact.absent_means is not None:
            self.lines.append(
                f"if {variable} is None: {variable} = {self.constant(fact.absent_means)}"
            )
        self._variables_of[name] = variable

    def _source(self, name: str, fact: Fact, source: Source, given: str) -> str:
        if isinstance(source, Cases):
            variable = self.assign(("fact", name), "v", given)
            reader = self._constant_function(self._cases(source))
            read = self._facts_so_far(facts_of(source))
            self.lines.append(f"if {variable} is None: {variable} = {reader}(context, {read})")
            return variable
        match source:
            case Path(root, path):
                variable = self.assign(("fact", name), "v", self._path(root, path))
            case DrugAttribute(attribute):
                reader = self._constant_function(
                    _drug_reader(self._reference, attribute, self._day)
                )
                variable = self.assign(("fact", name), "v", f"{reader}(context)")
            case Computed(_, condition) if condition is not None:
                truth = self.condition(condition)
                variable = self.assign(("fact", name), "v", f"BOOLEAN[{truth}]")
            case Computed(expression, _):
                assert expression is not None
                value, _ = self.expression(expression)
                variable = self.assign(("fact", name), "v", value)
            case Aggregate():
                variable = self._aggregate(source)
        if fact.type.kind == "choice":
            values = self.constant(frozenset(fact.type.values))
            self.lines.append(f"if {variable} not in {values}: {variable} = None")
        self.lines.append(f"if {variable} is None: {variable} = {given}")
        return variable

    def _constant_function(self, function: Callable[..., Any]) -> str:
        name = self.name("F")
        self.namespace[name] = function
        return name

    def _facts_so_far(self, names: Iterable[str]) -> str:
        pairs = (f"{self.constant(name)}: {self._variables_of[name]}" for name in names)
        return "{" + ", ".join(pairs) + "}"

    def _path(self, root: str, path: str) -> str:
        if root == "authorization":
            return f"authorization_get({path!r})"
        if root == "service":
            if path == "code":
                return "service.code"
            if path == "date":
                return "service.day"
            return f"{self._constant_function(_SERVICE_READERS[path])}(context)"
        if path == "coverage.payer":
            return "context.payer"
        if path == "diagnoses":
            return f"{self._constant_function(_claim_diagnoses)}(context)"
        return f"request.{path}"

    # --- lines -----------------------------------------------------------------------------------

    def line_test(self, where: Mapping[str, Any]) -> LineTest:
        """A condition over a line's own fields as a function."""
        condition = self._line_elaborator().condition(where, ())
        assert condition is not None  # the vocabulary was checked when it was read
        return _line_test(condition)

    def _line_elaborator(self) -> Elaborator:
        scope = Scope(LINE_FIELDS, self._types, "line", code_sets=self._members)
        return Elaborator(scope, _no_problems)

    def _cases(self, source: Cases) -> Reader:
        tests = [(_line_test(condition), value) for condition, value in source.cases]
        lines = _LINE_SETS[source.lines]

        def first_case(context: Context, facts: Facts) -> Value | None:
            among = lines(context)
            for test, value in tests:
                seen = UNKNOWN if not among else FAILS
                for line in among:
                    seen |= test(line, facts)
                if seen:
                    return value if seen == HOLDS else None
            return None

        return first_case

    def _aggregate(self, source: Aggregate) -> str:
        """A loop over the lines, written out in place."""
        variable = self.name("v")
        inner = _LoopWriter(self)
        where = inner.condition(source.where) if source.where is not None else None
        among = f"{source.lines}_lines"
        if source.condition is not None:
            return self._quantified(source, variable, inner, where, among)
        attribute = "number" if source.field is None else source.field.replace(".", "_")
        self.lines.append(f"{variable} = [] if {among} else None")
        self.lines.append(f"for line in {among}:")
        body = list(inner.lines)
        if where is not None:
            body += [f"w = {where}", "if w == 0: continue"]
        body += [f"value = line.{attribute}"]
        unknown = "value is None or w == 1" if where is not None else "value is None"
        body += [f"if {unknown}:", f"    {variable} = None", "    break"]
        body += [f"{variable}.append(value)"]
        self.lines += [f"    {line}" for line in body]
        combine = self._constant_function(_COMBINE[source.how])
        self.lines.append(f"if {variable} is not None: {variable} = {combine}({variable})")
        return variable

    def _quantified(
        self, source: Aggregate, variable: str, inner: _LoopWriter, where: str | None, among: str
    ) -> str:
        assert source.condition is not None
        every = source.how == "all"
        # "All of those" fails where one is among those and fails: its negation is an "any".
        truth = inner.condition(source.condition, negated=every)
        self.lines.append(f"{variable} = 0 if {among} else 1")
        self.lines.append(f"for line in {among}:")
        found = truth if where is None else f"{where} & {truth}"
        self.lines += [f"    {line}" for line in [*inner.lines, f"{variable} |= {found}"]]
        outcome = f"NEG[{variable}]" if every else variable
        self.lines.append(f"{variable} = BOOLEAN[{outcome}]")
        return variable

    def derivation(self) -> Callable[[Context, Mapping[str, Value]], dict[str, Value | None]]:
        """The function over everything that was placed."""
        self.namespace["same_day"] = _LINE_SETS["same_day"]
        head = [
            "request, service = context.request, context.service",
            "given_get = given.get",
            "authorization_get = context.authorization.get",
            "service_lines = service.lines",
            "claim_lines = context.claim_lines",
            "same_day_lines = same_day(context)",
        ]
        body = [
            *head,
            *self.lines,
            f"facts = {self._facts_so_far(self._variables_of)}",
            "return {**given, **facts} if given else facts",
        ]
        return self.function("derive", "context, given", body)


class _LoopWriter(SourceWriter):
    """Writes what is done for each line, inside a loop of the derivation's function."""

    def __init__(self, outer: _DerivationWriter) -> None:
        super().__init__(self._read_line)
        self._outer = outer
        self.namespace = outer.namespace

    def name(self, prefix: str) -> str:
        return self._outer.name(prefix)

    def _read_line(self, name: str) -> str:
        if name in LINE_FIELDS:
            return f"line.{name.replace('.', '_')}"
        return self._outer.read(name)


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


def _drug_reader(
    reference: ReferenceData, name: str, without_date: date
) -> Callable[[Context], Any]:
    """A drug attribute; for a question without a date, as of the policy window that answers it."""
    drugs = reference.drugs

    def read(context: Context) -> Any:
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
        return drug.attribute(name, day or without_date)

    return read


def _claim_diagnoses(context: Context) -> frozenset[str] | None:
    diagnoses = context.request.diagnoses
    return None if diagnoses is None else frozenset(diagnoses)


def _service_diagnoses(context: Context) -> frozenset[str] | None:
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


def _last_day(context: Context) -> date | None:
    days = [line.through for line in context.service.lines if line.through is not None]
    return max(days) if days and len(days) == len(context.service.lines) else None


def _place_of_service(context: Context) -> str | None:
    lines = context.service.lines
    places = {line.place_of_service for line in lines} or {context.request.place_of_service}
    return places.pop() if len(places) == 1 else None


def _duplicate_of_history(context: Context) -> bool | None:
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


def _units_in_history(context: Context) -> Any:
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


def _duplicate_line(context: Context) -> bool | None:
    lines = context.service.lines
    keys = {(line.modifiers, line.units, line.ndc, line.charge) for line in lines}
    return len(keys) < len(lines) if lines else None


_SERVICE_READERS: dict[str, Callable[[Context], Any]] = {
    "through": _last_day,
    "lines": lambda context: len(context.service.lines) or None,
    "diagnoses": _service_diagnoses,
    "place_of_service": _place_of_service,
    "duplicate_of_history": _duplicate_of_history,
    "units_in_history": _units_in_history,
    "duplicate_line": _duplicate_line,
}


__all__ = ["Context", "Contradiction", "Derivation", "authorization_facts", "parse_facts"]
