"""Facts from a request: the sources of the vocabulary, read for one service.

A `Derivation` is made once a ruleset, for just the facts that it needs, and turns a request's
service into the flat facts that engines read. What the request's own `facts` say is used where the
request's form says nothing; where both speak and differ, the request is refused. What silence means is
no word of the form's, and neither is what is computed from it: a supplied fact counts before both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import compress
from math import ceil, floor
from typing import Any, Final, NamedTuple, Protocol

from payer_policy.core.codegen import SourceWriter
from payer_policy.core.ruleset import Condition
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.model import LEAST, MOST, UNBOUNDED, Vocabulary, bound_name
from payer_policy.core.vocabulary.types import NONE, NONE_TEXT, Value, format_value
from payer_policy.language.sources import (
    LINE_FIELDS,
    LINE_SETS,
    OR_NONE,
    ORIGINAL,
    Aggregate,
    Bound,
    Cases,
    Computed,
    DrugAttribute,
    LineSet,
    Path,
    RecordAggregate,
    Source,
    behind,
    facts_of,
)
from payer_policy.policy.reference.data import ReferenceData
from payer_policy.request.aggregates import Pass
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.models import PriorLine, Request
from payer_policy.request.records import ALWAYS, Lists, covered_by, history_rows
from payer_policy.request.services import LineView, Service, on_day


class Contradiction(NamedTuple):
    """The request's form and its `facts` say different things of one fact."""

    fact: str
    form: Value
    given: Value
    how: str = ""
    """"at least " or "at most ", where the form only bounds it."""


class Basis(Protocol):
    """What a derivation is made over (`payer_policy.policy.basis`)."""

    @property
    def vocabulary(self) -> Vocabulary: ...

    @property
    def reference(self) -> ReferenceData: ...

    def sources_on(self, needed: Iterable[str], day: date) -> Mapping[str, Source]: ...

    def line_parts_on(self, day: date) -> Mapping[str, Condition]: ...


class Context(NamedTuple):
    """What sources are read from."""

    request: Request
    payer: str | None
    """The payer's folder, or what the claim says where no payer here is recognized."""
    service: Service
    claim_lines: tuple[LineView, ...]
    authorization: Mapping[str, Value | None]
    lists: Lists


AS_BOOLEAN: Final = (False, None, None, True)
"""A truth as the value of a boolean fact."""
ALWAYS_KNOWN: Final = frozenset({"number", "modifiers"})
"""The line fields that are never None."""
_KEPT: Final = 4096
"""Maximum number of codes and days for which the attributes of a drug are kept."""


_Derive = Callable[
    [Context, Mapping[str, Value], frozenset[str]], tuple[dict[str, "Value | None"], int]
]
"""Gives the facts, and as bits those of `_DerivationWriter.silenced` of which nothing was said."""
NOTHING: Final[frozenset[str]] = frozenset()


