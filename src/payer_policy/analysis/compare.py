"""What changed in the behavior of a policy between two versions: `compare(old, new)`.

For every kind of changed outcome there is a request that shows it, decided by both versions. Where
there is none, the versions are proved equivalent. Changes of the text are listed too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from payer_policy.analysis.possible import DECISIONS, FoundRequest, Requests, facts_for
from payer_policy.analysis.text_changes import TextChange, text_changes
from payer_policy.analysis.witness import Case, Decider, outcome_of, plainest
from payer_policy.core.ruleset import FindingEffect, Ruleset
from payer_policy.core.vocabulary.outcome import CARC, GROUP, RARC, RULE
from payer_policy.determination import Determination
from payer_policy.determination.explain import DECISIONS as IN_WORDS
from payer_policy.engine import Engine
from payer_policy.engines.symbolic.arithmetic import Outside
from payer_policy.engines.symbolic.logic import Formula, all_of, any_of, both, negated, same
from payer_policy.engines.symbolic.search import NotProved, Search
from payer_policy.engines.symbolic.terms import Facts, same_value
from payer_policy.policy.library import Library
from payer_policy.specs.writing import ScenarioWriter

Verdict = Literal["equivalent", "different", "not proved"]
KINDS_SHOWN: Final = 12
"""The largest number of changes that are shown for one change of decision, each for another reason."""
_REASONS: Final = (GROUP, CARC, RARC)


@dataclass(frozen=True, slots=True)
class Change:
    """One kind of changed outcome, with the plainest request that shows it."""

    old: str
    """The decision before."""
    new: str
    reasons_gone: tuple[str, ...]
    """Reasons, such as `deny CO 197 by authorization-absent`, that only the old version gave."""
    reasons_come: tuple[str, ...]
    before: Case
    after: Case
    scenario: str
    """The request and its determination by the new version, as a scenario."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two versions, each as one ruleset."""

    old: Ruleset
    new: Ruleset
    verdict: Verdict
    changes: tuple[Change, ...]
    text: tuple[TextChange, ...]
    why: str | None = None
    """For `not proved`: the reason."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two versions: a policy of a folder, on a day."""

    engine: Engine
    address: str
    day: date

    @property
    def ruleset(self) -> Ruleset:
        """Raises KeyError: no version is in force on that day."""
        library = self.engine.library
        ruleset = (
            library.ruleset(self.address, self.day) if self.address in library.policies else None
        )
        if ruleset is None:
            raise KeyError(f"no policy `{self.address}` is in force on {self.day}")
        return ruleset


def common_windows(old: Library, new: Library, address: str) -> Iterator[tuple[date, date | None]]:
    """The runs of dates on which a policy has one meaning in each of two folders."""
    spans = [
        [(first, last or date.max) for first, last, _ in library.windows(address)]
        for library in (old, new)
    ]
    starts = sorted({first for windows in spans for first, _ in windows})
    for start in starts:
        here = [next((w for w in windows if w[0] <= start <= w[1]), None) for windows in spans]
        if None in here:
            continue
        last = min(one[1] for one in here if one is not None)
        yield start, None if last == date.max else last


def compare(old: Side, new: Side) -> Comparison:
    """Two versions of a policy, for requests that both decide.

    Where both versions are in one folder, for different days or payers, the two requests differ only
    in the date of service and the payer.

    Raises:
        KeyError: no version is in force on a side's day.
    """
    return _Pair(old, new).comparison()


