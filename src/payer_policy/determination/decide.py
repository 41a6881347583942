"""From rules that apply to a decision: `Determiner(ruleset).determine(evaluation, facts, lines, …)`.

The one place that makes decisions, the same for every engine, in two parts: first what
the rules find, which depends on nothing but each rule and the billed lines; then how many units of
each line are allowed (`allocation`), which changes no finding. The headline is chosen last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property, partial
from itertools import compress
from operator import attrgetter, itemgetter
from typing import Any

from payer_policy.core.lazy import Lazy
from payer_policy.core.ruleset import FindingEffect, Reason, Ruleset
from payer_policy.core.semantics import Facts, total, value_of
from payer_policy.core.truth import HOLDS
from payer_policy.core.vocabulary.types import Units
from payer_policy.determination.allocation import (
    Allotted,
    Limit,
    ServiceLine,
    allocate,
    leaders_of,
)
from payer_policy.determination.conflicts import Reach
from payer_policy.determination.details import Account, Detailer, follower_rule
from payer_policy.determination.model import (
    NO_DETAILS,
    About,
    Conflict,
    Decision,
    Details,
    Determination,
    Finding,
    FindingKind,
    LineDecision,
    LineOutcome,
    PolicyIdentity,
    Unknown,
)
from payer_policy.determination.rules import ADVICE, DecidingRule, Rank, policy_identity
from payer_policy.determination.words import line_list
from payer_policy.engines.protocol import Evaluation
from payer_policy.request.silence import Silence


class Determiner:
    """Decides for one ruleset. Make it once and keep it; any number of threads may share it."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.policy = policy_identity(ruleset)
        self.detailer = Detailer(ruleset)
        self._prepared: dict[int, DecidingRule] = {}

    # Made when first needed: most rules of a large ruleset never are.

    def _rule_at(self, index: int) -> DecidingRule:
        made = self._prepared.get(index)
        if made is None:
            rule = self.ruleset.rules[index]
            assert isinstance(rule.effect, FindingEffect)
            rule_ = DecidingRule(self.ruleset, index, rule, rule.effect)
            made = self._prepared.setdefault(index, rule_)
        return made

    @cached_property
    def _rules(self) -> tuple[DecidingRule, ...]:
        found = (
            self._rule_at(index)
            for index, rule in enumerate(self.ruleset.rules)
            if isinstance(rule.effect, FindingEffect)
        )
        return tuple(sorted(found, key=attrgetter("rule")))

    @cached_property
    def _truths(self) -> Callable[[Any], Sequence[Any]]:
        return _getter([rule.index for rule in self._rules])

    @cached_property
    def _reach(self) -> Reach:
        return Reach(self.ruleset)

    def determine(
        self,
        evaluation: Evaluation,
        facts: Facts,
        lines: Sequence[ServiceLine],
        about: About,
        silence: Callable[[], Silence] | None = None,
    ) -> Determination:
        """The determination on one drug service.

        A rule has its finding on every line of its part when it is known to apply; a reduction only
        where the units billed there exceed its amount, which is the total over those lines.

        A line is denied where it has a denial, or a reduction leaves no units of it; else it pends
        where it has a pend finding, or anything about a denying, pending or reducing rule on it
        is unknown (a rule with `assume_not_holding` aside, unless it reads a fact in conflict).
        `allocate` says how many units each line gets. The service pends while any of its lines does.

        In a section that the policy silences, a finding is advice where an authorization covers the
        service; while it is not known whether one does, a rule of it that applies pends.

        Without lines (what does the policy require?) the decision is that of one line on which
        all rules fall and whose units are not known.

        Args:
            evaluation: What an engine says of the rules on these facts.
            facts: Values by name; nothing may change them afterwards.
            lines: The lines of the service.
            about: Repeated in the determination.
            silence: Gives what was not provided of the facts, when the assumptions are read; None: all
                were given as such.
        """
        conflicts: tuple[Conflict, ...] = ()
        if evaluation.conflicts:
            conflicts = tuple([self._conflict(name, evaluation) for name in evaluation.conflicts])
            evaluation = self._reach.unsettled(evaluation)
        if len(lines) > 1:
            lines = sorted(lines, key=itemgetter(0))
        if evaluation.disagreement is not None:
            # Neither result can be trusted, so none is reported.
            internal = f"The engines do not agree: {evaluation.disagreement}"
            return nothing_decided(lines, about, self.policy, internal)
        live = self._live(evaluation)
        if not live:
            # The common case: every rule that has a finding is known not to apply.
            account = Account(evaluation, facts, silence, lines, denied=False)
            outcomes = [
                LineOutcome(number, _names(parts), "approve", units, units, units, ())
                for number, units, parts in lines
            ]
            return Determination(
                about.claim_id, about.kind, about.code, about.service_date, "approve", None,
                tuple(outcomes), (), self._details(account), conflicts, self.policy,
                about.reference_hash, about.engine, None, None,
            )  # fmt: skip
        case = _Case(self, evaluation, facts, lines, live)
        case.find()
        case.allocate()
        findings = case.found()
        decision = decision_of([line.outcome for line in case.allotted])
        return Determination(
            about.claim_id, about.kind, about.code, about.service_date, decision,
            case.headline(findings), case.line_outcomes() if lines else (), findings,
            self._details(case.account(silence, decision == "deny")), conflicts, self.policy,
            about.reference_hash, about.engine, case.information_request, None,
        )  # fmt: skip

    def _details(self, account: Account) -> Lazy[Details]:
        return Lazy(partial(self.detailer.details, account))

    def _live(self, evaluation: Evaluation) -> list[DecidingRule]:
        """The rules that have a finding or about which something is not known."""
        if evaluation.live is None:
            return list(compress(self._rules, self._truths(evaluation.truths)))
        rule_at = self._rule_at
        return [rule_at(index) for index in evaluation.live]

    def _conflict(self, name: str, evaluation: Evaluation) -> Conflict:
        ruleset = self.ruleset
        holding = [
            ruleset.rules[index].id
            for index, _ in ruleset.derived[name].concluded_by
            if evaluation.truths[index] == HOLDS
        ]
        return Conflict(name, ruleset.facts[name].label, tuple(sorted(holding)))

    def pend_for_internal_error(
        self, error: BaseException, lines: Sequence[ServiceLine], about: About
    ) -> Determination:
        """The determination when an engine failed: every line pends.

        Only the class of the error is reported, in words; its message may hold what the claim says.
        """
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(error).__name__).lower()
        internal = (
            f"The engine `{about.engine}` failed on this request ({words}). Nothing was decided."
        )
        return nothing_decided(lines, about, self.policy, internal)