class Derivation:
    """The sources of some facts on a day, written out as one function."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        sources: Mapping[str, Source],
        line_parts: Mapping[str, Condition],
        needed: Iterable[str],
        day: date,
    ) -> None:
        """
        Args:
            sources: Where the needed facts, and all behind them, come from, as on the day.
            line_parts: The conditions of the parts of a service's lines, as on the day.
        """
        self._made_from = vocabulary, reference, sources, line_parts, tuple(sorted(needed)), day
        writer = _DerivationWriter(vocabulary, reference, sources, line_parts, day)
        self._derive = writer.derivation(sorted(needed))
        self.reads = frozenset(behind(sources, needed))
        """The needed facts, and all that they are made from."""
        self._parts = writer.parts()
        self._silent = _set_of(tuple(writer.silenced))
        self._told = frozenset(
            name for name, source in writer.sources.items() if not isinstance(source, Cases)
        )
        """The facts that the form decides."""

    @classmethod
    def over(
        cls, basis: Basis, needed: Iterable[str], day: date, vocabulary: Vocabulary | None = None
    ) -> Derivation:
        """How some facts are derived from a request in the window of a day.

        Args:
            basis: A folder's vocabulary, reference data and sources.
            needed: The names of the facts.
            day: A day of the window.
            vocabulary: In place of the folder's own, where a meaning of silence differs.
        """
        needed = list(needed)
        sources, parts = basis.sources_on(needed, day), basis.line_parts_on(day)
        return cls(vocabulary or basis.vocabulary, basis.reference, sources, parts, needed, day)

    def facts(
        self, context: Context, given: Mapping[str, Value]
    ) -> tuple[dict[str, Value | None], list[Contradiction]]:
        """The facts of a service; a fact that is not known is None or not in it."""
        facts, contradictions, _ = self.read(context, given)
        return facts, contradictions

    def read(
        self, context: Context, given: Mapping[str, Value]
    ) -> tuple[dict[str, Value | None], list[Contradiction], frozenset[str]]:
        """As `facts`, with the facts that have the value that silence means."""
        facts, silent = self._derive(context, given, NOTHING)
        told = self._told
        if not given or all(facts[name] == one for name, one in given.items() if name in told):
            return facts, [], self._silent(silent)
        # What differs may rest on silence alone: that is seen where silence means nothing.
        said, _ = self._spoken(context, given, NOTHING)
        contradictions = []
        agreeing = set()
        for name, value in given.items():
            if name in self._told:
                form = said[name]
                assert form is not None  # what is given fills in where the form is silent
                if form == value:
                    agreeing.add(name)
                else:
                    how = _bounding(form, *[said.get(bound_name(name, one)) for one in _SIDES])
                    contradictions.append(Contradiction(name, form, value, how))
        facts, silent = self._derive(context, given, frozenset(agreeing))
        return facts, contradictions, self._silent(silent)

    @cached_property
    def _spoken(self) -> _Derive:
        """The facts where silence means nothing: only what the form or the request says."""
        vocabulary, reference, sources, line_parts, needed, day = self._made_from
        unsaid = {name: replace(fact, absent_means=None) for name, fact in vocabulary.facts.items()}
        silent = replace(vocabulary, facts=unsaid)
        writer = _DerivationWriter(silent, reference, sources, line_parts, day)
        return writer.derivation(needed)

    def parts_of(self, line: LineView, facts: Facts) -> frozenset[str]:
        """The parts of the service's lines to which a line belongs."""
        return self._parts(line, facts)


