"""Requests that an analysis found, decided by an engine, and made as plain as they can be.

What a solver finds is always decided by a concrete engine before it is shown, and nothing can be left
out of the request that is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from payer_policy.analysis.possible import FoundRequest, Requests
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.vocabulary.model import Fact
from payer_policy.core.vocabulary.outcome import ASSUMPTIONS, CARC, DECISION, GROUP, RARC, RULE
from payer_policy.core.vocabulary.types import NONE, Value, exact_number, to_json
from payer_policy.determination import Determination, Determiner, ServiceLine
from payer_policy.engine import Decided, Engine
from payer_policy.engines.symbolic.logic import Formula
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.derive import Context, Derivation
from payer_policy.request.given import parse_facts
from payer_policy.request.mappings import request_from_mapping
from payer_policy.request.records import read_lists
from payer_policy.request.services import Service


class NotConfirmed(NotProved):
    """The solver found a request, and the engine decides it another way."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request with its determination."""

    request: Mapping[str, Any]
    """The request as JSON, as a program would send it."""
    facts: Mapping[str, Value]
    """The facts that the request was made from."""
    parts: frozenset[str] | None
    """The parts that the service has lines of; None: every rule applies to it."""
    decided: Decided
    determination: Determination
    beside: Mapping[str, Value | None] = field(default_factory=dict)
    """Facts that a statement reads and no rule of the policy does."""

    @property
    def known(self) -> Mapping[str, Value | None]:
        """All facts, derived ones and the outcome included: what a statement can read."""
        evaluation = self.decided.evaluation
        derived = {} if evaluation is None else evaluation.derived
        outcome = outcome_of(self.determination)
        return {**self.decided.facts, **self.beside, **derived, **outcome}


def outcome_of(determination: Determination) -> dict[str, Value]:
    """The decision and its reasons, by the names of `payer_policy.core.vocabulary.outcome`."""
    found = [one for one in determination.findings if one.kind != "advise"]
    return {
        DECISION: determination.decision,
        GROUP: frozenset(one.group for one in found if one.group is not None),
        CARC: frozenset(one.carc for one in found if one.carc is not None),
        RARC: frozenset(code for one in found for code in one.rarcs),
        RULE: frozenset(one.rule for one in found),
    }


def form_paths(facts: Mapping[str, Fact]) -> dict[str, tuple[str, ...]]:
    """The path in a request of each fact that a field of the request fills in."""
    return {
        name: tuple(str(path).split("."))
        for name, fact in facts.items()
        if (path := (fact.source or {}).get("request")) is not None
    }