class _Case:
    """One service being decided, where something holds or is unknown. Lines go by position."""

    allotted: Sequence[Allotted] = ()
    information_request: Reason | None = None
    _all_known: Facts | None = None
    _denied_with: Mapping[str, Sequence[int]] = {}
    _pended_with: Mapping[str, Sequence[int]] = {}
    _silenced: Collection[str] = ()
    """The rules whose findings an authorization makes advice."""

    def __init__(
        self,
        determiner: Determiner,
        evaluation: Evaluation,
        facts: Facts,
        lines: Sequence[ServiceLine],
        live: Sequence[DecidingRule],
    ) -> None:
        self._determiner = determiner
        self._ruleset = determiner.ruleset
        self._evaluation = evaluation
        self._facts = facts
        self._live = live
        self._given = bool(lines)
        self._lines = lines if lines else (self._line_of_every_part(),)
        self._on: dict[str | None, tuple[int, ...]] = {None: tuple(range(len(self._lines)))}
        self._found: list[tuple[DecidingRule, tuple[int, ...]]] = []
        """The rules with a finding, by id, and where it falls."""
        self._places: dict[str, Rank] = {}
        """The rank of each finding among those that may lead."""
        self._denied: set[int] = set()
        self._pending: set[int] = set()
        self._limits: list[tuple[DecidingRule, Limit]] = []
        self._assumed: list[tuple[DecidingRule, tuple[int, ...]]] = []
        self._waiting: list[tuple[DecidingRule, Unknown, Sequence[int]]] = []

    # --- what the rules find -----------------------------------------------------------------------

    def find(self) -> None:
        """What every rule finds, and on which lines; what is not known of it."""
        evaluation, places = self._evaluation, self._on
        truths = evaluation.truths
        covered_by = self._ruleset.covered_by
        covered = None if covered_by is None else evaluation.derived.get(covered_by)
        reading: Collection[int] = ()
        if evaluation.conflicts:
            reading = self._determiner._reach.reading(evaluation.conflicts)
        found, assumed = self._found, self._assumed
        for rule in self._live:
            part = rule.part
            on = places[part] if part in places else self._falls_on(part)
            if not on:
                continue
            kind, holds = rule.kind, truths[rule.index] == HOLDS
            if covered is True and rule.silenced:
                if holds and (kind != "reduce" or self._exceeded(rule, on)):
                    found.append((rule, on))
                    self._silenced = {*self._silenced, rule.rule}
            elif not holds:
                if kind == "advise":
                    continue
                if rule.assumed and rule.index not in reading:
                    assumed.append((rule, on))
                else:
                    self._wait(rule, "condition", on)
            elif covered is None and rule.silenced and kind != "advise":
                self._wait(rule, "authorization", on)
            elif kind == "reduce":
                self._limits.append((rule, Limit(on, self._amount(rule))))
                if self._exceeded(rule, on):
                    found.append((rule, on))
            else:
                found.append((rule, on))
                if kind == "deny":
                    self._denied.update(on)
                elif kind == "pend":
                    self._pending.update(on)

    def _wait(self, rule: DecidingRule, unknown: Unknown, on: Sequence[int]) -> None:
        self._waiting.append((rule, unknown, on))
        self._pending.update(on)

    def _amount(self, rule: DecidingRule) -> Units | None:
        return None if rule.to is None else value_of(rule.to, self._known())

    def _exceeded(self, rule: DecidingRule, on: Sequence[int]) -> bool:
        """Whether more units are known to be billed than a reduction leaves.

        Without lines nothing is billed yet, and the amount that it would leave is stated.
        """
        amount = self._amount(rule)
        if amount is None:
            return False
        if not self._given:
            return True
        billed = total(*[units for at in on if (units := self._lines[at].units) is not None])
        return billed > max(amount, 0)

    # --- what each line gets -----------------------------------------------------------------------

    def allocate(self) -> None:
        """Give out the units; what is not known is kept where it matters for a line."""
        if not (self._limits or self._denied or self._pending):
            self.allotted = [Allotted("approve", line.units, line.units) for line in self._lines]
            return
        limits = [limit for _, limit in self._limits]
        made = allocate(self._lines, self._denied, self._pending, limits, self._ruleset.follows)
        self.allotted = lines = made.lines
        self._denied_with, self._pended_with = made.denied_with, made.pended_with
        waiting: list[tuple[DecidingRule, Unknown, Sequence[int]]] = []
        for rule, unknown, on in self._waiting:
            if open_ := [at for at in on if lines[at].outcome != "deny"]:
                waiting.append((rule, unknown, open_))
        for rule, limit in self._limits:
            if limit.unknown:
                if open_ := [at for at in sorted(limit.on) if lines[at].outcome == "pend"]:
                    waiting.append((rule, "amount", open_))
                continue
            if limit.without_units:
                waiting.append((rule, "line units", sorted(limit.without_units)))
            if limit.depends_on_earlier:
                waiting.append((rule, "earlier lines", sorted(limit.depends_on_earlier)))
        self._waiting = waiting
        if waiting:
            self.information_request = self._ruleset.information_request
        if self._assumed and "deny" in [line.outcome for line in lines]:
            self._assumed = [
                (rule, on)
                for rule, on in self._assumed
                if any(lines[at].outcome != "deny" for at in on)
            ]

    def _line_of_every_part(self) -> ServiceLine:
        parts = {rule.part for rule in self._live if rule.part is not None}
        return ServiceLine(0, None, frozenset(parts))

    def _known(self) -> Facts:
        """Facts and derived facts in one mapping, made when first needed."""
        if self._all_known is None:
            self._all_known = {**self._facts, **self._evaluation.derived}
        return self._all_known

    def _falls_on(self, part: str | None) -> tuple[int, ...]:
        on = self._on[part] = tuple(
            [at for at, line in enumerate(self._lines) if part in line.parts]
        )
        return on

    def account(self, silence: Callable[[], Silence] | None, denied: bool) -> Account:
        """The data that the details are computed from."""
        return Account(
            self._evaluation,
            self._facts,
            silence,
            self._lines if self._given else (),
            denied,
            self._waiting,
            self._assumed,
            self._pended_with,
        )

    def _numbers(self, on: Sequence[int]) -> tuple[int, ...]:
        if not self._given:
            return ()
        # A claim may give two lines one number.
        if len(on) == 1:
            return (self._lines[on[0]].number,)
        return tuple(dict.fromkeys([self._lines[at].number for at in on]))

    def line_outcomes(self) -> tuple[LineOutcome, ...]:
        """The decision on each line, with the ids of its findings."""
        found: list[list[str]] = [[] for _ in self._lines]
        for rule, places in self._found:
            for at in places:
                found[at].append(rule.rule)
        for part, on in self._denied_with.items():
            for at in on:
                found[at] = sorted([*found[at], follower_rule(self._ruleset, part)[0]])
        return tuple(
            [
                LineOutcome(number, _names(parts), outcome, units, least, most, tuple(ids))
                for (number, units, parts), (outcome, least, most), ids in zip(
                    self._lines, self.allotted, found, strict=True
                )
            ]
        )

    def found(self) -> tuple[Finding, ...]:
        """All findings, by rule id."""
        findings = [self._finding(rule, on) for rule, on in self._found]
        if self._denied_with:
            findings += [self._denied_with_others(part, findings) for part in self._denied_with]
            findings.sort(key=attrgetter("rule"))
        return tuple(findings)

    def headline(self, findings: Sequence[Finding]) -> str | None:
        """The id of the finding that leads; an input of nothing."""
        if len(findings) < 2:
            return findings[0].rule if findings else None
        return self._leading(findings).rule

    def _leading(self, findings: Sequence[Finding]) -> Finding:
        places = self._places
        return min(findings, key=lambda found: places[found.rule])

    # --- lines that follow others --------------------------------------------------------------------

    def _denied_with_others(self, part: str, findings: Sequence[Finding]) -> Finding:
        """That lines are denied with those that they follow, for the reason that leads there."""
        ruleset, on = self._ruleset, self._denied_with[part]
        followed = leaders_of(self._lines, ruleset.follows)[on[0]][1]
        numbers = self._numbers(followed)
        reasons = [
            found
            for found in findings
            if found.kind in ("deny", "reduce") and not set(numbers).isdisjoint(found.lines)
        ]
        led = self._leading(reasons)
        rule, title = follower_rule(ruleset, part)
        # Behind what denies the lines that it follows.
        self._places[rule] = (0, len(ruleset.sections) + 1, rule)
        labels = ruleset.line_parts
        because = (
            f"None of {labels[ruleset.follows[part]]} is paid ({line_list(numbers)}: {led.title}), "
            f"so {labels[part]} are not paid."
        )
        return Finding(
            rule, title, "deny", False, led.group, led.carc, led.rarcs,
            because, labels[part], self._numbers(on), led.citations,
        )  # fmt: skip

    def _finding(self, rule: DecidingRule, on: tuple[int, ...]) -> Finding:
        silenced = rule.rule in self._silenced
        place = rule.rank
        self._places[rule.rule] = (ADVICE, *place[1:]) if silenced else place
        if not self._given and rule.found is not None and not silenced:
            return rule.found
        kind: FindingKind = "advise" if silenced else rule.kind
        reason, because = rule.reason, rule.constant
        if because is None:
            because = rule.because.filled(self._known())
        return Finding(
            rule.rule, rule.title, kind, silenced, reason.group, reason.carc, reason.rarcs,
            because, rule.on, self._numbers(on), rule.citations,
        )  # fmt: skip


