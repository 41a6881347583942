"""What would get a denied or pended request approved: `repairs(engine, request, decided)`.

The smallest sets of facts that a submitter can supply or correct, each decided again before it is
shown. Missing facts come first; stated facts are corrected only where nothing else helps. A set lists
what the record would have to show, and is no advice to state what it does not show.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import Any, Final, Literal

from payer_policy.analysis.possible import Decision
from payer_policy.analysis.settled import Open
from payer_policy.analysis.witness import form_paths, put
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.ruleset import RESERVED, Constant, FactRef, facts_read, tests_in
from payer_policy.core.vocabulary.codes import families_in
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.types import Value, to_json
from payer_policy.determination import Citation, Determination, Determiner, ServiceLine
from payer_policy.engine import Decided, Engine
from payer_policy.engines import engine_named
from payer_policy.engines.symbolic.logic import Formula, all_of, any_of, at_least, negated, truth_in
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.language.sources import Computed, facts_of
from payer_policy.request.given import line_numbers
from payer_policy.request.models import Request

FEW: Final = 4
"""Sets of up to this many facts are found in the order of their size; larger ones take too long."""
TRIED: Final = 12
"""Maximum number of sets that are decided."""
MORE: Final = 4
"""The number of extra sets that are found, to choose those with the least burden."""
DETAIL: Final = 6
"""Maximum number of rules that read a detail; facts that more rules read are not details."""
SUBMITTERS: Final = ("biller", "provider")
"""Those who submit a request; the payer and the plan supply the rest."""


@dataclass(frozen=True, slots=True)
class Step:
    """One fact of a repair. `value` is an example of a value that works."""

    fact: Fact
    value: Value
    was: Value | None
    """Its value now; None: it is not known."""

    @property
    def kind(self) -> Literal["supply", "correct"]:
        return "supply" if self.was is None else "correct"


@dataclass(frozen=True, slots=True)
class Repair:
    """A set of facts with which the request gets another decision; all of them are needed."""

    steps: tuple[Step, ...]
    decision: Decision
    how: Literal["request", "facts"]
    """Decided again as a request; or on its facts, where the lines of the form would have to change."""
    determination: Determination


@dataclass(frozen=True, slots=True)
class Against:
    """A rule against the wanted decision."""

    rule: str
    title: str
    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Repairs:
    """All that is found for one determination."""

    determination: Determination
    repairs: tuple[Repair, ...]
    against: tuple[Against, ...]
    """The rules that deny, pend or reduce the request, or are undetermined."""
    settled: Decision | None
    """The decision, where it is the same whatever the missing facts are."""
    why: str | None = None
    """Why there is no repair: nothing helps, or the solver gave up."""


def repairs(
    engine: Engine, request: Request, decided: Decided, *, limit: int = 3, to: Decision = "approve"
) -> Repairs:
    """The smallest sets of facts with which a determination becomes another.

    Args:
        engine: The engine that decided.
        request: The request that was decided.
        decided: One of its determinations.
        limit: Maximum number of sets.
        to: The wanted decision.
    """
    return _Case(engine, request, decided, to).repairs(limit)


_DATES: Final = "it turns on the days of service: give each line its one date, or ask about one day"


class _Case:
    def __init__(self, engine: Engine, request: Request, decided: Decided, to: Decision) -> None:
        self._engine, self._request, self._decided, self._to = engine, request, decided, to
        self._open = Open(engine, decided)
        self._facts = engine.library.vocabulary.facts
        self._determiner = Determiner(decided.ruleset)
        self._evaluate = engine_named("compiled").compile(decided.ruleset)
        self._paths = form_paths(self._facts)

    def repairs(self, limit: int) -> Repairs:
        determination = self._decided.determination
        against = tuple(self._against())
        if determination.decision == self._to:
            return Repairs(determination, (), (), self._to)
        settled = None
        if self._decided.days or determination.policy.version is None:
            return Repairs(determination, (), against, None, _DATES)
        try:
            if determination.decision == "pend":
                possible = self._open.possible()
                settled = possible[0] if len(possible) == 1 else None
            found = tuple(self._found(limit))
        except NotProved as error:
            return Repairs(determination, (), against, settled, f"the solver gave up: {error}")
        why = None if found else self._no_help()
        return Repairs(determination, found, against, settled, why)

    def _no_help(self) -> str:
        others = [
            question.fact
            for question in self._decided.determination.missing
            if question.supplied_by not in SUBMITTERS
        ]
        said = "nothing that a submitter can supply or correct changes it"
        if not others:
            return said
        return f"{said} by itself: it also waits for what the payer knows ({', '.join(others)})"

    def _against(self) -> Iterator[Against]:
        ruleset, determination = self._decided.ruleset, self._decided.determination
        rules = [found.rule for found in determination.findings if found.kind != "advise"]
        rules += [waiting.rule for waiting in determination.unsettled]
        known = {rule.id: rule for rule in ruleset.rules}
        for id_ in dict.fromkeys(rules):
            if id_ in RESERVED:
                yield Against(id_, RESERVED[id_], ())
                continue
            rule = known.get(id_)
            if (
                rule is None
            ):  # the line is denied with others, and the rules that deny those are listed
                continue
            citations = tuple(
                Citation(name, reference.title, reference.href)
                if (reference := ruleset.references.get(name)) is not None
                else Citation(name, name, None)
                for name in rule.cites
            )
            yield Against(id_, rule.title, citations)

    # --- the search ------------------------------------------------------------------------------

    def _found(self, limit: int) -> list[Repair]:
        """Sets of missing facts; where there are none, sets with corrections, of details first."""
        open_ = self._open
        facts = [self._facts[name] for name in open_.known if name in self._facts]
        missing, correctable = [], []
        for fact in facts:
            if fact.supplied_by not in SUBMITTERS:
                continue
            if not open_.is_known(fact.name):
                if fact.question is not None:
                    missing.append(fact.name)
            elif fact.correctable and fact.name not in open_.computed:
                correctable.append(fact.name)
        details = [name for name in correctable if self._reach[name] <= DETAIL]
        for candidates in (missing, [*missing, *details], [*missing, *correctable]):
            found = sorted(islice(self._sets(candidates), limit + MORE), key=self._burden)
            if found:
                return found[:limit]
        return []

    def _burden(self, repair: Repair) -> tuple[int, int, int]:
        """The burden of a set: its corrections, then its facts, then the rules that read them."""
        corrected = sum(step.kind == "correct" for step in repair.steps)
        reach = sum(self._reach[step.fact.name] for step in repair.steps)
        return corrected, len(repair.steps), reach

    @cached_property
    def _reach(self) -> Mapping[str, int]:
        """The number of rules that read each fact, directly or through other facts."""
        ruleset = self._decided.ruleset
        reads: dict[str, frozenset[str]] = {}

        def base(name: str) -> frozenset[str]:
            found = reads.get(name)
            if found is None:
                derived = ruleset.derived.get(name)
                if derived is not None:
                    rules = [ruleset.rules[index] for index, _ in derived.concluded_by]
                    others = {other for rule in rules for other in facts_read(rule)}
                else:
                    source = self._open.requests.source(name)
                    others = set(facts_of(source)) if isinstance(source, Computed) else set()
                found = reads[name] = frozenset({name}).union(*map(base, others))
            return found

        counts = Counter(
            name
            for rule in ruleset.rules
            for name in frozenset().union(*map(base, facts_read(rule)))
        )
        return {name: counts[name] for name in self._open.known}

    def _sets(self, candidates: Sequence[str]) -> Iterator[Repair]:
        open_ = self._open
        stay = [open_.stays(name) for name in open_.known if name not in candidates]
        touched: dict[str, Formula] = {
            name: negated(open_.stays(name)) for name in sorted(candidates)
        }
        # What is corrected gets another value: no stated fact becomes unknown.
        known = [open_.facts[name].known for name in candidates if open_.is_known(name)]
        goal = open_.requests.decisions[self._to]
        fitting = [self._fitting(name) for name in candidates]
        search = Search(open_.facts, [*open_.everything(), *stay, *known, *fitting, goal])
        for names, model in islice(_smallest(search, touched), TRIED):
            others = [negated(other) for name, other in touched.items() if name not in names]
            model = search.smallest(model, open_.requests.plausible(names), *others)
            repair = self._repair(names, model)
            if repair is not None:
                yield repair

    def _fitting(self, name: str) -> Formula:
        """That a code is one that the policy names for this fact, or compares it with.

        Any other code would satisfy a rule that says "none of these", and be of no use.
        """
        if self._facts[name].type.kind != "code":
            return True
        texts = self._named.get(name, set())
        others = {name, *self._compared.get(name, ())}
        values = [self._open.known.get(other) for other in others]
        known = {value for value in values if isinstance(value, str)}
        term = self._open.facts[name]
        number = self._open.facts.texts.number
        fits = any_of(term.value == number(text) for text in sorted(texts | known))
        return any_of([negated(term.known), term.none, fits])

    @cached_property
    def _compared(self) -> Mapping[str, set[str]]:
        """For each fact, the facts that conditions compare it with; computed facts included."""
        out: dict[str, set[str]] = {}
        conditions = [rule.condition for rule in self._decided.ruleset.rules]
        basis = self._engine.library.basis_of(self._decided.ruleset)
        for source in basis.sources.values():
            if isinstance(source, Computed) and source.condition is not None:
                conditions.append(source.condition)
        for condition in conditions:
            for test in tests_in(condition):
                for side in test.right:
                    if isinstance(side, FactRef):
                        out.setdefault(test.fact, set()).add(side.fact)
                        out.setdefault(side.fact, set()).add(test.fact)
        return out

    @cached_property
    def _named(self) -> Mapping[str, set[str]]:
        """For each fact, the codes that conditions of the policy name for it."""
        out: dict[str, set[str]] = {}
        for rule in self._decided.ruleset.rules:
            for test in tests_in(rule.condition):
                for side in test.right:
                    if isinstance(side, Constant):
                        values = side.value if isinstance(side.value, frozenset) else {side.value}
                        out.setdefault(test.fact, set()).update(
                            value
                            for value in values
                            if isinstance(value, str) and value not in families_in(side.value)
                        )
        return out

    # --- the check -------------------------------------------------------------------------------

    def _repair(self, names: Sequence[str], model: Any) -> Repair | None:
        """The set with its values, decided again; None where it does not give the wanted decision."""
        values = {
            name: self._open.facts.term_in(model, name, self._open.facts[name]) for name in names
        }
        steps = tuple(
            Step(self._facts[name], value, self._open.known[name]) for name, value in values.items()
        )
        how: Literal["request", "facts"] = "request"
        made = self._as_request(values)
        if made is None:
            how, made = "facts", self._on_facts(model)
        return Repair(steps, self._to, how, made) if made.decision == self._to else None

    def _as_request(self, values: Mapping[str, Value]) -> Determination | None:
        """The request with these facts, decided; None where the form itself would have to change."""
        request = self._request.model_dump(mode="python", exclude_unset=True)
        request["facts"] = dict(self._request.facts)
        for name, value in values.items():
            path = self._paths.get(name)
            if path is None:
                for facts in self._places(request, name):
                    facts[name] = to_json(value)
                continue
            put(request, path, sorted(value) if isinstance(value, frozenset) else value)
        try:
            decided, _ = self._engine.decide_fully(Request.model_validate(request))
        except (PolicyError, ValueError):
            return None
        was = self._decided.determination
        for one in decided:
            made = one.determination
            same = made.code == was.code and made.service_date == was.service_date
            if same and made.policy.address == was.policy.address:
                return made if self._took(one, values) else None
        return None

    def _places(self, request: dict[str, Any], name: str) -> list[dict[str, Any]]:
        """The `facts` objects of the request that hold a fact, or else should hold it."""
        if name in request["facts"] or self._facts[name].about == "member":
            return [request["facts"]]
        numbers = {line.number for line in self._decided.determination.lines}
        lines = zip(line_numbers(self._request), request.get("lines", ()), strict=False)
        ours = [line.setdefault("facts", {}) for number, line in lines if number in numbers]
        return [facts for facts in ours if name in facts] or ours[:1] or [request["facts"]]

    def _took(self, decided: Decided, values: Mapping[str, Value]) -> bool:
        """Whether the request now has these facts, which a line's own fields override."""
        return all(decided.facts.get(name) == value for name, value in values.items())

    def _on_facts(self, model: Any) -> Determination:
        requests, was = self._open.requests, self._decided.determination
        facts: dict[str, Value | None] = {}
        for name in self._decided.ruleset.facts:
            if name not in self._decided.ruleset.derived:
                term = requests.read(name)
                if truth_in(model, term.known):
                    facts[name] = self._open.facts.term_in(model, name, term)
        lines = [
            ServiceLine(line.number, _billed(line.billed_units), frozenset(line.parts))
            for line in was.lines
        ]
        about = was.about._replace(engine="compiled")
        return self._determiner.determine(self._evaluate(facts), facts, lines, about)


def _billed(units: int | Decimal | Fraction | None) -> int | Decimal | None:
    """Billed units of a line, in billing units; a fraction is never billed."""
    return None if isinstance(units, Fraction) else units


def _smallest(search: Search, touched: Mapping[str, Formula]) -> Iterator[tuple[list[str], Any]]:
    """Sets of facts that work, none a part of another, each with a model; small ones first."""
    for size in range(1, FEW + 1):
        few = negated(at_least(size + 1, touched.values()))
        while (model := search.find(few)) is not None:
            names = [name for name, other in touched.items() if truth_in(model, other)]
            yield names, model
            search.always(negated(all_of(touched[name] for name in names)))
    while (model := search.find(True)) is not None:
        needed = names = [name for name, other in touched.items() if truth_in(model, other)]
        for name in names:
            fewer = [other for other in needed if other != name]
            stays = [negated(touched[other]) for other in touched if other not in fewer]
            better = search.find(*stays)
            if better is not None:
                needed, model = fewer, better
                # What the smaller set leaves unchanged too is not needed.
                needed = [one for one in needed if truth_in(model, touched[one])]
        yield needed, model
        search.always(negated(all_of(touched[name] for name in needed)))
