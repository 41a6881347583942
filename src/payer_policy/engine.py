"""The engine as a service embeds it: open a policy folder once, then decide requests.

`Engine.decide` read from top to bottom is the whole product: find the policy, derive the facts,
evaluate the rules, make the determination.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property, partial
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from payer_policy.core import collector
from payer_policy.core.codegen import condition_function
from payer_policy.core.diagnostics import (
    Diagnostic,
    Location,
    PayerPolicyError,
    PolicyError,
    kind_of,
)
from payer_policy.core.frozen import quickly_made
from payer_policy.core.json_source import render_path
from payer_policy.core.ruleset import (
    APPLIES,
    DATE_MISSING,
    SEVERAL_DAYS,
    VOID,
    Condition,
    FindingEffect,
    Ruleset,
    Spans,
    facts_in_test,
    tests_in,
)
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import Value, format_value
from payer_policy.determination import (
    About,
    Determination,
    Determiner,
    LookedFor,
    NoPolicy,
    Outcome,
    ServiceLine,
    pending,
)
from payer_policy.determination.interview import Item, interview
from payer_policy.determination.missing import facts_to_ask, question_of
from payer_policy.determination.words import capital, in_unit, line_list
from payer_policy.engines import DEFAULT_ENGINE, engine_named
from payer_policy.engines.protocol import Evaluation, Evaluator
from payer_policy.policy.library import Library
from payer_policy.policy.loading import open_library
from payer_policy.policy.reference.data import LineCodes
from payer_policy.policy.versions import Merged
from payer_policy.request.authorizations import authorization_facts
from payer_policy.request.checking import unknown_confirmations
from payer_policy.request.derive import (
    Context,
    Derivation,
    describe_contradiction,
)
from payer_policy.request.given import Given, Meant, fact_problem
from payer_policy.request.mappings import consistent, each_request, request_from_mapping
from payer_policy.request.models import Confirmation, Request
from payer_policy.request.services import (
    LineView,
    Service,
    meet,
    moved,
    services_of,
    share,
    share_of_day,
    view_lines,
)
from payer_policy.request.silence import Silence, Silences

if TYPE_CHECKING:
    from payer_policy.determination.trees import Explanation

_KEPT: Final = 10_000
"""How many different services the hash of the rows behind them is kept for; how many days of service
what is compiled for them."""
MAX_DAYS: Final = 100
"""Lines over more days are not decided day by day: each day is a decision of its own."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A ruleset with all that is compiled from it."""

    ruleset: Ruleset
    derivation: Derivation
    applies: Callable[[Mapping[str, Value | None]], Truth]
    evaluate: Evaluator
    determiner: Determiner
    silences: Silences


class Candidate(NamedTuple):
    """A policy of the payer for the code of a service on its day, and the service's facts for it."""

    ruleset: Ruleset
    """The policy as it is in force on the day."""
    facts: Mapping[str, Value | None]
    """The facts of the service for that policy, by name; None: not known."""


class Considered(NamedTuple):
    """One service of a request, and every policy that could apply to it."""

    payer: str | None
    """The payer's folder, or what the request says where no payer here is recognized."""
    code: str | None
    """The drug code (HCPCS) of the service; None: not known."""
    day: date | None
    """The date of service, or the first of several; None: not known."""
    through: date | None
    """The last of its days, where it is not settled which day it is for."""
    lines: tuple[int, ...]
    """The numbers of the lines."""
    candidates: tuple[Candidate, ...]
    """The payer's policies for the code."""


@quickly_made
@dataclass(frozen=True, slots=True)
class Decided:
    """A determination with what it was made from, for an explanation or a record."""

    determination: Determination
    """The answer."""
    ruleset: Ruleset
    """Of what pends for its date, the newest one: none was asked."""
    evaluation: Evaluation | None
    """None where the engine itself failed, or was not asked."""
    facts: Mapping[str, Value | None]
    """The facts that it was decided by, by name; None: not known."""
    silence: Callable[[], Silence] | None = field(default=None, compare=False, repr=False)
    """The facts that were not provided; None: nothing was evaluated."""
    confirmations: tuple[Confirmation, ...] = ()
    """What clinicians have confirmed, of any service of the request."""
    days: tuple[Decided, ...] = ()
    """Where several days were decided: the answer as of each of them, in order. Ruleset, evaluation
    and facts are then those of the first."""