class _DerivationWriter(SourceWriter):
    """Writes the function that reads every needed source, each after those it is made from.

    What the form says comes first; a fact given beside it fills in where the form is silent. Only a
    guess from procedure codes (`cases`) is overridden by a value that was given.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        reference: ReferenceData,
        sources: Mapping[str, Source],
        line_parts: Mapping[str, Condition],
        day: date,
    ) -> None:
        super().__init__(
            self._read,
            frozenset(name for name, fact in vocabulary.facts.items() if fact.type.can_be_none),
        )
        self._vocabulary, self._reference, self._line_parts = vocabulary, reference, line_parts
        self._day = day
        self.sources = sources
        self.silenced: list[str] = []
        """The facts of which silence means something, in the order of their bits."""
        self._variables_of: dict[str, str] = {}
        self._attributes: list[str] = []
        self._silent: list[str] | None = None
        """While what the form tells is gathered: the facts on which it may be silent."""
        self.namespace["BOOLEAN"] = AS_BOOLEAN
        self.namespace["on_day"] = on_day

    def derivation(self, needed: Sequence[str]) -> _Derive:
        """The function that reads the needed facts; some of those given count before the form."""
        self.expect(
            source.condition
            for source in self.sources.values()
            if isinstance(source, Computed) and source.condition is not None
        )
        over_lines: dict[str, Aggregate | Cases] = {
            name: source
            for name, source in self.sources.items()
            if isinstance(source, Aggregate | Cases)
            and not any(map(self._needs_lines, facts_of(source)))
        }
        for other in [other for one in over_lines.values() for other in facts_of(one)]:
            self._place(other)
        # First all that the form tells directly, with one pass over each set of lines.
        self._silent = []
        for lines in LINE_SETS:
            self._pass(lines, [name for name, one in over_lines.items() if one.lines == lines])
        for name, source in self.sources.items():
            if isinstance(source, Path | DrugAttribute):
                self._place(name)
        self._fill_in()
        for name in needed:
            if name in self.sources or self._vocabulary.tested[name].absent_means is not None:
                self._place(name)  # any other is in what was given, or not known
        head = [
            "request, service = context.request, context.service",
            "given_get = given.get",
            "authorization_get = context.authorization.get",
            "service_lines = service.lines",
            "claim_lines = context.claim_lines",
            "day = service.day",
            "silent = 0",
            "same_day_lines = claim_lines if day is None else [line for line in claim_lines "
            "if line.date == day or not line.one_day and on_day(line, day)]",
        ]
        if self._attributes:
            self.namespace["drug_on"] = drug_reader(self._reference, self._attributes)
            head.append("drug = drug_on(service.code, service.day)")
        pairs = ", ".join(
            f"{self.constant(name)}: {variable}" for name, variable in self._variables_of.items()
        )
        body = [
            *head,
            *self.lines,
            f"facts = {{{pairs}}}",
            "for name in given:",
            "    if name not in facts: facts[name] = given[name]",
            "return facts, silent",
        ]
        return self.function("derive", "context, given, first", body)

    def parts(self) -> Callable[[LineView, Facts], frozenset[str]]:
        """The function that names the parts to which a line belongs."""
        inner = _LoopWriter(self, lambda name: f"facts.get({self.constant(name)})", "service")
        tests = {
            name: inner.shared("t", inner.condition(part))
            for name, part in self._line_parts.items()
        }
        self.namespace["those_of"] = _those_of(tuple(tests))
        holds = "".join(f"{test} == 3, " for test in tests.values())
        body = [*inner.reading(), *inner.lines, f"return those_of({holds})"]
        return self.function("parts_of", "line, facts", body)

    # --- facts -----------------------------------------------------------------------------------

    def _needs_lines(self, name: str) -> bool:
        source = self.sources.get(name)
        if source is None:
            return False
        return isinstance(source, Aggregate | Cases | RecordAggregate) or any(
            map(self._needs_lines, facts_of(source))
        )

    def _read(self, name: str) -> str:
        self._place(name)
        return self._variables_of[name]

    def _place(self, name: str) -> None:
        """Write a fact, after the facts that it is made from."""
        fact = self._vocabulary.tested[name]
        if name in self._variables_of or fact.derived:
            return
        source = self.sources.get(name)
        if isinstance(source, Bound):
            self._place(source.fact)  # beside which it is written
            return
        if isinstance(source, RecordAggregate):
            self._over_records(source)
            return
        for other in () if source is None else facts_of(source):
            self._place(other)
        match source:
            case None:
                given = f"given_get({self.constant(name)}) if given else None"
                self._variables_of[name] = self.assign("v", given)
                self._by_silence(name)
                return
            case Aggregate() | Cases():
                self._pass(source.lines, [name])
                return
            case Path(root, path):
                variable = self.assign("v", self._path(root, path))
            case DrugAttribute(attribute):
                variable = self.assign("v", f"drug[{len(self._attributes)}]")
                self._attributes.append(attribute)
            case Computed(_, condition) if condition is not None:
                variable = self.assign("v", f"BOOLEAN[{self.condition(condition)}]")
            case Computed(expression, _):
                assert expression is not None
                variable = self.assign("v", self.expression(expression))
        self._settle(name, variable)

    def _settle(self, name: str, variable: str) -> None:
        """Let what was given fill in, and then what silence means."""
        fact = self._vocabulary.facts[name]
        if fact.type.kind == "choice":
            legal = {*fact.type.values, *([NONE, NONE_TEXT] if fact.type.can_be_none else [])}
            values = self.constant(frozenset(legal))
            self.lines.append(f"if {variable} not in {values}: {variable} = None")
        if fact.type.can_be_none and isinstance(self.sources.get(name), Path):
            self.lines.append(f"if {variable} == {NONE_TEXT!r}: {variable} = NONE")
        self._variables_of[name] = variable
        if self._silent is None:
            key = self.constant(name)
            asked = f"{variable} is None"
            if may_rest_on_silence(name, self.sources, self._vocabulary):
                asked = f"({asked} or {key} in first)"
            self.lines.append(f"if {asked} and given: {variable} = given_get({key})")
            self._by_silence(name)
        else:
            self._silent.append(name)

    def _fill_in(self) -> None:
        """`_settle` for all that waited for it: most claims bring no facts of their own."""
        assert self._silent is not None
        self.lines.append("if given:")
        for name in self._silent:
            variable, key = self._variables_of[name], self.constant(name)
            self.lines.append(f"    if {variable} is None: {variable} = given_get({key})")
        self.lines.append("    pass")
        for name in self._silent:
            self._by_silence(name)
        self._silent = None

    def _by_silence(self, name: str) -> None:
        fact, variable = self._vocabulary.facts[name], self._variables_of[name]
        silent = fact.absent_means
        if silent is not None:
            bit = 1 << len(self.silenced)
            self.silenced.append(name)
            by_silence = f"{variable} = {self.constant(silent)}; silent |= {bit}"
            self.lines.append(f"if {variable} is None: {by_silence}")
        elif self.sources.get(name) == ORIGINAL and fact.type.can_be_none:
            # An original claim replaces none, and its frequency says that it is one.
            original = f'{variable} is None and request.frequency == "1"'
            self.lines.append(f"if {original}: {variable} = NONE")

    def _guess(self, name: str, guessed: str) -> None:
        """A fact that is guessed only where it is not given."""
        given = f"given_get({self.constant(name)}) if given else None"
        variable = self._variables_of[name] = self.assign("v", given)
        self.lines.append(f"if {variable} is None: {variable} = {guessed}")
        self._by_silence(name)

    def _constant_function(self, function: Callable[..., Any]) -> str:
        name = self.name("F")
        self.namespace[name] = function
        return name

    def _path(self, root: str, path: str) -> str:
        if root == "authorization":
            return f"authorization_get({path!r})"
        if root == "service":
            if path == "code":
                return "service.code"
            if path == "date":
                return "service.day"
            return f"{self._constant_function(SERVICE_READERS[path].read)}(context)"
        if path == "coverage.payer":
            return "context.payer"
        if path == "received":
            return "request.received_on"
        if path == "diagnoses":
            return f"{self._constant_function(_claim_diagnoses)}(context)"
        return f"request.{path}"

    # --- records ---------------------------------------------------------------------------------

    def _over_records(self, source: RecordAggregate) -> None:
        """One pass over a list for all facts that are made from it with the same `where`."""
        made = {
            name: one
            for name, one in self.sources.items()
            if isinstance(one, RecordAggregate)
            and (one.records, one.where) == (source.records, source.where)
        }
        read = list(dict.fromkeys(other for one in made.values() for other in facts_of(one)))
        values = [self._read(name) for name in read]
        kind = self._vocabulary.records[source.records]
        over = self._constant_function(Pass(kind, list(made.values()), read, self._can_be_none))
        results = [(self.name("v"), self.name("lo"), self.name("hi")) for _ in made]
        names = ", ".join(f"({', '.join(one)})" for one in results)
        self.lines.append(f"{names}, = {over}({', '.join(['context', 'context.lists', *values])})")
        for (name, one), (variable, *bounds) in zip(made.items(), results, strict=True):
            type_ = self._vocabulary.facts[name].type
            if one.how in OR_NONE and not type_.can_be_none:
                self.lines.append(f"if {variable} is NONE: {variable} = None")
            self._settle(name, variable)
            if bound_name(name, LEAST) in self._vocabulary.bounds:
                self._within(name, variable, *bounds)

    def _within(self, name: str, variable: str, least: str, most: str) -> None:
        """Put bounds beside a fact. One that was given outside of them contradicts the form: it is then
        the nearest bound, which differs from what was given."""
        self._variables_of[bound_name(name, LEAST)] = least
        self._variables_of[bound_name(name, MOST)] = most
        kind = self._vocabulary.facts[name].type.kind
        nothing = self.constant(UNBOUNDED[LEAST][kind])
        self.lines += [
            f"if given and {variable} is not None:",
            f"    if {variable} is NONE: {variable} = NONE if {least} == {nothing} else {least}",
            f"    else: {variable} = min(max({variable}, {least}), {most})",
        ]

    # --- lines -----------------------------------------------------------------------------------

    def _pass(self, lines: LineSet, names: Sequence[str]) -> None:
        """One loop over some lines, written out in place, for all these facts."""
        if not names:
            return
        sources = {name: self.sources[name] for name in names}
        for source in sources.values():
            for other in facts_of(source):
                self._place(other)
        among = f"{lines}_lines"
        loop = _LoopWriter(self, self._read, lines)
        loop.expect(_conditions(sources.values()))
        results = {}
        for name, source in sources.items():
            match source:
                case Cases(_, cases):
                    results[name] = loop.first_case(cases, among)
                case Aggregate(_, where, how, _, condition) if condition is not None:
                    results[name] = loop.quantified(where, how, condition, among)
                case Aggregate(_, where, how, field, _):
                    results[name] = loop.combined(where, how, field, among)
        self.lines += loop.starting()
        self.lines.append(f"for line in {among}:")
        self.lines += [f"    {line}" for line in [*loop.reading(), *loop.lines]]
        for name, source in sources.items():
            if isinstance(source, Cases):
                self._guess(name, results[name])
            else:
                self._settle(name, self.assign("v", results[name]))


class _LoopWriter(SourceWriter):
    """Writes what is done with each line. Each result is the source of a value after the loop.

    Whether a line is for the service's own day may not be known; then it counts as one that only
    might be among those lines.
    """

    def __init__(
        self, outer: _DerivationWriter, read: Callable[[str], str], lines: LineSet
    ) -> None:
        super().__init__(self._read_line, outer._can_be_none)
        self._within = "within" if lines == "same_day" else None
        self._outer, self._read_fact = outer, read
        self.namespace, self._constants = outer.namespace, outer._constants
        self._starts: dict[str, list[str]] = {}
        self._fields: dict[str, str] = {}

    def name(self, prefix: str) -> str:
        return self._outer.name(prefix)

    def starting(self) -> list[str]:
        """The statements before the loop."""
        return [f"{' = '.join(names)} = {start}" for start, names in self._starts.items()]

    def _start(self, prefix: str, start: str) -> str:
        name = self.name(prefix)
        self._starts.setdefault(start, []).append(name)
        return name

    def reading(self) -> list[str]:
        """The statements that read each field that is used, once."""
        fields = [
            f"{variable} = line.{field.replace('.', '_')}"
            for field, variable in self._fields.items()
        ]
        if self._within is None:
            return fields
        return [
            f"within = {HOLDS} if line.one_day and day is not None else {UNKNOWN}",
            *fields,
        ]

    def _among(self, where: Condition | None) -> str | None:
        """Whether a line is among those that count; None: each is."""
        if where is None:
            return self._within
        truth = self.shared("t", self.condition(where))
        return truth if self._within is None else self.shared("t", f"{self._within} & {truth}")

    def optional(self, name: str) -> bool:
        return name not in ALWAYS_KNOWN

    def _read_line(self, name: str) -> str:
        if name not in LINE_FIELDS:
            return self._read_fact(name)
        if name not in self._fields:
            self._fields[name] = self.name("l")
        return self._fields[name]

    def first_case(self, cases: Iterable[tuple[Condition, Value]], among: str) -> str:
        """The value of the first case that holds of some line, where those before it fail."""
        chain = "None"
        for condition, value in reversed(list(cases)):
            truth = self.condition(condition)
            if self._within is not None:
                truth = f"({self._within} & {truth})"
            seen = self._seen(truth, among)
            chain = f"{self.constant(value)} if {seen} == 3 else None if {seen} else {chain}"
        return chain

    def quantified(
        self, where: Condition | None, how: str, condition: Condition, among: str
    ) -> str:
        """Whether any line fulfils a condition, or all do."""
        every = how == "all"
        # "All of those" fails where one is among those and fails: its negation is an "any".
        truth = self.condition(condition, negated=every)
        if (first := self._among(where)) is not None:
            truth = f"({first} and {first} & {truth})"
        seen = self._seen(truth, among)
        return f"BOOLEAN[NEG[{seen}]]" if every else f"BOOLEAN[{seen}]"

    def _seen(self, truth: str, among: str) -> str:
        seen = self._start("s", f"0 if {among} else 1")
        self.lines.append(f"{seen} |= {truth}")
        return seen

    def combined(self, where: Condition | None, how: str, field: str | None, among: str) -> str:
        """A sum, count, set, … of a field over the lines; None where one of them is not known."""
        whether = self._among(where)
        value = "1" if field is None else self._read_line(field)
        unknown = [f"{whether} == 1"] if whether else []
        if field is not None and self.optional(field):
            unknown.append(f"{value} is None")
        adds_up = how in ("sum", "count")
        result = self._start("a", f"{0 if adds_up else ()} if {among} else None")
        step = f"{result} += {value}" if adds_up else f"{result} += ({value},)"
        selected = f"{whether} and {result} is not None" if whether else f"{result} is not None"
        self.lines.append(f"if {selected}:")
        if unknown:
            self.lines += [f"    if {' or '.join(unknown)}: {result} = None", f"    else: {step}"]
        else:
            self.lines.append(f"    {step}")
        if adds_up:
            return result
        if how == "collect" and field is not None and LINE_FIELDS[field].kind == "codes":
            how = "union"
        self.namespace[how] = COMBINE[how]
        return f"None if {result} is None else {how}({result})"


def _conditions(sources: Iterable[Source]) -> Iterable[Condition]:
    for source in sources:
        match source:
            case Cases(_, cases):
                yield from (condition for condition, _ in cases)
            case Aggregate(_, where, _, _, condition):
                yield from (part for part in (where, condition) if part is not None)


def may_rest_on_silence(name: str, sources: Mapping[str, Source], vocabulary: Vocabulary) -> bool:
    """Whether a fact is made from another that has a value where nothing is said."""
    source = sources.get(name)
    return source is not None and any(
        vocabulary.facts[other].absent_means is not None
        or may_rest_on_silence(other, sources, vocabulary)
        for other in facts_of(source)
    )


def _set_of(names: Sequence[str]) -> Callable[[int], frozenset[str]]:
    """Those of some names whose bit is set."""

    @lru_cache(maxsize=_KEPT)
    def set_of(bits: int) -> frozenset[str]:
        return frozenset([name for at, name in enumerate(names) if bits >> at & 1])

    return set_of


def _those_of(names: Sequence[str]) -> Callable[..., frozenset[str]]:
    """Those of some names for which an argument is true."""

    @lru_cache(maxsize=_KEPT)
    def those_of(*holds: bool) -> frozenset[str]:
        return frozenset(compress(names, holds))

    return those_of


def describe_contradiction(vocabulary: Vocabulary, found: Contradiction) -> str:
    """The contradiction as a sentence."""
    type_ = vocabulary.facts[found.fact].type
    return (
        f"the facts give `{found.fact}` as {format_value(found.given, type_)}, but the claim "
        f"says {found.how}{format_value(found.form, type_)}"
    )


_SIDES: Final = (LEAST, MOST)


def _bounding(form: Value, least: Value | None, most: Value | None) -> str:
    """How a form bounds what was given outside of its bounds."""
    if least is None or least == most:
        return ""
    return "at least " if form == least else "at most "


def _union(values: tuple[frozenset[str], ...]) -> frozenset[str]:
    return values[0] if len(values) == 1 else frozenset().union(*values)


def _only(values: tuple[Any, ...]) -> Any:
    return values[0] if values and values.count(values[0]) == len(values) else None


COMBINE: dict[str, Callable[[tuple[Any, ...]], Any]] = {
    "collect": frozenset,
    "union": _union,
    "only": _only,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
}


def drug_reader(
    reference: ReferenceData, names: Sequence[str]
) -> Callable[[str | None, date | None], tuple[Any, ...]]:
    """Some attributes of a drug on a day; what changes from day to day is not known without one."""

    def read(name: str, code: str | None, day: date | None) -> Any:
        if code is None:
            return None
        drug = reference.drugs.get(code)
        if name == "listed":
            return drug is not None
        return None if drug is None else drug.on(name, day)

    @lru_cache(maxsize=_KEPT)
    def drug_on(code: str | None, day: date | None) -> tuple[Any, ...]:
        return tuple([read(name, code, day) for name in names])

    return drug_on


def _claim_diagnoses(context: Context) -> frozenset[str] | None:
    diagnoses = context.request.diagnoses
    return None if diagnoses is None else frozenset(diagnoses)


def _service_diagnoses(context: Context) -> frozenset[str] | None:
    diagnoses = context.request.diagnoses
    if diagnoses is None:
        return None
    pointed: set[int] = set()
    for line in context.service.lines:
        if line.diagnosis_pointers is None:
            return frozenset(diagnoses)
        pointed.update(line.diagnosis_pointers)
    if not context.service.lines:
        return frozenset(diagnoses)
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


def _earlier_lines(context: Context) -> Iterator[tuple[PriorLine, Truth]]:
    """The lines of other claims of the service's code, and whether each was on its day."""
    request, service = context.request, context.service
    for prior in history_rows(request.history):
        if prior.void or prior.claim_id == request.original_id or prior.code != service.code:
            continue
        if prior.date is None or service.day is None:
            yield prior, UNKNOWN
        elif prior.date == service.day:
            yield prior, HOLDS


