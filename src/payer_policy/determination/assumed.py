"""The facts on which a determination rests although they were not provided: `FactsAssumed(ruleset)`.

The rules that silence reaches are evaluated a second time without it: a value that rests on silence is
left out, and a test whether a fact is known is itself unknown where the fact is. A rule with the same
result rests on no assumption.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Set
from dataclasses import replace
from functools import cached_property

from payer_policy.core.ruleset import FindingEffect, Rule, Ruleset, facts_read, tests_in
from payer_policy.core.semantics import Facts
from payer_policy.core.truth import HOLDS, UNKNOWN, Truth
from payer_policy.engines import engine_named
from payer_policy.engines.protocol import Evaluation, Evaluator
from payer_policy.policy.learning import Inputs
from payer_policy.request.silence import Silence, without_questions


class FactsAssumed:
    """The facts that determinations by one ruleset assume; prepared when first needed."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._reached: _Reached | None = None
        """The rules that what rested on silence has reached so far: few facts ever do."""

    def of(
        self,
        evaluation: Evaluation,
        facts: Facts,
        silence: Silence | None,
        parts: Collection[str] | None,
        denied: bool,
        *,
        asks: bool = False,
        needed: bool | None = None,
    ) -> list[str]:
        """The names of the facts, in order, without the rules that are assumed not to apply.

        Where several facts feed a rule that rests on silence, all silent ones among them are named.

        Args:
            evaluation: What became of the rules.
            facts: What they were evaluated on.
            silence: What of the facts rests on silence; None: nothing, since all were given as such.
            parts: The parts of which the service has lines; None: every rule falls on it.
            denied: Whether something denies; then only that counts.
            asks: Whether the request asks beforehand, so that rules that certify count.
            needed: Whether preauthorization is needed; False: then only that counts. None: not asked.
        """
        if silence is None:
            unknown = [name for name in self._asked if facts.get(name) is None]
            silence = Silence(frozenset(), {name: frozenset({name}) for name in unknown})
        concluded = self._ruleset.derived  # whether one of these is known may rest on any fact
        if not silence.rests and not any(
            name in silence.unsaid or name in concluded for name in self._asked
        ):
            return []
        reached = self._reached_from(silence.rests)
        bare = dict(facts)
        for name in reached.taken_over:
            bare[name] = evaluation.derived.get(name)
        for name in silence.rests:
            bare[name] = None
        bare_of = reached.evaluate(bare)
        resting = [] if needed is None else [*self._on_need(bare_of)]
        if needed is not False:
            resting += self._resting(evaluation, reached, bare_of, parts, denied, asks)
        unsaid = silence.unsaid
        read = unsaid.keys() & frozenset().union(*resting)
        return sorted(frozenset().union(*[unsaid[name] for name in read]))

    def _resting(
        self,
        evaluation: Evaluation,
        reached: _Reached,
        bare: Evaluation,
        parts: Collection[str] | None,
        denied: bool,
        asks: bool,
    ) -> Iterator[frozenset[str]]:
        """The facts that are read by each that would not be settled in the same way without silence."""
        truths, bare_truths, inputs_of = evaluation.truths, bare.truths, self._inputs.inputs_of
        rules = self._ruleset.rules
        for place, at, denies, part in reached.deciding:
            truth = truths[at]
            if not asks and certifies(rules[at]):
                continue
            if truth == UNKNOWN or bare_truths[place] == truth:
                continue
            if _counts(truth, denies, part, parts, denied):
                yield inputs_of[at]
        cover = self._ruleset.covered_by
        if cover is None or cover not in bare.derived or bare.derived[cover] is not None:
            return
        if evaluation.derived.get(cover) is not None:
            for at, denies, part in self._silenced:
                truth = truths[at]
                if truth == HOLDS and _counts(truth, denies, part, parts, denied):
                    yield self._inputs.inputs(cover)

    def _on_need(self, bare: Evaluation) -> Iterator[frozenset[str]]:
        """The facts by which it is settled whether preauthorization is needed, if silence does it."""
        needed_by = self._ruleset.needed_by
        if needed_by is not None and bare.derived.get(needed_by, True) is None:
            yield self._inputs.inputs(needed_by)

    def _reached_from(self, facts: Set[str]) -> _Reached:
        reached = self._reached
        if reached is None or not facts <= reached.facts:
            before = frozenset() if reached is None else reached.facts
            reached = self._reached = _Reached(self._ruleset, before | facts)
        return reached

    @cached_property
    def _silenced(self) -> list[tuple[int, bool, str | None]]:
        """The rules that decide unless an authorization silences them: place, whether it denies, part."""
        return [
            (at, rule.effect.kind == "deny", rule.effect.part)
            for at, rule in enumerate(self._ruleset.rules)
            if isinstance(rule.effect, FindingEffect)
            and rule.effect.kind not in ("advise", "certify")
            and rule.section in self._ruleset.silences
        ]

    @cached_property
    def _inputs(self) -> Inputs:
        return Inputs(self._ruleset, {}, {})

    @cached_property
    def _asked(self) -> list[str]:
        """The facts of which a rule asks whether they are known."""
        return sorted(
            {
                test.fact
                for rule in self._ruleset.rules
                for test in tests_in(rule.condition)
                if test.operator == "is_known"
            }
        )