@dataclass(frozen=True, slots=True)
class PolicyOnDay:
    """One policy as it is in force on a day, for a caller that holds exact facts already.

    The shortest way to a determination: nothing is read, checked, derived from a claim or routed.
    """

    ruleset: Ruleset
    """The policy as it is in force on the day."""
    engine: str
    """The engine that evaluates its rules."""
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
        silence: Silence | None = None,
        confirmed: Collection[str] = (),
    ) -> Determination:
        """What the policy says of these facts; whether it applies to them is not asked.

        Args:
            facts: Values of the types of `vocabulary.types` by the names of facts: dates are
                `date`, numbers `int` or `Decimal`, sets of codes `frozenset`. Left out or None:
                not known. A copy is taken, so the mapping may be changed afterwards.
            claim_id: Repeated in the determination.
            kind: What the facts are of, also repeated.
            lines: The service's lines with their parts, where there are any.
            silence: The facts that were not provided, for the assumptions; None: the facts given are all
                that were provided.
            confirmed: The rules whose denial a clinician has confirmed.

        Raises:
            PolicyError: The facts are no mapping.
        """
        if not isinstance(facts, Mapping):
            message = f"found {kind_of(facts)}; a mapping of facts to values was expected"
            raise PolicyError([Diagnostic("wrong-type", message, Location("facts"))])
        facts = dict(facts)  # the determination keeps them, for its details
        day, code = facts.get(self._date), facts.get(self._code)
        about = About(
            claim_id,
            kind,
            None if code is None else str(code),
            day if isinstance(day, date) else None,
            self.engine,
        )
        try:
            evaluation = self._evaluate(facts)
        except Exception as error:  # an internal error pends, with a reason
            return self._determiner.pend_for_internal_error(error, lines, about)
        stated = None if silence is None else lambda: silence
        return self._determiner.determine(evaluation, facts, lines, about, stated, confirmed)


class NotInForce(PayerPolicyError, KeyError):
    """There is no such policy, or no version of it is in force on the day that was asked about."""

    def __str__(self) -> str:
        return str(self.args[0])  # a KeyError would put it in quotation marks


class _Asked(NamedTuple):
    """One service to decide, with what is known of it."""

    context: Context
    given: Given
    facts: Mapping[str, Value]
    """What is given of the service."""
    candidates: tuple[str, ...]
    """The payer's policies for the code."""
    day_is_given: bool = True
    """False: the service is evaluated as of another day than the request gives."""


