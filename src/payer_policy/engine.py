"""The engine as a service embeds it: open a policy folder once, then decide requests.

`Engine.decide` read from top to bottom is the whole product: find the policy, derive the facts,
evaluate the rules, make the determination.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from threading import Lock
from typing import Any, Final, NamedTuple, TypedDict

from payer_policy.codegen import condition_function
from payer_policy.determination import (
    Determination,
    Determiner,
    NoPolicy,
    Outcome,
    ServiceLine,
)
from payer_policy.determination.explain import explain
from payer_policy.determination.trees import Explanation
from payer_policy.diagnostics import Diagnostic, Location, PolicyError, did_you_mean
from payer_policy.engines import DEFAULT_ENGINE, engine_named
from payer_policy.engines.protocol import Evaluation, Evaluator
from payer_policy.intake.mappings import request_from_mapping
from payer_policy.policy.library import Library
from payer_policy.reference import LineCodes
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.derive import (
    Context,
    Derivation,
    describe_contradiction,
    parse_facts,
)
from payer_policy.request.models import Request
from payer_policy.request.services import LineView, Service, services_of, view_lines
from payer_policy.ruleset import Condition, Ruleset, facts_in_test, tests_in
from payer_policy.semantics import truth_of
from payer_policy.truth import FAILS, HOLDS, Truth
from payer_policy.vocabulary.types import Value, format_value

_ROWS_KEPT: Final = 10_000
"""How many different services the hash of the rows behind them is kept for."""
_MOST_HINTS: Final = 20
"""Nobody reads more suggestions than this, and each is looked for among all names."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A ruleset with all that is compiled from it."""

    ruleset: Ruleset
    derivation: Derivation
    applies: Callable[[Mapping[str, Value | None]], Truth]
    evaluate: Evaluator
    determiner: Determiner


class _About(TypedDict):
    """What a determination is about."""

    claim_id: str | None
    kind: str
    code: str | None
    service_date: date | None
    engine: str
    reference_hash: str | None


class Candidate(NamedTuple):
    """A policy of the payer for the code of a service on its day, and the service's facts for it."""

    ruleset: Ruleset
    facts: Mapping[str, Value | None]


class Considered(NamedTuple):
    """One service of a request, and every policy of which it was asked whether it applies."""

    payer: str | None
    """The payer's folder, or what the request says where no payer here is recognized."""
    code: str | None
    day: date | None
    lines: tuple[int, ...]
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Decided:
    """A determination with what it was made from, for an explanation or a record."""

    determination: Determination
    ruleset: Ruleset
    evaluation: Evaluation | None
    """None where the engine itself failed."""
    facts: Mapping[str, Value | None]


@dataclass(frozen=True, slots=True)
class PolicyOnDay:
    """One policy as it stands on a day, for a caller that holds exact facts already.

    The shortest way to a determination: nothing is read, checked, derived from a claim or routed.
    """

    ruleset: Ruleset
    engine: str
    _evaluate: Evaluator = field(repr=False)
    _determiner: Determiner = field(repr=False)
    _code: str = field(repr=False)
    _date: str = field(repr=False)

    def decide(
        self,
        facts: Mapping[str, Value | None],
        claim_id: str | None = None,
        *,
        kind: str = "claim",
        lines: Sequence[ServiceLine] = (),
    ) -> Determination:
        """What the policy says of these facts; whether it applies to them is not asked.

        Args:
            facts: Values of the types of `vocabulary.types` by the names of facts: dates are
                `date`, numbers `int` or `Decimal`, sets of codes `frozenset`. Left out or None:
                not known. Do not change the mapping while the determination may still be read.
            claim_id: Repeated in the determination.
            kind: What the facts are of, also repeated.
            lines: The service's lines with their parts, where there are any.
        """
        day, code = facts.get(self._date), facts.get(self._code)
        about: _About = {
            "claim_id": claim_id,
            "kind": kind,
            "code": None if code is None else str(code),
            "service_date": day if isinstance(day, date) else None,
            "engine": self.engine,
            "reference_hash": None,
        }
        try:
            evaluation = self._evaluate(facts)
        except Exception as error:  # an internal error pends, with a reason
            return self._determiner.pend_for_internal_error(error, lines, **about)
        return self._determiner.determine(evaluation, facts, lines, **about)