def nothing_decided(
    lines: Sequence[ServiceLine], about: About, policy: PolicyIdentity, internal: str | None = None
) -> Determination:
    """Every line pends and nothing is found: no rule was evaluated, or the engine is at fault.

    Args:
        lines: The lines of the service, in any order.
        about: Repeated in the determination.
        policy: The policy that would decide.
        internal: The fault of the engine; None: there is none.
    """
    outcomes = [
        LineOutcome(
            number, _names(parts), "pend", units, 0, None if units is None else max(units, 0), ()
        )
        for number, units, parts in sorted(lines, key=itemgetter(0))
    ]
    return Determination(
        about.claim_id, about.kind, about.code, about.service_date, "pend", None, tuple(outcomes),
        (), NO_DETAILS, (), policy, about.reference_hash, about.engine, None, internal,
    )  # fmt: skip


def decision_of(outcomes: Sequence[LineDecision]) -> Decision:
    """Pend while any line does; what all lines agree on; else partial."""
    if "pend" in outcomes:
        return "pend"
    first = outcomes[0]
    return "partial" if first == "reduce" or outcomes.count(first) < len(outcomes) else first


def _names(parts: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(parts)) if len(parts) > 1 else tuple(parts)


def _getter(keys: Sequence[Any]) -> Callable[[Any], Sequence[Any]]:
    """What picks these items of a sequence, or of a mapping, in this order."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda items: [items[key] for key in keys]