def certifies(rule: Rule) -> bool:
    """Whether a rule says what an approval certifies, which counts only beforehand."""
    return isinstance(rule.effect, FindingEffect) and rule.effect.kind == "certify"


class _Reached:
    """The rules whose results may be others once some facts are left out, as an evaluator of their own.

    Any other rule, and what it concludes, is as it was. (Where facts are in conflict, whatever reads
    what they turn is unknown, and an unknown rule rests on nothing.)
    """

    def __init__(self, ruleset: Ruleset, facts: frozenset[str]) -> None:
        self.facts = facts
        rules = [
            replace(rule, condition=without_questions(rule.condition)) for rule in ruleset.rules
        ]
        places = _with_what_they_need(ruleset, _reached(ruleset, facts))
        there = {at: place for place, at in enumerate(places)}
        concluded = {name for at in places for name in rules[at].concludes}
        read = {name for at in places for name in facts_read(rules[at])}
        self.taken_over = read & ruleset.derived.keys() - concluded
        """The derived facts that these rules read and that are as they were."""
        derived = {
            name: replace(one, concluded_by=tuple((there[at], v) for at, v in one.concluded_by))
            for name, one in ruleset.derived.items()
            if name in concluded
        }
        some = replace(ruleset, rules=tuple(rules[at] for at in places), derived=derived)
        self.evaluate: Evaluator = engine_named("compiled").compile(some)
        self.deciding = [
            (place, at, rule.effect.kind == "deny", rule.effect.part)
            for at, place in there.items()
            if isinstance((rule := rules[at]).effect, FindingEffect)
            and rule.effect.kind != "advise"
        ]
        """Those that decide: place here, place in the ruleset, whether it denies, its part."""


def _reached(ruleset: Ruleset, facts: Set[str]) -> set[int]:
    """The rules that read some facts, or ask what is known, directly or through others."""
    names, ids, found = set(facts), set[str](), set[int]()
    for at, rule in enumerate(ruleset.rules):  # each comes after those that it needs
        reads = not (names.isdisjoint(facts_read(rule)) and ids.isdisjoint(rule.overridden_by))
        if reads or any(test.operator == "is_known" for test in tests_in(rule.condition)):
            found.add(at)
            ids.add(rule.id)
            names.update(rule.concludes)
    return found


def _with_what_they_need(ruleset: Ruleset, places: set[int]) -> list[int]:
    """Some rules with those that override them, and all that conclude the same facts, in order."""
    at_id = {rule.id: at for at, rule in enumerate(ruleset.rules)}
    waiting, found = list(places), set(places)
    while waiting:
        rule = ruleset.rules[waiting.pop()]
        needed = {at_id[id_] for id_ in rule.overridden_by if id_ in at_id}
        needed.update(at for name in rule.concludes for at, _ in ruleset.derived[name].concluded_by)
        waiting += needed - found
        found |= needed
    return sorted(found)


def _counts(
    truth: Truth, denies: bool, part: str | None, parts: Collection[str] | None, denied: bool
) -> bool:
    """Whether a rule matters for the decision on lines of some parts."""
    if part is not None and parts is not None and part not in parts:
        return False
    return not denied or (denies and truth == HOLDS)