@dataclass(frozen=True, eq=False)
class Engine:
    """Decides claims and preauthorization requests by the policies of one folder or bundle.

    Immutable and safe to share between threads; holds no member data after a call returns, and
    logs nothing. Rulesets are compiled once, when first needed. A copy is the engine itself, and an
    engine is equal to itself only. It pickles with the policies as they were read, so that another
    process decides by the same ones; there everything is compiled anew, so hand it to each worker
    once (`ProcessPoolExecutor(initializer=…, initargs=(engine,))`), not with every claim.
    """

    library: Library
    """The policies that it decides by."""
    name: str = DEFAULT_ENGINE
    """The engine that evaluates rules: `compiled`, `durable`, `checked` or `columnar`."""
    _prepared: dict[tuple[str, date], _Prepared] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)
    _rows: dict[tuple[LineCodes, ...], str] = field(default_factory=dict, repr=False)
    """Hashes of the rows that services of claims were decided with; codes and days, no members."""
    _on_days: dict[tuple[str, date], _Prepared] = field(default_factory=dict, repr=False)
    _derived_from: Engine | None = field(default=None, repr=False, compare=False)
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
            PolicyError: There is no such folder, or something in it is wrong; it carries every problem.
                Nothing of a folder with an error is ever used.
            UnknownEngine: There is no engine of that name.
            EngineUnavailable: What the engine needs is not installed.
        """
        engine_named(engine)
        return cls(open_library(folder), engine)

    def __copy__(self) -> Engine:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Engine:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        if self._compiler is not None:
            raise PayerPolicyError(
                "an engine made by `with_changes` cannot be pickled; pickle the engine that it is a "
                "variation of, and call `with_changes` in the other process"
            )
        return Engine, (self.library, self.name)

    def decide(self, request: Request | Mapping[str, Any]) -> Outcome:
        """Decide every drug service of a request.

        The same request under the same policies gives an equal answer. A rule that cannot be
        decided pends its lines; nothing that is not known approves or denies.

        Args:
            request: A `Request`, or its JSON as a mapping: `schema/request.schema.json` has its shape,
                and it may have a `$schema`. Units are billing units, amounts dollars. Numbers are
                int, Decimal or text (a float is refused: it is not exact); dates are `date` or text
                (YYYY-MM-DD); lists may be tuples, mappings any `Mapping`. Nothing of it is kept.

        Returns:
            A determination for each drug service that a policy covers, and the other services.

        Raises:
            PolicyError: The request itself is wrong (no request at all, unknown facts, wrong types, a
                fact that contradicts the claim); it carries every problem.
        """
        request = _as_request(request)
        made, without = self._decide(request)
        return Outcome(request.id, tuple([decided.determination for decided in made]), without)

    def with_changes(self, library: Library, compile: Callable[[Ruleset], Evaluator]) -> Engine:
        """An engine on a variation of this one's library (`Library.with_changes`).

        What is compiled here to derive facts is reused where possible, so that a variation is ready
        within a millisecond.

        Args:
            library: The variation.
            compile: How its rulesets are evaluated, in place of this engine's own way.
        """
        return Engine(library, self.name, _derived_from=self, _compiler=compile)

    def policy(self, address: str, day: date) -> PolicyOnDay:
        """A policy on a date of service, to decide facts by directly.

        Args:
            address: `<payer>/<policy>`.
            day: The date of service.

        Raises:
            NotInForce: There is no such policy, it is a module, or no version of it is in force on that
                day.
            PolicyError: The day is not a `datetime.date`.
        """
        known = isinstance(address, str) and address in self.library.policies
        if known and self.library.is_module(address):
            raise NotInForce(f"`{address}` is a module: it decides nothing, only what extends it")
        prepared = self._prepare(address, day) if known else None
        if prepared is None:
            raise NotInForce(f"no policy `{address}` is in force on {day}")
        return PolicyOnDay(
            prepared.ruleset,
            self.name,
            prepared.evaluate,
            prepared.determiner,
            self._fact_from("service", "code"),
            self._fact_from("service", "date"),
        )

    def decide_many(self, requests: Iterable[Request | Mapping[str, Any]]) -> Iterator[Outcome]:
        """`decide` for each request in turn, as the outcomes are asked for.

        Args:
            requests: Each as for `decide`.

        Raises:
            PolicyError: As `decide`, at the first request that is wrong; those after it are not read.
                Also where this is one request, or nothing that could hold several.
        """
        for request in each_request(requests):
            yield self.decide(request)

    def decide_fully(
        self, request: Request | Mapping[str, Any]
    ) -> tuple[tuple[Decided, ...], tuple[NoPolicy, ...]]:
        """`decide`, with the ruleset, truths and facts behind each determination.

        Args:
            request: As for `decide`.

        Returns:
            What was decided, in the order of the services, and the services without a policy.

        Raises:
            PolicyError: As `decide`.
        """
        return self._decide(_as_request(request))

    def _decide(self, request: Request) -> tuple[tuple[Decided, ...], tuple[NoPolicy, ...]]:
        vocabulary = self.library.vocabulary
        given = Given.read(vocabulary, request)
        if vocabulary.amounts:
            given.refuse_other_amounts(vocabulary, self.library.reference, request)
        payer = self._payer(request, given.whole)
        lines, services = self._services(request, payer, given)
        decided: list[Decided] = []
        undecided: list[_Asked] = []
        meant: dict[tuple[str | None, date | None], tuple[Service, list[Decided]]] = {}
        unclear_days = [one for one in services if one.day is None or one.through is not None]
        for service in services:
            asked = self._asked(request, payer, service, lines, given)
            unclear = self._unclear_date(asked, services) if unclear_days else None
            if given.lines and unclear is None and asked.candidates:
                given.refuse_disagreement(vocabulary, request, service.numbers)
            found = self._decide_asked(asked, unclear)
            decided += found
            if not found:
                undecided.append(asked)
            else:
                # Lines of a code whose days are not settled may be one service.
                meant.setdefault((service.code, None if unclear else service.day), (service, found))
        if len(meant) > 1 and given.whole:
            each = [self._meant(*one) for one in meant.values()]
            given.refuse_ambiguous(vocabulary, request, each)
        if request.confirmations and decided:
            _refuse_confirmations(request, decided)
        # Beside a decided drug, a line without a policy is context: what nearly applied does not matter.
        without = [
            self._no_policy(asked.context, () if decided else tuple(self._near(asked)))
            for asked in undecided
        ]
        return tuple(decided), tuple(without)

    def _decide_asked(self, asked: _Asked, unclear: tuple[str, str] | None) -> list[Decided]:
        """The answer of each policy that applies to a service; `unclear`: why its day is not settled."""
        if not asked.candidates:
            return []
        if (original := self._voided(asked)) is not None:
            return self._void(asked, original)
        if unclear is not None:
            return self._pend_for_date(asked, *unclear)
        if asked.context.service.through is None:
            return self._decide_on_day(asked)
        if asked.context.request.kind == "preauthorization":
            return self._decide_period(asked)
        return self._decide_each_day(asked)

    def interviews(
        self, request: Request | Mapping[str, Any], *, whole: bool = False
    ) -> tuple[tuple[Item, ...], ...]:
        """What to ask about each determination of a request, in the order of `decide`.

        First the question that splits the case, then only what its answer needs; alternatives are one
        item. A service whose day is not settled asks for that alone.

        Args:
            request: As for `decide`.
            whole: Whether what follows each answer is worked out too, down to the last question.

        Raises:
            PolicyError: As `decide`.
        """
        found = []
        for asked, unclear in self._each_service(_as_request(request)):
            for first in self._decide_asked(asked, unclear):

                def decide(
                    assumed: Mapping[str, Value],
                    address: str = first.ruleset.policy,
                    unclear: tuple[str, str] | None = unclear,
                    asked: _Asked = asked,
                    first: Decided = first,
                ) -> Decided:
                    facts = {**asked.facts, **assumed}
                    again = asked._replace(facts=facts, candidates=(address,))
                    return next(iter(self._decide_asked(again, unclear)), first)

                found.append(interview(decide, whole=whole))
        return tuple(found)

    def considered(self, request: Request | Mapping[str, Any]) -> tuple[Considered, ...]:
        """Every service of a request with the policies that could apply to it, for a record.

        Args:
            request: As for `decide`.

        Raises:
            PolicyError: As `decide`, but for a fact that contradicts the claim.
        """
        found = []
        for asked, unclear in self._each_service(_as_request(request)):
            payer, service = asked.context.payer, asked.context.service
            through = None if unclear is None else service.through
            candidates = tuple(self._considered(asked, through))
            numbers = tuple(sorted(service.numbers))
            found.append(Considered(payer, service.code, service.day, through, numbers, candidates))
        return tuple(found)

    def _considered(self, asked: _Asked, through: date | None) -> Iterator[Candidate]:
        """Each policy for the code as it is on the service's day; where the day is not settled, as it
        was last known to apply on those there may be, or else as it is on the last of them."""
        possible = replace(asked.context.service, through=through)
        for address in asked.candidates:
            newest = None
            for first, _, _ in reversed(self._windows_of(address, possible)):
                prepared = self._prepare(address, first)
                if prepared is None:
                    continue
                facts, _ = prepared.derivation.facts(asked.context, asked.facts)
                one = Candidate(prepared.ruleset, facts)
                newest = newest or one
                if prepared.applies(facts) == HOLDS:
                    newest = one
                    break
            if newest is not None:
                yield newest

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
        from payer_policy.determination.explain import explain  # most services never do

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
        )

    # --- the steps -------------------------------------------------------------------------------

    def _services(
        self, request: Request, payer: str | None, given: Given
    ) -> tuple[tuple[LineView, ...], list[Service]]:
        """The request's lines, and its drug services with their days."""
        days = self._days
        preauthorization = request.kind == "preauthorization"
        lines = view_lines(request, self.library.reference, partial(given.days, *days))
        if not lines:
            code = given.whole.get(self._fact_from("service", "code"))
            first, last = given.days(*days)
            services = [Service(None if code is None else str(code), first, (), last)]
        else:
            services = services_of(lines, periods=preauthorization)
        if preauthorization or not [one for one in services if one.through]:
            return lines, services
        for at, service in enumerate(services):
            asked = self._asked(request, payer, service, lines, given)
            if service.through is not None and self._spans(asked) == "first-day":
                services[at] = replace(service, through=None)
                for line in service.lines:
                    line.one_day = True
        return lines, services_of(lines) or services

    def _each_service(self, request: Request) -> Iterator[tuple[_Asked, tuple[str, str] | None]]:
        """Every service of a request as it is decided, and why its day is not settled, if it is not."""
        given = Given.read(self.library.vocabulary, request)
        payer = self._payer(request, given.whole)
        lines, services = self._services(request, payer, given)
        for service in services:
            asked = self._asked(request, payer, service, lines, given)
            yield asked, self._unclear_date(asked, services)

    def _asked(
        self,
        request: Request,
        payer: str | None,
        service: Service,
        lines: tuple[LineView, ...],
        given: Given,
    ) -> _Asked:
        candidates = self.library.candidates(payer, service.code)
        found = authorization_facts(request, payer, service) if candidates else {}
        context = Context(request, payer, service, lines, found, given.lists)
        facts = given.of(service.numbers) if given.lines else given.whole
        return _Asked(context, given, facts, candidates)

    def _meant(self, service: Service, found: Sequence[Decided]) -> Meant:
        """A decided service as one that facts can be meant of."""
        reads: set[str] = set()
        for ruleset in (one.ruleset for one in found):
            prepared = self._prepare(ruleset.policy, ruleset.first_day)
            assert prepared is not None
            reads |= prepared.derivation.reads
        day = "a day that is not settled" if service.day is None else service.day
        return Meant(line_list(service.numbers), f"{service.code} on {day}", reads)

    def _decide_on_day(self, asked: _Asked) -> list[Decided]:
        """The answer of each policy that applies, for a service of one day."""
        found: list[Decided] = []
        day = asked.context.service.day
        if day is None:
            return found
        unknown: list[_Prepared] = []
        for address in asked.candidates:
            prepared = self._prepare_on(address, day)
            if prepared is None:
                continue
            truth, facts, silent = self._facts(prepared, asked)
            if truth == HOLDS:
                found.append(self._decide_service(prepared, asked, facts, silent))
            elif truth == UNKNOWN:
                unknown.append(prepared)
        # Policies for one code exclude each other, so where one applies no other does.
        return found or [self._may_not_apply(prepared, asked) for prepared in unknown]

    def _may_not_apply(self, prepared: _Prepared, asked: _Asked) -> Decided:
        """The service pends, and asks what shows whether the policy applies."""
        ruleset, context = prepared.ruleset, asked.context
        derived, _ = prepared.derivation.facts(context, asked.facts)
        tests = [one for one in tests_in(ruleset.applies_to) if truth_of(one, derived) == UNKNOWN]
        unknown = {
            one
            for test in tests
            for name in facts_in_test(test)
            if derived.get(name) is None
            for one in facts_to_ask(name, ruleset)
            if derived.get(one) is None
        }
        questions = [
            question_of(name, fact, (APPLIES,))
            for name, fact in ruleset.facts.items()
            if name in unknown
        ]
        read = {name for test in tests_in(ruleset.applies_to) for name in facts_in_test(test)}
        facts = {name: derived.get(name) for name in read}
        lines = _service_lines(prepared, context.service, derived)
        because = pending.may_not_apply([question.label for question in questions])
        determination = pending.pended(
            pending.undecided(ruleset, lines, self._about(context, None)),
            APPLIES,
            because,
            ruleset.information_request,
            questions,
        )
        return Decided(determination, ruleset, None, facts)

    def _decide_service(
        self,
        prepared: _Prepared,
        asked: _Asked,
        facts: dict[str, Value | None],
        silent: frozenset[str],
    ) -> Decided:
        context = asked.context
        silence = partial(prepared.silences.of, context, asked.facts, facts, silent)
        lines = _service_lines(prepared, context.service, facts)
        about = self._about(context, self._rows_hash(context))
        evaluation: Evaluation | None
        try:
            evaluation = prepared.evaluate(facts)
        except Exception as error:  # an internal error pends the request, with a reason
            evaluation = None
            determination = prepared.determiner.pend_for_internal_error(error, lines, about)
        else:
            confirmed = [one.rule for one in context.request.confirmations]
            determination = prepared.determiner.determine(
                evaluation, facts, lines, about, silence, confirmed
            )
        confirmations = context.request.confirmations
        return Decided(determination, prepared.ruleset, evaluation, facts, silence, confirmations)

    def _rows_hash(self, context: Context) -> str:
        service = (context.service.code, None, context.service.day)
        key = (service, *[(line.code, line.ndc, line.date) for line in context.claim_lines])
        found = self._rows.get(key)
        if found is None:
            if len(self._rows) >= _KEPT:
                self._rows.clear()
            found = self._rows[key] = self.library.reference.rows_hash(service, key[1:])
        return found

    def _about(self, context: Context, reference_hash: str | None) -> About:
        request, service = context.request, context.service
        return About(request.id, request.kind, service.code, service.day, self.name, reference_hash)

    def _facts(
        self, prepared: _Prepared, asked: _Asked
    ) -> tuple[Truth, dict[str, Value | None], frozenset[str]]:
        """Whether the policy applies to a service, the service's facts, and those that have the value
        that silence means."""
        facts, contradictions, silent = prepared.derivation.read(asked.context, asked.facts)
        truth = prepared.applies(facts)
        if truth != HOLDS:
            return truth, facts, silent
        if contradictions and asked.day_is_given:
            request, numbers = asked.context.request, asked.context.service.numbers
            raise PolicyError(
                fact_problem(
                    request,
                    asked.given.line_of(request, found.fact, numbers),
                    found.fact,
                    "contradicts-claim",
                    describe_contradiction(self.library.vocabulary, found),
                    "correct one of the two, or leave the fact out",
                )
                for found in contradictions
            )
        return truth, facts, silent

    # --- voids ---------------------------------------------------------------------------------------

    def _voided(self, asked: _Asked) -> str | None:
        """The number of the claim that the request voids; None: it voids none, or does not say which."""
        request = asked.context.request
        if request.kind != "claim" or request.frequency != VOID:
            return None
        original = request.original_id
        if original is None:
            given = asked.facts.get(self._fact_from("request", "original_id"))
            original = given if isinstance(given, str) else None
        return original

    def _void(self, asked: _Asked, original: str) -> list[Decided]:
        """The service takes back what was paid, by each policy that applies to it on some day."""
        return [
            Decided(
                pending.voided(undecided, original), newest, None, self._frequency(newest, original)
            )
            for newest, undecided in self._untouched(asked)
        ]

    def _frequency(self, ruleset: Ruleset, original: str) -> dict[str, Value | None]:
        """The facts that make a claim a void, among those that the policy declares."""
        facts = {
            self._fact_from("request", "frequency"): VOID,
            self._fact_from("request", "original_id"): original,
        }
        return {name: value for name, value in facts.items() if name in ruleset.facts}

    # --- dates that are not settled, or several ------------------------------------------------------

    def _unclear_date(self, asked: _Asked, services: Sequence[Service]) -> tuple[str, str] | None:
        """Why the day of a service is not settled: the id of a finding, and its sentence."""
        context, service = asked.context, asked.context.service
        kind = context.request.kind
        if service.day is None:
            return DATE_MISSING, pending.date_missing(kind, service.numbers, True)
        alike = [one for one in services if one is not service and one.code == service.code]
        undated = [number for one in alike if one.day is None for number in one.numbers]
        if undated:
            return DATE_MISSING, pending.date_missing(kind, undated, False)
        if kind == "preauthorization":
            return None
        beside = [one for one in alike if (one.through or service.through) and meet(one, service)]
        if service.through is None and not beside:
            return None
        why, about = "", service
        if service.through is None:
            why = f"{capital(line_list(service.numbers))} may be for one of these days."
            about = beside[0]
        elif beside:
            others = line_list([number for one in beside for number in one.numbers])
            why = f"{capital(others)} may be for one of these days."
        elif self._spans(asked) == "per-diem":
            problem = self._not_by_day(asked)
            if problem is None:
                return None
            why = problem
        assert about.day is not None and about.through is not None
        return SEVERAL_DAYS, pending.several_days(about.numbers, about.day, about.through, why)

    def _pend_for_date(self, asked: _Asked, rule: str, because: str) -> list[Decided]:
        """The service pends by each policy that applies to it on some day; none is evaluated."""
        fact = self._fact_from("service", "date")
        questions = []
        if rule == DATE_MISSING:
            questions.append(question_of(fact, self.library.vocabulary.facts.get(fact), (rule,)))
        return [
            Decided(
                pending.pended(undecided, rule, because, newest.information_request, questions),
                newest,
                None,
                {},
            )
            for newest, undecided in self._untouched(asked)
        ]

    def _untouched(self, asked: _Asked) -> Iterator[tuple[Ruleset, Determination]]:
        """The newest version of each policy that applies to a service on some day, and a determination
        without any rule evaluated."""
        context = asked.context
        for address in asked.candidates:
            windows = self._windows_of(address, context.service)
            for first, _, _ in reversed(windows):
                prepared = self._prepare(address, first)
                if prepared is None:
                    continue
                truth, facts, _ = self._facts(prepared, asked)
                if truth != HOLDS:
                    continue
                newest = self.library.ruleset(address, self.library.windows(address)[-1][0])
                assert newest is not None
                lines = _service_lines(prepared, context.service, facts)
                yield newest, pending.undecided(newest, lines, self._about(context, None))
                break

    def _windows_of(self, address: str, service: Service) -> list[tuple[date, date | None, Merged]]:
        """The windows of a policy in which a service may lie."""
        windows = self.library.windows(address)
        day = service.day
        if day is None:
            return list(windows)
        last_day = service.through or day
        return [one for one in windows if one[0] <= last_day and (one[1] is None or day <= one[1])]

    def _spans(self, asked: _Asked) -> Spans:
        """The rule for lines over several days, where every version in force on them has the same."""
        said: set[Spans] = set()
        for address in asked.candidates:
            windows = self._windows_of(address, asked.context.service)
            prepared = [self._prepare(address, first) for first, _, _ in windows]
            if any(one and self._facts(one, asked)[0] == HOLDS for one in prepared):
                said |= {merged.spans for _, _, merged in windows}
        return said.pop() if len(said) == 1 else "pend"

    def _not_by_day(self, asked: _Asked) -> str | None:
        """Why the days of a service cannot be decided each by itself; None: they can."""
        service = asked.context.service
        assert service.day is not None and service.through is not None
        days = (service.through - service.day).days + 1
        if not service.lines:
            return "Ask about one day."
        if days > MAX_DAYS:
            return f"At most {MAX_DAYS} days are decided day by day."
        for line in service.lines:
            units = share(line.units, days)
            if line.units is not None and not isinstance(units, int):
                return (
                    f"{capital(in_unit(line.units, 'billing units'))} do not divide by {days} days."
                )
        for address in asked.candidates:
            windows = self._windows_of(address, service)
            if len(windows) > 1:
                return f"Another version of the policy applies from {windows[1][0]} on."
        return None

    def _decide_each_day(self, asked: _Asked) -> list[Decided]:
        """Lines over several days, by policies that say so: each day as a service of its own."""
        service, reference = asked.context.service, self.library.reference
        assert service.day is not None and service.through is not None
        count = (service.through - service.day).days + 1
        made: list[list[Decided]] = []
        for day in (service.day + timedelta(days=at) for at in range(count)):
            lines = [share_of_day(line, day, count, reference) for line in service.lines]
            on_day = Service(service.code, day, tuple(lines))
            made.append(self._decide_on_day(self._as_of(asked, on_day)))
        units = [line.units for line in sorted(service.lines, key=lambda line: line.number)]
        found = []
        for first in made[0]:
            days = [one for each in made for one in each if one.ruleset is first.ruleset]
            determinations = [one.determination for one in days]
            reason = first.ruleset.information_request
            determination = pending.per_diem(determinations, count, units, service.through, reason)
            found.append(replace(first, determination=determination, days=tuple(days)))
        return found

    def _decide_period(self, asked: _Asked) -> list[Decided]:
        """A preauthorization for a period: as of its first day, held against its later days."""
        service = asked.context.service
        assert service.day is not None and service.through is not None
        found = []
        for first in self._decide_on_day(asked):
            windows = self._windows_of(first.ruleset.policy, service)
            starts = [start for start, _, _ in windows if start > service.day]
            made: dict[date, Decided | None] = {service.day: first}
            on_day = partial(self._on_later_day, asked, first.ruleset.policy, made)
            determination = pending.Period(
                service.day, starts, service.through, on_day, first.ruleset
            ).answer()
            days = tuple(one for _, one in sorted(made.items()) if one is not None)
            found.append(replace(first, determination=determination, days=days))
        return found

    def _on_later_day(
        self, asked: _Asked, address: str, made: dict[date, Decided | None], day: date
    ) -> Determination | None:
        """The answer as of another day of a period; None: the policy does not apply then."""
        if day not in made:
            reference, service = self.library.reference, asked.context.service
            lines = tuple(moved(line, day, reference) for line in service.lines)
            later = self._as_of(asked, Service(service.code, day, lines, service.through))
            found = self._decide_on_day(later._replace(candidates=(address,)))
            made[day] = found[0] if found else None
        one = made[day]
        return None if one is None else one.determination

    def _as_of(self, asked: _Asked, service: Service) -> _Asked:
        """The same question with its service on another day.

        The facts that were given hold on the day that the form says. What follows from the new day
        is believed where they differ.
        """
        context = asked.context
        changed = dict(zip(map(id, context.service.lines), service.lines, strict=True))
        views = tuple(changed.get(id(line), line) for line in context.claim_lines)
        again = self._asked(context.request, context.payer, service, views, asked.given)
        return again._replace(candidates=asked.candidates, day_is_given=False)

    # --- policies -----------------------------------------------------------------------------------

    def _prepare(self, address: str, day: date) -> _Prepared | None:
        """The policy compiled for a date of service; None where no version is in force."""
        ruleset = self.library.ruleset(address, day)
        if ruleset is None:
            return None
        key = (address, ruleset.first_day)
        found = self._prepared.get(key)
        if found is None:
            with self._lock:
                found = self._prepared.get(key)
                if found is None:
                    with collector.at_rest():
                        found = self._prepared[key] = self._compile(ruleset)
        return found

    def _prepare_on(self, address: str, day: date) -> _Prepared | None:
        """As `_prepare`, with the days of service that were asked about before at hand."""
        found = self._on_days.get((address, day))
        if found is None and (found := self._prepare(address, day)) is not None:
            if len(self._on_days) >= _KEPT:
                self._on_days.clear()
            self._on_days[address, day] = found
        return found

    def _compile(self, ruleset: Ruleset) -> _Prepared:
        basis = self.library.basis_of(ruleset)
        derivation = self._shared_derivation(ruleset) or Derivation.over(
            basis, ruleset.facts, ruleset.first_day
        )
        evaluate = (self._compiler or engine_named(self.name).compile)(ruleset)
        none = frozenset(name for name, fact in ruleset.facts.items() if fact.type.can_be_none)
        applies = condition_function(ruleset.applies_to, none)
        silences = Silences(basis, ruleset)
        return _Prepared(ruleset, derivation, applies, evaluate, Determiner(ruleset), silences)

    def _shared_derivation(self, ruleset: Ruleset) -> Derivation | None:
        """The derivation of the engine that this is a variation of, where it serves as well."""
        base = self._derived_from
        if base is None or base.library.reference is not self.library.reference:
            return None
        if ruleset.policy not in base.library.policies:
            return None
        known = base._prepare(ruleset.policy, ruleset.first_day)
        if known is None or not known.ruleset.facts.keys() >= ruleset.facts.keys():
            return None
        return known.derivation

    def _payer(self, request: Request, given: Mapping[str, Value]) -> str | None:
        """The payer's folder that the request names, or what it says where none is recognized."""
        coverage = request.coverage
        identifier = coverage.payer or given.get(self._fact_from("request", "coverage.payer"))
        business = coverage.line_of_business or given.get(
            self._fact_from("request", "coverage.line_of_business")
        )
        return self.library.reference.payer_folder(
            None if identifier is None else str(identifier),
            None if business is None else str(business),
        )

    @cached_property
    def _days(self) -> tuple[str, str]:
        """The facts that are the first and the last day of a service."""
        return self._fact_from("service", "date"), self._fact_from("service", "through")

    def _fact_from(self, root: str, path: str) -> str:
        """The name of the fact that is read from a path, or a name that no fact has."""
        return self.library.facts_by_source.get((root, path), "")

    # --- no policy ---------------------------------------------------------------------------------

    def _no_policy(self, context: Context, near: tuple[str, ...]) -> NoPolicy:
        request, service = context.request, context.service
        coverage = request.coverage
        looked_for = (
            LookedFor("payer", context.payer or coverage.payer_name),
            LookedFor("line of business", coverage.line_of_business),
            LookedFor("code", service.code),
            LookedFor("date of service", service.day),
        )
        return NoPolicy(
            request.id,
            service.code,
            service.day,
            tuple(line.number for line in service.lines),
            looked_for,
            near,
        )

    def _near(self, asked: _Asked) -> Iterator[str]:
        """Sentences on policies for this code that do not apply, and why."""
        context, service = asked.context, asked.context.service
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
            day = library.windows(address)[-1][0] if service.day is None else service.day
            prepared = self._prepare(address, day)
            if prepared is None:
                spans = library.spans[address]
                first, last = spans[0].first_day, spans[-1].last_day
                until = f" through {last}" if last else ""
                yield f"{address} covers {service.code} from {first}{until}"
                continue
            facts, _ = prepared.derivation.facts(context, asked.facts)
            yield f"{address} needs: {_unmet(prepared.ruleset.applies_to, facts, library)}"


def _service_lines(
    prepared: _Prepared, service: Service, facts: Mapping[str, Value | None]
) -> list[ServiceLine]:
    return [
        ServiceLine(line.number, line.units, prepared.derivation.parts_of(line, facts))
        for line in service.lines
    ]


def _refuse_confirmations(request: Request, decided: Sequence[Decided]) -> None:
    """Refuse confirmations of rules that no clinician has to review, by the policies that decided."""
    rules = {
        rule.id
        for ruleset in {id(one.ruleset): one.ruleset for one in decided}.values()
        for rule in ruleset.rules
        if isinstance(rule.effect, FindingEffect) and rule.effect.review
    }
    about = f"claim {request.id}" if request.id else "request"
    found = [
        Diagnostic(slip.code, slip.message, Location(about, render_path(slip.path)), slip.hint)
        for slip in unknown_confirmations(request, rules)
    ]
    if found:
        raise PolicyError(found)


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
    return consistent(request) if isinstance(request, Request) else request_from_mapping(request)


__all__ = ["Candidate", "Considered", "Decided", "Engine", "LineView", "NotInForce", "PolicyOnDay"]