class _Pair:
    def __init__(self, old: Side, new: Side) -> None:
        self._sides = (old, new)
        self._unconfirmed = 0
        self._rulesets = (old.ruleset, new.ruleset)
        libraries = [side.engine.library for side in self._sides]
        facts = facts_for(libraries, self._rulesets)
        self._own = self._facts_of_one_side()
        other = facts.again("new ", self._own) if self._own else facts
        self._facts: tuple[Facts, Facts] = (facts, other)
        before = Requests(libraries[0], self._rulesets[0], facts, prefix="old ")
        after = Requests(libraries[1], self._rulesets[1], other, prefix="new ", parts=before.parts)
        self._requests = (before, after)
        self._deciders = tuple(Decider(side.engine, side.address) for side in self._sides)
        self._writer = ScenarioWriter(libraries[1])
        self._search = Search(facts, [*before.everything(), *after.everything()])

    def _facts_of_one_side(self) -> frozenset[str]:
        """The facts that differ between the two requests where both versions are in one folder."""
        old, new = self._rulesets
        by_source = self._sides[0].engine.library.facts_by_source
        own: list[tuple[str, str]] = []
        if old.first_day != new.first_day and self._sides[0].engine is self._sides[1].engine:
            own.append(("service", "date"))
        if old.policy.partition("/")[0] != new.policy.partition("/")[0]:
            own += [("request", "coverage.payer"), ("request", "coverage.line_of_business")]
        if self._sides[0].address != self._sides[1].address:
            own.append(("service", "code"))
        return frozenset(by_source[one] for one in own if one in by_source)

    def comparison(self) -> Comparison:
        old, new = self._rulesets
        text = tuple(text_changes(old, new))
        changes: list[Change] = []
        why = None
        verdict: Verdict = "equivalent"
        if old.hash != new.hash or self._own:
            try:
                for goal, shows in self._kinds():
                    changes += self._changes(goal, shows)
            except NotProved as error:
                why, verdict = f"the solver gave up: {error}", "not proved"
        if changes:
            verdict = "different"
        elif self._unconfirmed:
            verdict = "not proved"
            why = "the solver found requests that both versions decide the same way"
        return Comparison(old, new, verdict, tuple(changes), text, why)

    # --- kinds of change -------------------------------------------------------------------------

    def _kinds(self) -> Iterator[tuple[Formula, Callable[[Case, Case], bool]]]:
        """What to search for, each with the test that two decided cases show it."""
        before, after = self._requests
        for old in DECISIONS:
            for new in DECISIONS:
                if old != new:
                    goal = both(before.decisions[old], after.decisions[new])
                    yield goal, _decided(old, new)
        for decision in DECISIONS:
            same_decision = both(before.decisions[decision], after.decisions[decision])
            yield (
                both(same_decision, negated(self._same_reasons())),
                _decided(decision, decision),
            )
        yield self._other_amounts(), _both_reduce

    def _same_reasons(self) -> Formula:
        before, after = self._requests
        parts = []
        for name in _REASONS:
            one, other = before.outcome[name].value.members, after.outcome[name].value.members
            parts += [
                same(one.get(text, False), other.get(text, False))
                for text in dict.fromkeys([*one, *other])
            ]
        return all_of(parts)

    def _other_amounts(self) -> Formula:
        """That a reduction which both find leaves another number of units."""
        before, after = self._requests
        found = []
        rules = {rule.id: index for index, rule in enumerate(self._rulesets[0].rules)}
        for at, rule in enumerate(self._rulesets[1].rules):
            effect = rule.effect
            index = rules.get(rule.id)
            if index is None or not isinstance(effect, FindingEffect) or effect.to is None:
                continue
            other = self._rulesets[0].rules[index].effect
            if not isinstance(other, FindingEffect) or other.to is None or other.to == effect.to:
                continue
            try:
                one = before.formulas.conditions.expression(other.to)
                two = after.formulas.conditions.expression(effect.to)
            except Outside:
                continue
            holds = both(before.formulas.rules[index].holds, after.formulas.rules[at].holds)
            known = both(one.known, two.known)
            found.append(all_of([holds, known, negated(same_value(one.value, two.value))]))
        return any_of(found)

    # --- witnesses -------------------------------------------------------------------------------

    def _changes(self, goal: Formula, shows: Callable[[Case, Case], bool]) -> Iterator[Change]:
        """A witness for each set of reasons with which a kind of change comes."""
        blocked: list[Formula] = []
        for _ in range(KINDS_SHOWN):
            model = self._search.find(goal, *blocked)
            if model is None:
                return
            wishes = [wish for requests in self._requests for wish in requests.wishes()]
            model = self._search.smallest(model, wishes, goal, *blocked)
            facts = self._requests[0].in_model(model)
            own = {
                name: value
                for name, value in self._requests[1].in_model(model).facts.items()
                if name in self._own
            }
            made = self._plainest(facts, own, shows)
            if made is None:
                self._unconfirmed += 1
                return
            before, after = made
            yield self._change(before, after)
            blocked.append(self._another_reason(before, after))

    def _plainest(
        self, found: FoundRequest, own: Mapping[str, object], shows: Callable[[Case, Case], bool]
    ) -> tuple[Case, Case] | None:
        def cases(tried: FoundRequest) -> tuple[Case, Case] | None:
            before = self._deciders[0].decide(tried)
            shared = {n: v for n, v in tried.facts.items() if n not in self._own}
            after = self._deciders[1].decide(FoundRequest({**shared, **own}, tried.parts))  # type: ignore[dict-item]
            if before is None or after is None:
                return None
            wanted = tuple(ruleset.hash for ruleset in self._rulesets)
            got = (before.decided.ruleset.hash, after.decided.ruleset.hash)
            return (before, after) if got == wanted and shows(before, after) else None

        first = cases(found)
        if first is None:
            return None
        reasons = [_reasons_of(case.determination) for case in first]

        def still(tried: FoundRequest) -> bool:
            # Reasons may be left out, but never change: what is shown stays the same change.
            made = cases(tried)
            return made is not None and all(
                _reasons_of(case.determination) <= these
                for case, these in zip(made, reasons, strict=True)
            )

        return cases(plainest(found, still, self._deciders[0].named))

    def _another_reason(self, before: Case, after: Case) -> Formula:
        """That a request does not show the same change: a rule that found something does not."""
        rules = []
        for requests, case in zip(self._requests, (before, after), strict=True):
            found = outcome_of(case.determination)[RULE]
            assert isinstance(found, frozenset)
            other = outcome_of((after if case is before else before).determination)[RULE]
            assert isinstance(other, frozenset)
            rules += [
                requests.found[at]
                for at, rule in enumerate(requests.ruleset.rules)
                if rule.id in found - other and at in requests.found
            ]
        return negated(all_of(rules)) if rules else False

    def _change(self, before: Case, after: Case) -> Change:
        old, new = _reasons_of(before.determination), _reasons_of(after.determination)
        payer = after.decided.ruleset.policy.partition("/")[0]
        old_word, new_word = before.determination.decision, after.determination.decision
        title = (
            f"{IN_WORDS[old_word].capitalize()} before, {IN_WORDS[new_word]} now"
            if old_word != new_word
            else f"{IN_WORDS[new_word].capitalize()} as before, for another reason"
        )
        return Change(
            old_word,
            new_word,
            tuple(sorted(old - new)),
            tuple(sorted(new - old)),
            before,
            after,
            self._writer.scenario(title, payer, after.facts, [after.determination]),
        )


def _decided(old: str, new: str) -> Callable[[Case, Case], bool]:
    """Whether cases are decided so, with other reason codes where the decision is the same."""

    def shows(before: Case, after: Case) -> bool:
        if (before.determination.decision, after.determination.decision) != (old, new):
            return False
        return old != new or _codes(before) != _codes(after)

    return shows


def _codes(case: Case) -> tuple[object, ...]:
    outcome = outcome_of(case.determination)
    return tuple(outcome[name] for name in _REASONS)


def _both_reduce(before: Case, after: Case) -> bool:
    return all(
        any(found.kind == "reduce" for found in case.determination.findings)
        for case in (before, after)
    )


def _reasons_of(determination: Determination) -> frozenset[str]:
    return frozenset(
        " ".join(filter(None, (one.kind, one.group, one.carc, *one.rarcs, "by", one.rule)))
        for one in determination.findings
        if one.kind != "advise"
    )