def _duplicate_of_history(context: Context) -> bool | None:
    covered, day = covered_by(context.request.history), context.service.day
    if context.request.history is None:
        return None
    billing = context.request.provider.billing_npi
    # Where the list may lack lines of that day, one of those may be the same.
    whole = covered is not None and (covered == ALWAYS or (day is not None and covered <= day))
    found = FAILS if whole else UNKNOWN
    for prior, same_day in _earlier_lines(context):
        for line in context.service.lines:
            if (
                prior.modifiers == line.modifiers
                and prior.units == line.units
                and (prior.billing_npi is None or prior.billing_npi == billing)
                and (prior.charge is None or line.charge is None or prior.charge == line.charge)
            ):
                found |= same_day
    return AS_BOOLEAN[found]


def _fractional_units(context: Context) -> bool | None:
    unknown = not context.service.lines
    for line in context.service.lines:
        if line.units is None:
            unknown = True
        elif not isinstance(line.units, int):
            return True
    return None if unknown else False


def _part_of_a_container(context: Context) -> bool | None:
    """Whether the units of some single-dose NDC of the service are no whole containers of it.

    Administered and discarded units count together. A line without an NDC could be of any: the answer
    is yes or no where it is so wherever such lines belong. None too where no line has an NDC.
    """
    units: dict[str, list[Any]] = {}
    container: dict[str, Any] = {}
    anywhere: list[Any] = []
    for line in context.service.lines:
        if line.ndc is None:
            anywhere.append(line.units)
        elif line.product_single_dose is not False:
            units.setdefault(line.ndc, []).append(line.units)
            container[line.ndc] = line.product_units if line.product_single_dose else None
    if None in anywhere:
        return None
    found = UNKNOWN if anywhere or not context.service.lines else FAILS
    for ndc, of_it in units.items():
        one = container[ndc]
        if one is None or None in of_it:
            found |= UNKNOWN
        elif not any(_whole_containers(number, one) for number in _sums(sum(of_it), anywhere)):
            found |= HOLDS
    return AS_BOOLEAN[found]