def put(request: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    """Set the value at a path of a request."""
    for key in path[:-1]:
        request = request.setdefault(key, {})
    request[path[-1]] = value


class Decider:
    """Decides found requests by one policy, on a concrete engine.

    `reads` are facts that a case must have besides those of the policy's rules.
    """

    def __init__(self, engine: Engine, address: str, reads: Iterable[str] = ()) -> None:
        self.engine, self.address = engine, address
        self._reads = frozenset(reads)
        self._derivations: dict[tuple[str, date], Derivation] = {}
        self.payer = address.partition("/")[0]
        self._determiners: dict[tuple[str, date], Determiner] = {}
        by_source = engine.library.facts_by_source
        self.named = tuple(
            by_source[source]
            for source in (("service", "code"), ("service", "date"), ("request", "kind"))
            if source in by_source
        )
        """The facts in the first sentence of a scenario."""
        self._paths = form_paths(engine.library.vocabulary.facts)

    def request(self, facts: Mapping[str, Value]) -> dict[str, Any]:
        """The facts as a request: in the fields that the form has for them, or else as facts."""
        made: dict[str, Any] = {"coverage": {"payer": self.payer}, "facts": {}}
        business = self.engine.library.reference.payers[self.payer].lines_of_business
        if len(business) == 1:
            made["coverage"]["line_of_business"] = business[0]
        for name, value in facts.items():
            # A field of the form has no word for "none".
            path = None if value is NONE else self._paths.get(name)
            put(made, path or ("facts", name), to_json(value))
        return made

    def decide(self, found: FoundRequest) -> Case | None:
        """The case, or None where the policy does not decide this request at all."""
        request = self.request(found.facts)
        try:
            decided, _ = self.engine.decide_fully(request)
        except PolicyError:
            return None
        for one in decided:
            if one.ruleset.policy == self.address:
                if one.determination.voids is not None:
                    return None  # no rule was asked
                made = self._on_parts(one, found.parts)
                beside = self._beside(request, one, found.parts, made)
                if beside is None:
                    return None
                return Case(request, found.facts, found.parts, one, made, beside)
        return None

    def _beside(
        self,
        request: Mapping[str, Any],
        decided: Decided,
        parts: frozenset[str] | None,
        made: Determination,
    ) -> dict[str, Value | None] | None:
        """The facts that no rule reads; None where the request contradicts itself in them."""
        evaluation, ruleset = decided.evaluation, decided.ruleset
        wanted = self._reads - ruleset.facts.keys()
        if not wanted or evaluation is None:
            return {}
        library = self.engine.library
        read = request_from_mapping(request)
        given, _ = parse_facts(library.vocabulary, read.facts)
        service = Service(made.code, made.service_date, ())
        authorization = authorization_facts(read, self.payer, service)
        lists = read_lists(library.vocabulary, read)
        context = Context(read, self.payer, service, (), authorization, lists)
        out: dict[str, Value | None] = {}
        if ASSUMPTIONS in wanted:
            out[ASSUMPTIONS] = frozenset(one.name for one in made.assumptions)
        facts = library.vocabulary.tested
        for name in wanted & facts.keys():
            if facts[name].derived:  # and no rule of this policy concludes it
                out[name] = facts[name].otherwise
        needed = sorted(name for name in wanted & facts.keys() if not facts[name].derived)
        if needed:
            key = (ruleset.policy, ruleset.first_day)
            if key not in self._derivations:
                basis = library.basis_of(ruleset)
                derivation = Derivation.over(basis, needed, ruleset.first_day)
                self._derivations[key] = derivation
            derived, contradictions = self._derivations[key].facts(context, given)
            if contradictions:
                return None
            out |= {name: derived.get(name) for name in needed}
        return out

    def _on_parts(self, decided: Decided, parts: frozenset[str] | None) -> Determination:
        ruleset = decided.ruleset
        if parts is None or decided.evaluation is None:
            return decided.determination
        if parts >= ruleset.line_parts.keys():  # every rule applies to it, as without lines
            return decided.determination
        key = (ruleset.policy, ruleset.first_day)  # rulesets of one hash may print other words
        if key not in self._determiners:
            self._determiners[key] = Determiner(ruleset)
        return self._determiners[key].determine(
            decided.evaluation,
            decided.facts,
            [ServiceLine(1, None, parts)],
            decided.determination.about,
            decided.silence,
        )


def plainest_of(
    search: Search,
    requests: Requests,
    goal: Formula,
    shows: Callable[[FoundRequest], bool],
    keep: Collection[str],
    wishes: Sequence[Formula] | None = None,
) -> FoundRequest | None:
    """The plainest request for which a formula holds; None where there is none.

    Args:
        search: What holds for every request.
        requests: The requests that it is about.
        goal: The formula.
        shows: Whether an engine confirms a request.
        keep: Facts to keep in any case.
        wishes: What makes a request plainer; None: the wishes of `requests`.

    Raises:
        NotConfirmed: the engine does not confirm what the solver found.
        NotProved: the solver gave up.
    """
    model = search.find(goal)
    if model is None:
        return None
    model = search.smallest(model, requests.wishes() if wishes is None else wishes, goal)
    found = requests.in_model(model)
    if not shows(found):
        raise NotConfirmed("the engine does not confirm what the solver found")
    return plainest(found, shows, keep)


def plainest(
    found: FoundRequest, still: Callable[[FoundRequest], bool], keep: Collection[str] = ()
) -> FoundRequest:
    """The request without everything that can be left out, and with plain values where possible.

    `still` says whether a request shows what it should. No fact of the result can be left out, except
    those in `keep`.
    """
    if found.parts is not None and still(tried := replace(found, parts=None)):
        found = tried
    found = _without(found, still, keep)
    for name in sorted(found.facts, key=lambda name: (name not in keep, name)):
        value = found.facts[name]
        days = (found.facts[one] for one in keep if one != name and one in found.facts)
        day = next((day for day in days if isinstance(day, date)), None)
        for plain in _plainer(value, day):
            tried = replace(found, facts={**found.facts, name: plain})
            if still(tried):
                found = tried
                break
    return _without(found, still, keep)


PLAIN_DAYS: Final = (date(2025, 3, 3), date(2025, 1, 15), date(2024, 6, 3))


def _days_beside(day: date) -> Iterator[date]:
    """The day itself, some before it, and a birthday of a grown-up and of a child."""
    yield day
    for before in (1, 30, 90, 365):
        yield date.fromordinal(max(day.toordinal() - before, 1))
    for years in (45, 10):
        yield date(max(day.year - years, 1), 6, 15)


def _without(
    found: FoundRequest, still: Callable[[FoundRequest], bool], keep: Collection[str]
) -> FoundRequest:
    for name in sorted(set(found.facts) - set(keep)):
        less = {other: value for other, value in found.facts.items() if other != name}
        if still(tried := replace(found, facts=less)):
            found = tried
    return found


def _plainer(value: Value, day: date | None) -> Iterator[Value]:
    """Values that a reader would find plainer, the plainest first. `day`: that of the service."""
    if isinstance(value, bool):
        return
    if isinstance(value, date):
        for plain in PLAIN_DAYS if day is None else _days_beside(day):
            if plain == value:
                return
            yield plain
        if value.day != 1 and (value - timedelta(days=value.day - 1)) != value:
            yield value.replace(day=1)
    elif isinstance(value, frozenset):
        for code in sorted(value):
            yield value - {code}
    elif not isinstance(value, str) and value is not NONE:
        for number in (1, 0, 2, 5, 10, 50, 100):
            if number == value:
                return
            yield number
        for places in (0, 1, 2):
            shorter = Fraction(round(Fraction(value) * 10**places), 10**places)
            if shorter == value:
                return
            yield exact_number(Decimal(shorter.numerator) / Decimal(shorter.denominator))
