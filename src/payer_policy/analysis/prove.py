"""Is a statement about a policy true of every possible request? `prove(engine, address)`.

For each statement (`policy.statements`) and each window of dates: proved; or broken, with the
plainest request that breaks it, decided by a concrete engine; or not proved, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from payer_policy.analysis.possible import FoundRequest, Requests, facts_for
from payer_policy.analysis.staying import falls, steady
from payer_policy.analysis.witness import Case, Decider, NotConfirmed, plainest, plainest_of
from payer_policy.core.ruleset import Condition, facts_in_test, tests_in
from payer_policy.core.semantics import truth_of
from payer_policy.core.truth import HOLDS
from payer_policy.engine import Engine
from payer_policy.engines.symbolic.logic import Formula, both, negated
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.policy.days import day_before
from payer_policy.policy.statements import Statement, first_days
from payer_policy.specs.writing import ScenarioWriter

Verdict = Literal["proved", "broken", "not proved"]

MILLISECONDS: Final = 60_000
"""The longest time the solver may take over two requests at once."""
BY_LINES: Final = (
    "facts alone do not break it, but facts over lines may change when more is known of a line"
)
NOT_CONFIRMED: Final = (
    "the solver found a request that breaks it, and the engine decides that request otherwise"
)


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A request that breaks a statement, decided by a concrete engine."""

    case: Case
    later: Case | None
    """For `stays`: the same request with more known of it."""
    scenario: str
    """The request and its determination, as a scenario."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What became of one statement about one policy on one window of dates."""

    statement: Statement
    policy: str
    first_day: date
    last_day: date | None
    verdict: Verdict
    why: str | None = None
    """For `proved`: set where the case never arises. For `not proved`: the reason."""
    counterexample: Counterexample | None = None


def prove(engine: Engine, address: str, only: Sequence[str] = ()) -> Iterator[Proof]:
    """Prove the statements about a policy, window by window.

    Args:
        engine: Holds the library; counterexamples are decided by it.
        address: `<payer>/<policy>`.
        only: The ids of the statements to prove; none: all.
    """
    library = engine.library
    for first, last, merged in library.windows(address):
        cuts = [
            day
            for day in sorted(first_days(merged, library.statements))
            if first < day and (last is None or day <= last)
        ]
        for start, following in zip([first, *cuts], [*cuts, None], strict=True):
            statements = [
                statement
                for statement in library.statements_on(address, start)
                if not only or statement.id in only
            ]
            if statements:
                end = last if following is None else day_before(following)
                yield from _Window(engine, address, (start, end), statements).proofs()


def facts_in(conditions: Sequence[Condition]) -> frozenset[str]:
    """The facts that some conditions read."""
    return frozenset(
        name for one in conditions for test in tests_in(one) for name in facts_in_test(test)
    )


def _forgetting(search: Search, goal: Sequence[Formula], later: Requests, model: Any) -> Any | None:
    """Two requests, the later one from a model; the search is only for what was known before."""
    given = later.facts.all_given(later.facts.values_in(model))
    try:
        return search.find(*goal, *given)
    except NotProved:
        return None