@dataclass(frozen=True)
class Engine:
    """Decides claims and preauthorization requests by the policies of one folder.

    Immutable and safe to share between threads; holds no member data after a call returns, and
    logs nothing. Rulesets are compiled once, when first needed.
    """

    library: Library
    name: str = DEFAULT_ENGINE
    _prepared: dict[tuple[str, date], _Prepared] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _rows: dict[tuple[LineCodes, ...], str] = field(default_factory=dict, repr=False)
    """Hashes of the rows that services of claims were decided with; codes and days, no members."""
    _like: Engine | None = field(default=None, repr=False, compare=False)
    """The engine that this one is a variation of: its facts are derived in the same way."""
    _compiler: Callable[[Ruleset], Evaluator] | None = field(
        default=None, repr=False, compare=False
    )

    @classmethod
    def open(cls, folder: str | Path, *, engine: str = DEFAULT_ENGINE) -> Engine:
        """Read and check a policy folder.

        Args:
            folder: The folder that holds `vocabulary.json`.
            engine: `compiled`, `durable`, or `checked` (both, pending on any difference).

        Raises:
            PolicyError: Something in the folder is wrong; it carries every problem. Nothing of a
                folder with an error is ever used.
            ValueError: There is no engine of that name.
            EngineUnavailable: What the engine needs is not installed.
        """
        engine_named(engine)
        return cls(Library.open(folder), engine)

    def decide(self, request: Request | Mapping[str, Any]) -> Outcome:
        """Decide every drug service of a request.

        The same request under the same policies gives an equal answer. A rule that cannot be
        decided pends its lines; nothing that is not known approves or denies.

        Args:
            request: A `Request`, or its JSON as a mapping.

        Raises:
            PolicyError: The request itself is wrong (unknown facts, wrong types, a fact that
                contradicts the claim); it carries every problem.
        """
        made, without = self.decide_fully(request)
        claim_id = request.id if isinstance(request, Request) else request.get("id")
        return Outcome(claim_id, tuple(decided.determination for decided in made), without)

    def varied(self, library: Library, compile: Callable[[Ruleset], Evaluator]) -> Engine:
        """An engine on a variation of this one's library (`Library.varied`).

        What was made ready here to derive facts is used where it can be, so that a variation is
        ready within a millisecond.

        Args:
            library: The variation.
            compile: How its rulesets are evaluated, in place of this engine's own way.
        """
        return Engine(library, self.name, _like=self, _compiler=compile)

    def policy(self, address: str, day: date) -> PolicyOnDay:
        """A policy on a date of service, to decide facts by directly.

        Args:
            address: `<payer>/<policy>`.
            day: The date of service.

        Raises:
            KeyError: There is no such policy, or no version of it is in force on that day.
        """
        prepared = self._prepare(address, day) if address in self.library.policies else None
        if prepared is None:
            raise KeyError(f"no policy `{address}` is in force on {day}")
        return PolicyOnDay(
            prepared.ruleset,
            self.name,
            prepared.evaluate,
            prepared.determiner,
            self._fact_from("service", "code"),
            self._fact_from("service", "date"),
        )

    def decide_many(self, requests: Iterable[Request | Mapping[str, Any]]) -> Iterator[Outcome]:
        """`decide` for each request in turn."""
        for request in requests:
            yield self.decide(request)

    def decide_fully(
        self, request: Request | Mapping[str, Any]
    ) -> tuple[tuple[Decided, ...], tuple[NoPolicy, ...]]:
        """`decide`, with the ruleset, truths and facts behind each determination.

        Raises:
            PolicyError: As `decide`.
        """
        request = _as_request(request)
        given = self._given_facts(request)
        decided: list[Decided] = []
        undecided: list[Context] = []
        for context, candidates in self._contexts(request, given):
            before = len(decided)
            for prepared, facts in self._applicable(candidates, context, given):
                decided.append(self._decide_service(prepared, context, facts))
            if len(decided) == before:
                undecided.append(context)
        # Beside a decided drug, a line without a policy is context: nobody asks what nearly applied.
        without = [
            self._no_policy(context, () if decided else tuple(self._near(context, given)))
            for context in undecided
        ]
        return tuple(decided), tuple(without)

    def considered(self, request: Request | Mapping[str, Any]) -> tuple[Considered, ...]:
        """Every service of a request with the policies that could apply to it, for a record.

        Raises:
            PolicyError: As `decide`, but for a fact that contradicts the claim.
        """
        request = _as_request(request)
        given = self._given_facts(request)
        return tuple(
            Considered(
                context.payer,
                context.service.code,
                context.service.day,
                tuple(line.number for line in context.service.lines),
                tuple(
                    Candidate(prepared.ruleset, prepared.derivation.facts(context, given)[0])
                    for address in candidates
                    if (prepared := self._prepare(address, context.service.day)) is not None
                ),
            )
            for context, candidates in self._contexts(request, given)
        )

    def explain(
        self, request: Request | Mapping[str, Any], *, everything: bool = False
    ) -> tuple[Explanation, ...]:
        """The proof behind every determination of a request, in the order of `decide`.

        Args:
            request: As for `decide`.
            everything: Also why the other rules did not hold.

        Raises:
            PolicyError: As `decide`.
        """
        decided, _ = self.decide_fully(request)
        return tuple(
            explain(
                one.ruleset,
                one.evaluation,
                one.facts,
                one.determination,
                include_failing=everything,
            )
            for one in decided
            if one.evaluation is not None
        )

    # --- the steps -------------------------------------------------------------------------------

    def _contexts(
        self, request: Request, given: Mapping[str, Value]
    ) -> Iterator[tuple[Context, tuple[str, ...]]]:
        """Each service of a request, with the policies of the payer for its code."""
        lines = view_lines(request, self.library.reference)
        payer = self._payer(request, given)
        for service in services_of(lines) or [self._service_without_lines(given)]:
            candidates = self._candidates(payer, service.code)
            found = authorization_facts(request, payer, service) if candidates else {}
            yield Context(request, payer, service, lines, found), candidates

    def _decide_service(
        self, prepared: _Prepared, context: Context, facts: dict[str, Value | None]
    ) -> Decided:
        service, request = context.service, context.request
        lines = [
            ServiceLine(line.number, line.units, prepared.derivation.parts_of(line, facts))
            for line in service.lines
        ]
        about: _About = {
            "claim_id": request.id,
            "kind": request.kind,
            "code": service.code,
            "service_date": service.day,
            "engine": self.name,
            "reference_hash": self._rows_hash(context),
        }
        evaluation: Evaluation | None
        try:
            evaluation = prepared.evaluate(facts)
        except Exception as error:  # an internal error pends the request, with a reason
            evaluation = None
            determination = prepared.determiner.pend_for_internal_error(error, lines, **about)
        else:
            determination = prepared.determiner.determine(evaluation, facts, lines, **about)
        return Decided(determination, prepared.ruleset, evaluation, facts)

    def _rows_hash(self, context: Context) -> str:
        service = (context.service.code, None, context.service.day)
        key = (service, *[(line.code, line.ndc, line.date) for line in context.claim_lines])
        found = self._rows.get(key)
        if found is None:
            if len(self._rows) >= _ROWS_KEPT:
                self._rows.clear()
            found = self._rows[key] = self.library.reference.rows_hash(service, key[1:])
        return found

    def _applicable(
        self, candidates: Iterable[str], context: Context, given: Mapping[str, Value]
    ) -> Iterator[tuple[_Prepared, dict[str, Value | None]]]:
        """The policies that are known to apply to a service, with the service's facts."""
        for address in candidates:
            prepared = self._prepare(address, context.service.day)
            if prepared is None:
                continue
            facts, contradictions = prepared.derivation.facts(context, given)
            if prepared.applies(facts) == HOLDS:
                if contradictions:
                    vocabulary = self.library.vocabulary
                    raise PolicyError(
                        _problem(
                            context.request,
                            found.fact,
                            "contradicts-claim",
                            describe_contradiction(vocabulary, found),
                            "correct one of the two, or leave the fact out",
                        )
                        for found in contradictions
                    )
                yield prepared, facts

    def _candidates(self, payer: str | None, code: str | None) -> tuple[str, ...]:
        return () if payer is None or code is None else self.library.by_code.get((payer, code), ())

    def _prepare(self, address: str, day: date | None) -> _Prepared | None:
        """The policy compiled for a date of service; without a date, its newest meaning."""
        if day is None:
            day = self.library.windows(address)[-1][0]
        ruleset = self.library.ruleset(address, day)
        if ruleset is None:
            return None
        key = (address, ruleset.first_day)
        found = self._prepared.get(key)
        if found is None:
            with self._lock:
                found = self._prepared.get(key)
                if found is None:
                    found = self._prepared[key] = self._compile(ruleset)
        return found

    def _compile(self, ruleset: Ruleset) -> _Prepared:
        library = self.library
        derivation = self._derivation_alike(ruleset) or Derivation.over(
            library.basis, ruleset.facts, ruleset.first_day
        )
        evaluate = (self._compiler or engine_named(self.name).compile)(ruleset)
        none = frozenset(name for name, fact in ruleset.facts.items() if fact.type.can_be_none)
        applies = condition_function(ruleset.applies_to, none)
        return _Prepared(ruleset, derivation, applies, evaluate, Determiner(ruleset))

    def _derivation_alike(self, ruleset: Ruleset) -> Derivation | None:
        """The derivation of the engine that this is a variation of, where it serves as well."""
        like = self._like
        if like is None or like.library.reference is not self.library.reference:
            return None
        if ruleset.policy not in like.library.policies:
            return None
        known = like._prepare(ruleset.policy, ruleset.first_day)
        if known is None or not known.ruleset.facts.keys() >= ruleset.facts.keys():
            return None
        return known.derivation

    def _given_facts(self, request: Request) -> dict[str, Value]:
        vocabulary = self.library.vocabulary
        given, problems = parse_facts(vocabulary, request.facts)
        if problems:
            hinted = {name for name, _ in problems[:_MOST_HINTS]}
            raise PolicyError(
                _problem(
                    request,
                    name,
                    problem.code,
                    problem.message
                    if problem.code in ("unknown-fact", "derived-fact")
                    else f"fact `{name}`: {problem.message}",
                    problem.hint
                    or (
                        did_you_mean(name, vocabulary.facts)
                        if problem.code == "unknown-fact" and name in hinted
                        else None
                    ),
                )
                for name, problem in problems
            )
        return given

    def _service_without_lines(self, given: Mapping[str, Value]) -> Service:
        """A question without a claim: the code and the day come from the facts, if at all."""
        code = given.get(self._fact_from("service", "code"))
        day = given.get(self._fact_from("service", "date"))
        return Service(
            None if code is None else str(code), day if isinstance(day, date) else None, ()
        )

    def _payer(self, request: Request, given: Mapping[str, Value]) -> str | None:
        """The payer's folder that the request names, or what it says where none is recognised."""
        coverage = request.coverage
        identifier = coverage.payer or given.get(self._fact_from("request", "coverage.payer"))
        business = coverage.line_of_business or given.get(
            self._fact_from("request", "coverage.line_of_business")
        )
        payer = self.library.reference.payer_of(
            None if identifier is None else str(identifier),
            None if business is None else str(business),
        )
        if payer is not None:
            return payer.folder
        return None if identifier is None else str(identifier)

    def _fact_from(self, root: str, path: str) -> str:
        """The name of the fact that is read from a path, or a name that no fact has."""
        return self.library.facts_by_source.get((root, path), "")

    # --- no policy ---------------------------------------------------------------------------------

    def _no_policy(self, context: Context, near: tuple[str, ...]) -> NoPolicy:
        request, service = context.request, context.service
        coverage = request.coverage
        looked_for: tuple[tuple[str, Value | None], ...] = (
            ("payer", context.payer or coverage.payer_name),
            ("line of business", coverage.line_of_business),
            ("code", service.code),
            ("date of service", service.day),
        )
        return NoPolicy(
            request.id,
            service.code,
            service.day,
            tuple(line.number for line in service.lines),
            looked_for,
            near,
        )

    def _near(self, context: Context, given: Mapping[str, Value]) -> Iterator[str]:
        """Sentences on policies for this code that do not apply, and why."""
        service = context.service
        if service.code is None:
            return
        library = self.library
        for address in library.addresses():
            if service.code not in library.codes[address]:
                continue
            payer = address.partition("/")[0]
            if payer != context.payer:
                yield f"{address} covers {service.code}, for the payer {payer}"
                continue
            prepared = self._prepare(address, service.day)
            if prepared is None:
                spans = library.spans[address]
                first, last = spans[0].first_day, spans[-1].last_day
                until = f" through {last}" if last else ""
                yield f"{address} covers {service.code} from {first}{until}"
                continue
            facts, _ = prepared.derivation.facts(context, given)
            yield f"{address} needs: {_unmet(prepared.ruleset.applies_to, facts, library)}"


def _unmet(condition: Condition, facts: Mapping[str, Value | None], library: Library) -> str:
    parts = []
    for test in tests_in(condition):
        if truth_of(test, facts) != HOLDS:
            for name in facts_in_test(test):
                fact = library.vocabulary.facts[name]
                value = format_value(facts.get(name), fact.type)
                fails = truth_of(test, facts) == FAILS
                parts.append(f"another {fact.label} than {value}" if fails else fact.label)
    return " and ".join(parts)


def _as_request(request: Request | Mapping[str, Any]) -> Request:
    return request if isinstance(request, Request) else request_from_mapping(request)


def _problem(request: Request, fact: str, code: str, message: str, hint: str | None) -> Diagnostic:
    where = Location(f"claim {request.id}" if request.id else "request", f"$.facts.{fact}")
    return Diagnostic(code, message, where, hint)


__all__ = ["Candidate", "Considered", "Decided", "Engine", "LineView", "PolicyOnDay"]