def _whole_containers(units: Any, container: Any) -> bool:
    """Whether whole containers can make the units. A part of a unit, a fault of its own, counts as one.

    One that is no whole number of units makes as many as its rounded amounts do: the next whole number
    below to the next above, by how administered and discarded amounts are divided.
    """
    whole = ceil(units)
    count = ceil(Fraction(whole, ceil(container))) if container > 0 else 0
    return bool(count * floor(container) <= whole)


def _sums(first: Any, others: Sequence[Any]) -> set[Any]:
    """A number, and each sum of it and some of the others; of too many only 0, which settles nothing."""
    sums = {first}
    for number in others:
        sums |= {one + number for one in sums}
        if len(sums) > _KEPT:
            return {0}
    return sums


def _duplicate_line(context: Context) -> bool | None:
    lines = context.service.lines
    if len(lines) < 2:
        return False if lines else None
    keys = {(line.modifiers, line.units, line.ndc, line.charge) for line in lines}
    return len(keys) < len(lines)


class ServiceReader(NamedTuple):
    """Reads a fact off a service. It reads nothing else than what is named here, the service's code and
    its day."""

    read: Callable[[Context], Any]
    lines: tuple[str, ...] = ()
    """The fields of its lines."""
    request: tuple[str, ...] = ()
    """The fields of the request, by path."""
    compares: bool = False
    """Whether it only looks which lines have equal fields, and at no value of them."""


_HISTORY: Final = ("history", "original_id", "provider.billing_npi")
SERVICE_READERS: Final[Mapping[str, ServiceReader]] = {
    "through": ServiceReader(_last_day, ("through",)),
    "lines": ServiceReader(lambda context: len(context.service.lines) or None),
    "diagnoses": ServiceReader(_service_diagnoses, ("diagnosis_pointers",), ("diagnoses",)),
    "place_of_service": ServiceReader(
        _place_of_service, ("place_of_service",), ("place_of_service",)
    ),
    "duplicate_of_history": ServiceReader(
        _duplicate_of_history, ("modifiers", "units", "charge"), _HISTORY
    ),
    "duplicate_line": ServiceReader(
        _duplicate_line, ("modifiers", "units", "ndc", "charge"), compares=True
    ),
    "fractional_units": ServiceReader(_fractional_units, ("units",)),
    "part_of_a_container": ServiceReader(
        _part_of_a_container, ("ndc", "units", "product.single_dose", "product.units")
    ),
}


__all__ = ["Context", "Contradiction", "Derivation", "authorization_facts"]
