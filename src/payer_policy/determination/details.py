"""The open rules of a service, the questions, and what was assumed: `Detailer(ruleset).details(account)`.

Computed only where it is read. An `Account` is all that is needed for that: data of the service's own,
which does not change once the service is decided.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from operator import attrgetter
from typing import Final, NamedTuple

from payer_policy.core.ruleset import Ruleset
from payer_policy.core.semantics import Facts
from payer_policy.determination.allocation import ServiceLine
from payer_policy.determination.assumed import FactsAssumed
from payer_policy.determination.missing import KEPT, MissingFacts, Need
from payer_policy.determination.model import Assumption, Details, Question, Unknown, Unsettled
from payer_policy.determination.rules import BUILT_IN, NEED, NEED_TITLE, DecidingRule
from payer_policy.determination.waits import FactSet
from payer_policy.determination.words import capital
from payer_policy.engines.protocol import Evaluation
from payer_policy.request.silence import Silence

MAX_KEPT: Final = 10_000
"""Maximum number of lists of assumptions kept ready, for a ruleset."""

Places = Sequence[int]
"""Lines of a service, by position."""


class Account(NamedTuple):
    """One decided service: the data that its details are computed from."""

    evaluation: Evaluation
    facts: Facts
    silence: Callable[[], Silence] | None
    """What was not provided of the facts; None: all were given as such."""
    lines: Sequence[ServiceLine]
    """The lines of the service in order; none: what does the policy require?"""
    denied: bool
    """Whether the whole service is denied: then only denials count."""
    waiting: Sequence[tuple[DecidingRule, Unknown, Places]] = ()
    """The rules about which something is not known, what it is, and the lines that wait for it."""
    assumed: Sequence[tuple[DecidingRule, Places]] = ()
    """The rules that the policy assumes not to apply, and on which lines."""
    pended_with: Mapping[str, Places] = {}
    """By part, the lines that pend with the lines that they follow."""
    asks: bool = False
    """Whether it asks beforehand."""
    needed: bool | None = None
    """Whether preauthorization is needed; None: not asked, or not known."""
    waits_for_need: bool = False
    """Whether that is asked and not known, so that all lines wait for it."""

    def numbers(self, places: Places) -> tuple[int, ...]:
        """The numbers of lines at these positions; a claim may give two lines one number."""
        if not self.lines:
            return ()
        return tuple(dict.fromkeys([self.lines[at].number for at in places]))


def follower_rule(ruleset: Ruleset, part: str) -> tuple[str, str]:
    """The id and the title of the built-in finding on lines of a part that follows another."""
    followed, labels = ruleset.follows[part], ruleset.line_parts
    title = f"{capital(labels[part])} billed, and none of {labels[followed]} paid"
    return f"{BUILT_IN}{part}-follows-{followed}", title


class Detailer:
    """The details of services decided by one ruleset. Any number of threads may share it."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._ruleset = ruleset
        self._derived = tuple(sorted(ruleset.derived))
        # Claims assume the same few things again and again; what is kept holds nothing of a member.
        self._assumptions: dict[tuple[tuple[int, FactSet], ...], tuple[Assumption, ...]] = {}
        self._fact_assumed = cache(self._about_fact)
        self._open_rules: dict[object, tuple[tuple[Unsettled, ...], tuple[Question, ...]]] = {}

    # Made when first needed: most rulesets are never asked.

    @cached_property
    def _missing(self) -> MissingFacts:
        return MissingFacts(self._ruleset)

    @cached_property
    def _facts_assumed(self) -> FactsAssumed:
        return FactsAssumed(self._ruleset)

    def details(self, account: Account) -> Details:
        """The open rules, the questions, the assumptions and the conclusions."""
        known: Facts = {}
        if account.waiting or account.assumed or account.waits_for_need:
            known = {**account.facts, **account.evaluation.derived}
        unsettled, missing = self._open(account, known)
        assumed = self._rules_assumed(account, known)
        if account.needed is False:  # nothing is asked, and nothing is decided on assumptions
            missing = assumed = ()
        values = account.evaluation.derived
        return Details(
            unsettled,
            missing,
            assumed + self._facts_without_answer(account),
            tuple([(name, v) for name in self._derived if (v := values.get(name)) is not None]),
        )

    def _facts_without_answer(self, account: Account) -> tuple[Assumption, ...]:
        silence = None if account.silence is None else account.silence()
        # Without lines every rule falls on the service.
        parts = frozenset().union(*[one.parts for one in account.lines]) if account.lines else None
        names = self._facts_assumed.of(
            account.evaluation, account.facts, silence, parts, account.denied,
            asks=account.asks, needed=account.needed,
        )  # fmt: skip
        return tuple([self._fact_assumed(name) for name in names])

    def _about_fact(self, name: str) -> Assumption:
        return Assumption(None, name, self._ruleset.facts[name].label, (), (name,))

    def _rules_assumed(self, account: Account, known: Facts) -> tuple[Assumption, ...]:
        assumed = account.assumed
        if not assumed:
            return ()
        missing = self._missing
        waits = missing.waits(account.evaluation.truths, known)
        key = tuple([(rule.index, waits(rule.index)) for rule, _ in assumed])
        assumptions = self._assumptions.get(key)
        if assumptions is None:
            assumptions = tuple(
                [
                    Assumption(rule.rule, None, rule.title, rule.citations, missing.names(facts))
                    for (rule, _), (_, facts) in zip(assumed, key, strict=True)
                ]
            )
            if len(self._assumptions) < MAX_KEPT:
                self._assumptions[key] = assumptions
        return assumptions

    def _open(
        self, account: Account, known: Facts
    ) -> tuple[tuple[Unsettled, ...], tuple[Question, ...]]:
        following = [
            Unsettled(
                *follower_rule(self._ruleset, part),
                "deny",
                "lines followed",
                account.numbers(on),
                (),
            )
            for part, on in account.pended_with.items()
        ]
        if account.waits_for_need:
            unsettled, asked = self._settled(account, known)
        elif not account.waiting:
            return tuple(following), ()
        else:
            unsettled, asked = self._waiting(account, known)
        if following:
            unsettled = tuple(sorted([*following, *unsettled], key=attrgetter("rule")))
        return unsettled, asked

    def _waiting(
        self, account: Account, known: Facts
    ) -> tuple[tuple[Unsettled, ...], tuple[Question, ...]]:
        """The rules that wait for something and the questions, settled once for each pattern."""
        rules = tuple([rule.index for rule, _, _ in account.waiting])
        truths, covered_by = account.evaluation.truths, self._ruleset.covered_by
        pattern = self._missing.pattern(truths, known, rules, covered_by)
        if pattern is None:
            return self._settled(account, known)
        where = tuple([(unknown, tuple(on)) for _, unknown, on in account.waiting])
        key = pattern, rules, where, tuple([line.number for line in account.lines])
        found = self._open_rules.get(key)
        if found is None:
            if len(self._open_rules) >= KEPT:
                self._open_rules.clear()
            found = self._open_rules[key] = self._settled(account, known)
        return found

    def _settled(
        self, account: Account, known: Facts
    ) -> tuple[tuple[Unsettled, ...], tuple[Question, ...]]:
        missing, covered_by = self._missing, self._ruleset.covered_by
        rules = [rule.index for rule, _, _ in account.waiting]
        needed_by = self._ruleset.needed_by if account.waits_for_need else None
        state = missing.start(account.evaluation, known, rules, covered_by, needed_by)
        unsettled: list[Unsettled] = []
        denying: list[tuple[str, Need]] = []
        others: list[tuple[str, Need]] = []
        later: dict[str, FactSet] = {}
        if needed_by is not None:
            need = missing.need_of_fact(state, needed_by)
            others.append((NEED, need))
            every = account.numbers(range(len(account.lines)))
            waits = missing.names(need.facts)
            unsettled.append(Unsettled(NEED, NEED_TITLE, "pend", "preauthorization", every, waits))
        for rule, unknown, on in account.waiting:
            waits_for: tuple[str, ...] = ()
            if unknown in ("condition", "authorization"):
                need = missing.need_of_rule(state, rule.index)
                if rule.silenced and covered_by is not None:
                    need = missing.unless(need, covered_by, state)
                (denying if rule.kind == "deny" else others).append((rule.rule, need))
                waits_for = missing.names(need.facts)
                if rule.amounts:
                    later[rule.rule] = missing.need_of_expressions(state, rule.amounts).facts
            elif unknown == "amount" and rule.amounts:
                need = missing.need_of_expressions(state, rule.amounts)
                others.append((rule.rule, need))
                waits_for = missing.names(need.facts)
            kind = rule.kind
            assert kind != "advise"  # advice waits for nothing
            unsettled.append(
                Unsettled(rule.rule, rule.title, kind, unknown, account.numbers(on), waits_for)
            )
        asked = missing.questions(denying, others, later)
        return tuple(sorted(unsettled, key=attrgetter("rule"))), asked
