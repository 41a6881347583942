"""The decisions that a decided case can still get: `Open(engine, decided)`.

Known facts stay as they are, and every other can have any of its values. Kleene's rules say for each
rule by itself what is not known; these formulas say it exactly, for the decision.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from payer_policy.analysis.possible import DECISIONS, Decision, Requests, facts_for
from payer_policy.core.semantics import truth_of, value_of
from payer_policy.core.truth import UNKNOWN
from payer_policy.core.vocabulary.types import Value
from payer_policy.engine import Decided, Engine
from payer_policy.engines.symbolic.logic import Formula, all_of, any_of, both, negated, same
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.language.sources import Computed


@dataclass(frozen=True, slots=True)
class Exact:
    """The exact result for a case that pends because facts are not known."""

    possible: tuple[Decision, ...]
    """The decisions that it can get once everything is known. A reduction counts as `pend`."""
    missing: tuple[str, ...]
    """The facts on which the decision depends, among those that the determination asks for."""

    @property
    def settled(self) -> Decision | None:
        """The decision that it will be, whatever the missing facts turn out to be."""
        return self.possible[0] if len(self.possible) == 1 else None


class Open:
    """A decided case as formulas: its known facts, and its open ones."""

    def __init__(self, engine: Engine, decided: Decided) -> None:
        ruleset, library = decided.ruleset, engine.library
        self.decided, self._library = decided, library
        self.facts = facts_for([library], [ruleset])
        lines = bool(decided.determination.lines)
        self.requests = Requests(library, ruleset, self.facts, lines=lines)
        known = {
            name: decided.facts.get(name)
            for name in self.facts.names()
            if name in decided.facts or name in ruleset.facts  # the policy reads no other
        }
        self.known: Mapping[str, Value | None] = {
            name: None if self._follows(name) else value for name, value in known.items()
        }
        """Every fact of the request, as stated or filled in by the form; None: not known."""
        self.computed = frozenset(
            name for name in known if isinstance(self.requests.source(name), Computed)
        )

    def _follows(self, name: str) -> bool:
        """Whether a fact follows from others that are known, so that it changes with them."""
        source, facts = self.requests.source(name), self.decided.facts
        if not isinstance(source, Computed):
            return False
        if source.condition is not None:
            return truth_of(source.condition, facts) != UNKNOWN
        return source.expression is not None and value_of(source.expression, facts) is not None

    def is_known(self, name: str) -> bool:
        return self.known[name] is not None

    def stays(self, name: str) -> Formula:
        """That a fact is as it was."""
        return self.facts.given(name, self.known[name])

    def on_its_lines(self) -> Formula:
        """That the service has lines of the parts that it has."""
        lines = self.decided.determination.lines
        here = {part for line in lines for part in line.parts}
        return all_of(
            same(there, not lines or part in here) for part, there in self.requests.parts.items()
        )

    def everything(self) -> list[Formula]:
        """What holds for the case: the policy, its bounds, and the service's lines."""
        return [*self.requests.everything(), self.on_its_lines()]

    def exactly(self) -> Exact:
        """The decisions that the case can get, and the questions that they depend on.

        Raises:
            NotProved: the solver gave up.
        """
        possible = self.possible()
        asked = [question.fact for question in self.decided.determination.missing]
        if len(possible) < 2:
            return Exact(possible, ())
        return Exact(possible, tuple(fact for fact in asked if self._turns_on(fact)))

    def possible(self) -> tuple[Decision, ...]:
        """The decisions that the case can get once everything is known.

        Raises:
            NotProved: the solver gave up.
        """
        search = Search(self.facts, [*self.everything(), *self._completed()])
        decisions = self.requests.decisions
        return tuple(one for one in DECISIONS if search.find(decisions[one]) is not None)

    def _completed(self) -> list[Formula]:
        """That everything is known, and every known fact is as it was."""
        fixed = [self.stays(name) for name in self.known if self.is_known(name)]
        return [*fixed, *(self.facts[name].known for name in self._open())]

    def _open(self) -> Iterator[str]:
        """The facts that are not known yet; what is computed follows from them."""
        for name in self.known:
            if not self.is_known(name) and name not in self.computed:
                yield name

    def _turns_on(self, fact: str) -> bool:
        """Whether two cases that differ in this fact alone can get different decisions."""
        if fact not in self.known:
            return False
        facts = self.facts.again("other ", {fact})
        ruleset, parts = self.decided.ruleset, self.requests.parts
        lines = bool(self.decided.determination.lines)
        other = Requests(self._library, ruleset, facts, prefix="other ", parts=parts, lines=lines)
        everything = [*self.everything(), *other.everything(), *self._completed()]
        search = Search(facts, [*everything, facts[fact].known])
        differ = any_of(
            both(self.requests.decisions[one], negated(other.decisions[one])) for one in DECISIONS
        )
        return search.find(differ) is not None


__all__ = ["Exact", "NotProved", "Open"]