class _Window:
    """The statements about one policy on one window of dates."""

    def __init__(
        self,
        engine: Engine,
        address: str,
        days: tuple[date, date | None],
        statements: Sequence[Statement],
    ) -> None:
        self._days = days
        ruleset = engine.library.ruleset(address, days[0])
        assert ruleset is not None
        self._ruleset, self._statements = ruleset, statements
        self._library = engine.library
        self._conditions: list[Condition] = [
            condition
            for statement in statements
            for condition in (statement.condition, statement.when)
            if condition is not None
        ]
        self._facts = facts_for([engine.library], [ruleset], self._conditions)
        self._requests = Requests(engine.library, ruleset, self._facts, self._conditions, days=days)
        self._decider = Decider(engine, address, facts_in(self._conditions))
        self._writer = ScenarioWriter(engine.library)

    def proofs(self) -> Iterator[Proof]:
        goals = [self._goal(statement) for statement in self._statements]
        search = Search(self._facts, self._requests.everything())
        for statement, goal in zip(self._statements, goals, strict=True):
            try:
                yield (
                    self._stays(statement) if goal is None else self._never(statement, goal, search)
                )
            except NotConfirmed:
                yield self._proof(statement, "not proved", NOT_CONFIRMED)
            except NotProved as error:
                yield self._proof(statement, "not proved", f"the solver gave up: {error}")

    def _proof(
        self,
        statement: Statement,
        verdict: Verdict,
        why: str | None = None,
        found: Counterexample | None = None,
    ) -> Proof:
        return Proof(statement, self._ruleset.policy, *self._days, verdict, why, found)

    def _goal(self, statement: Statement) -> Formula | None:
        """The formula of a request that breaks the statement; None where it takes two requests."""
        holds = self._requests.halves(statement.condition).holds
        when = self._when(statement, self._requests)
        if statement.kind == "stays":
            return None
        return both(when, holds if statement.kind == "never" else negated(holds))

    def _when(self, statement: Statement, requests: Requests) -> Formula:
        return True if statement.when is None else requests.halves(statement.when).holds

    def _never(self, statement: Statement, goal: Formula, search: Search) -> Proof:
        named = self._decider.named
        found = plainest_of(
            search, self._requests, goal, lambda tried: self._breaks(statement, tried), named
        )
        if found is None:
            return self._proof(statement, "proved", self._idle(statement, search))
        case = self._decider.decide(found)
        assert case is not None
        return self._proof(statement, "broken", None, self._shown(statement, case, None))

    def _idle(self, statement: Statement, search: Search) -> str | None:
        """A note where a statement about a case is true only because the case never arises."""
        if statement.when is None:
            return None
        if search.find(self._when(statement, self._requests)) is not None:
            return None
        return "its case never arises"

    def _breaks(self, statement: Statement, found: FoundRequest) -> bool:
        case = self._decided(found)
        if case is None:
            return False
        if statement.when is not None and truth_of(statement.when, case.known) != HOLDS:
            return False
        holds = truth_of(statement.condition, case.known) == HOLDS
        return holds == (statement.kind == "never")

    # --- what holds keeps holding -----------------------------------------------------------------

    def _stays(self, statement: Statement) -> Proof:
        """Whether the condition keeps holding, whatever else becomes known about the request.

        First by structure: what nothing flips, stays. Then on one copy of the formulas: a request with
        everything that stays, and without the condition. Then, for that request, by the facts that can
        flip it: which were not known before? Then on two copies, with a time limit.
        """
        learning = self._requests.learning
        flipping = falls(learning, statement)
        if not flipping:
            return self._proof(statement, "proved")
        later = Requests(
            self._library,
            self._ruleset,
            self._facts.again("later ", flipping),
            self._conditions,
            "later ",
            self._requests.parts,
            self._days,
        )
        first = both(
            self._when(statement, self._requests),
            self._requests.halves(statement.condition).holds,
        )
        kept = steady(learning, later, statement.condition)
        lost = negated(later.halves(statement.condition).holds)
        alone = Search(later.facts, later.everything())
        apart = alone.find(kept, lost)
        if apart is None:
            return self._proof(statement, "proved")
        search = Search(
            later.facts,
            [*self._requests.everything(), *later.everything()],
            milliseconds=MILLISECONDS,
        )
        goal = (first, lost, self._requests.learns(later))
        model = _forgetting(search, goal, later, apart) or search.find(*goal)
        if model is None:
            changing = self._requests.changing_with_lines(flipping)
            loosely = (first, lost, self._requests.learns(later, changing))
            if changing and search.find(*loosely) is not None:
                return self._proof(statement, "not proved", f"{BY_LINES}: {', '.join(changing)}")
            return self._proof(statement, "proved")
        wishes = [*self._requests.wishes(), *later.plausible(sorted(flipping))]
        model = search.smallest(model, wishes, *goal)
        found, more = self._requests.in_model(model), later.in_model(model)
        extra = {name: value for name, value in more.facts.items() if name not in found.facts}
        return self._two(statement, found, extra)

    def _two(self, statement: Statement, found: FoundRequest, extra: Mapping[str, Any]) -> Proof:
        """A request in which it holds, and the same with more known in which it does not."""
        needed = [one for one in (statement.condition, statement.when) if one is not None]

        def flips(one: FoundRequest, more: Mapping[str, Any]) -> bool:
            before = self._decided(one)
            if before is None or any(truth_of(each, before.known) != HOLDS for each in needed):
                return False
            after = self._decided(FoundRequest({**one.facts, **more}, one.parts))
            return after is not None and truth_of(statement.condition, after.known) != HOLDS

        if not flips(found, extra):
            raise NotConfirmed(NOT_CONFIRMED)
        plain = plainest(found, lambda tried: flips(tried, extra), self._decider.named)
        for name in sorted(extra):
            less = {other: value for other, value in extra.items() if other != name}
            if flips(plain, less):
                extra = less
        case = self._decider.decide(plain)
        after = self._decider.decide(FoundRequest({**plain.facts, **extra}, plain.parts))
        assert case is not None
        return self._proof(statement, "broken", None, self._shown(statement, case, after))

    def _decided(self, found: FoundRequest) -> Case | None:
        case = self._decider.decide(found)
        return case if case is not None and case.decided.ruleset is self._ruleset else None

    def _shown(self, statement: Statement, case: Case, later: Case | None) -> Counterexample:
        text = self._writer.scenario(
            f"Against `{statement.id}`", self._decider.payer, case.facts, [case.determination]
        )
        if later is not None:
            more = {name: v for name, v in later.facts.items() if name not in case.facts}
            kind = "request" if case.determination.kind == "preauthorization" else "claim"
            lines = [
                *self._writer.more(more),
                f"When the {kind} is decided",
                *self._writer.then([later.determination]),
            ]
            text += "".join(f"  {line}\n" for line in lines)
        return Counterexample(case, later, text)
