"""From rules that apply to a decision: `Determiner(ruleset).determine(evaluation, facts, lines, …)`.

The one place that makes decisions, the same for every engine, in two parts: first what
the rules find, which depends on nothing but each rule and the billed lines; then how many units of
each line are allowed (`allocation`), which changes no finding. The headline is chosen last.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from itertools import compress
from operator import attrgetter, itemgetter
from typing import Any, Final, Literal

from payer_policy.core.lazy import Lazy
from payer_policy.core.ruleset import PREAUTHORIZATION, FindingEffect, Reason, Ruleset
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
from payer_policy.determination.certifying import (
    CERTIFIED,
    CERTIFIED_LABEL,
    Terms,
    certified,
    settled,
)
from payer_policy.determination.conflicts import Reach
from payer_policy.determination.details import Account, Detailer, follower_rule
from payer_policy.determination.model import (
    NO_DETAILS,
    About,
    Certified,
    Conflict,
    Decision,
    Details,
    Determination,
    Disposition,
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

REFUSING: Final = ("deny", "reduce", "certify")
"""The kinds of findings that can leave nothing of a line."""


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
        confirmed: Collection[str] = (),
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

        A denial that a clinician must review pends its lines until it is confirmed; `recommended` says
        where the whole service would be denied then.

        On a preauthorization, rules that certify count as reductions of what is asked, where both are
        known. Where the policy says that none is needed for its lines, nothing is decided and all
        findings are advice.

        Without lines (what does the policy require, of its claims too?) the decision is that of one
        line on which all rules fall and whose units are not known.

        Args:
            evaluation: What an engine says of the rules on these facts.
            facts: Values by name; nothing may change them afterwards.
            lines: The lines of the service.
            about: Repeated in the determination.
            silence: Gives what was not provided of the facts, when the assumptions are read; None: all
                were given as such.
            confirmed: The rules whose denial a clinician has confirmed.
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
        need_open = False
        if lines and about.kind == PREAUTHORIZATION and self.ruleset.needed_by is not None:
            needed = evaluation.derived.get(self.ruleset.needed_by)
            if needed is False:
                case = _Case(self, evaluation, facts, lines, live, about)
                return self._not_required(case, about, conflicts, silence)
            need_open = needed is None
        if not (live or need_open):
            # The common case: every rule that has a finding is known not to apply.
            asks = about.kind == PREAUTHORIZATION
            need = True if asks and lines else None
            account = Account(
                evaluation, facts, silence, lines, denied=False, asks=asks, needed=need
            )
            approved = [
                LineOutcome(number, _names(parts), "approve", "pay", units, units, units, ())
                for number, units, parts in lines
            ]
            return Determination(
                about.claim_id, about.kind, about.code, about.service_date, "approve", None,
                tuple(approved), (), self._details(account), conflicts, self.policy,
                about.reference_hash, about.engine, None, None,
            )  # fmt: skip
        case = _Case(self, evaluation, facts, lines, live, about, confirmed)
        case.find()
        case.allocate()
        if need_open:
            case.wait_for_need()
        findings = case.found()
        decision = decision_of([line.outcome for line in case.allotted])
        outcomes = case.line_outcomes(findings) if lines else ()
        recommended = case.recommended(decision)
        return Determination(
            about.claim_id, about.kind, about.code, about.service_date, decision,
            case.headline(findings), outcomes, findings,
            self._details(case.account(silence, decision == "deny" or recommended is not None)),
            conflicts + case.certified_twice, self.policy,
            about.reference_hash, about.engine, case.information_request, None, None,
            recommended, case.certified(decision, outcomes),
        )  # fmt: skip

    def _not_required(
        self,
        case: _Case,
        about: About,
        conflicts: tuple[Conflict, ...],
        silence: Callable[[], Silence] | None,
    ) -> Determination:
        """No preauthorization is needed: nothing is decided, asked or certified."""
        findings = case.as_advice()
        account = case.account(silence, denied=False)
        return Determination(
            about.claim_id, about.kind, about.code, about.service_date, "not_required",
            case.headline(findings), case.line_outcomes(findings) if case.given else (), findings,
            self._details(account), conflicts, self.policy,
            about.reference_hash, about.engine, None, None,
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
    _certified: tuple[DecidingRule, Terms] | None = None
    _needed = True
    """Whether preauthorization is needed, where that is asked."""
    _waits_for_need = False
    """Whether that is not known."""
    _denied_then = False
    """Whether every line is denied once a clinician confirms what is recommended."""
    certified_twice: tuple[Conflict, ...] = ()
    """Rules that certify different things."""

    def __init__(
        self,
        determiner: Determiner,
        evaluation: Evaluation,
        facts: Facts,
        lines: Sequence[ServiceLine],
        live: Sequence[DecidingRule],
        about: About,
        confirmed: Collection[str] = (),
    ) -> None:
        self._about, self._confirmed = about, confirmed
        self._determiner = determiner
        self._ruleset = determiner.ruleset
        self._evaluation = evaluation
        self._facts = facts
        self._live = live
        self.given = bool(lines)
        self._lines = lines if lines else (self._line_of_every_part(),)
        self._on: dict[str | None, tuple[int, ...]] = {None: tuple(range(len(self._lines)))}
        self._found: list[tuple[DecidingRule, tuple[int, ...]]] = []
        """The rules with a finding, by id, and where it falls."""
        self._places: dict[str, Rank] = {}
        """The rank of each finding among those that may lead."""
        self._denied: set[int] = set()
        self._pending: set[int] = set()
        self._recommended: set[int] = set()
        """The lines that are denied once a clinician confirms it."""
        self._certifying: list[tuple[DecidingRule, bool]] = []
        """The rules that certify, and whether each is known to apply."""
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
            if kind == "certify":
                if self._needed:
                    self._certifying.append((rule, holds))
            elif covered is True and rule.silenced:
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
                    self._deny(rule, on)
                elif kind == "pend":
                    self._pending.update(on)
        if self._certifying and self._about.kind == PREAUTHORIZATION:
            self._certify()

    def _deny(self, rule: DecidingRule, on: Sequence[int]) -> None:
        """Deny lines, or recommend it until a clinician confirms it."""
        if rule.review and rule.rule not in self._confirmed:
            self._recommended.update(on)
            self._pending.update(on)
        else:
            self._denied.update(on)

    def _certify(self) -> None:
        """What is certified, by the one rule that says so, limits what is asked."""
        on, rules = self._on[None], self._certifying
        effects = [
            (rule.rule, effect, holds)
            for rule, holds in rules
            if isinstance(effect := self._ruleset.rules[rule.index].effect, FindingEffect)
        ]
        made = settled(effects, self._known(), self._about.service_date)
        for rule, holds in rules:
            if holds:
                self._found.append((rule, on))
            if made.terms.get(rule.rule) is None:
                self._wait(rule, "amount" if holds else "condition", on)
            elif rule.rule == made.rule:
                terms = made.terms[rule.rule]
                assert terms is not None
                self._certified = rule, terms
                self._limit(rule, terms, on)
        self._found.sort(key=lambda one: one[0].rule)
        if made.contradict:
            named = tuple([id_ for id_, terms in made.terms.items() if terms is not None])
            self.certified_twice = (Conflict(CERTIFIED, CERTIFIED_LABEL, named),)
            self._pending.update(on)

    def _limit(self, rule: DecidingRule, terms: Terms, on: tuple[int, ...]) -> None:
        """Limit what is asked to what is certified; where that is not known, nothing is to be limited."""
        quantity = terms.quantity
        if quantity is None:
            return
        if quantity <= 0:
            self._deny(rule, on)
        elif all(line.units is not None for line in self._lines):
            self._limits.append((rule, Limit(on, quantity)))

    def wait_for_need(self) -> None:
        """Whether preauthorization is needed is open: all lines wait for that, denied ones too.

        Were it not, nothing would be decided, so nothing is settled before.
        """
        self._waits_for_need, self._denied_then = True, False
        self.information_request = self._ruleset.information_request
        self.allotted = [Allotted("pend", 0, line.most) for line in self.allotted]

    def as_advice(self) -> tuple[Finding, ...]:
        """What is found where nothing is to be decided: advice on what a claim would meet."""
        self._needed = False
        self.find()
        self.allocate()
        found = self.found()
        self._places = {id_: (ADVICE, *place[1:]) for id_, place in self._places.items()}
        self.allotted = [Allotted("not_required", line.units, line.units) for line in self._lines]
        return tuple(
            one
            if one.kind == "advise"
            else replace(one, kind="advise", would=one.kind, disposition=None)
            for one in found
        )

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
        if not self.given:
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
        self._if_confirmed(limits)
        made = allocate(self._lines, self._denied, self._pending, limits, self._ruleset.follows)
        self.allotted = lines = made.lines
        self._denied_with, self._pended_with = made.denied_with, made.pended_with
        waiting: list[tuple[DecidingRule, Unknown, Sequence[int]]] = []
        for rule, unknown, on in self._waiting:
            if open_ := self._open(on):
                waiting.append((rule, unknown, open_))
        for rule, limit in self._limits:
            if limit.unknown:
                if open_ := [at for at in self._open(limit.on) if lines[at].outcome == "pend"]:
                    waiting.append((rule, "amount", open_))
                continue
            if open_ := self._open(limit.without_units):
                waiting.append((rule, "line units", open_))
            if open_ := self._open(limit.depends_on_earlier):
                waiting.append((rule, "earlier lines", open_))
        self._waiting = waiting
        if waiting:
            self.information_request = self._ruleset.information_request
        if self._assumed and (self._recommended or "deny" in [line.outcome for line in lines]):
            self._assumed = [(rule, on) for rule, on in self._assumed if self._open(on)]

    def _open(self, on: Iterable[int]) -> list[int]:
        """The lines among these for which it matters what is not known: neither denied nor
        recommended for it."""
        lines, recommended = self.allotted, self._recommended
        return [at for at in sorted(on) if lines[at].outcome != "deny" and at not in recommended]

    def _if_confirmed(self, limits: Sequence[Limit]) -> None:
        """Whether every line would be denied if a clinician confirmed what is recommended."""
        if self._recommended:
            denied, again = self._denied | self._recommended, [limit.again() for limit in limits]
            made = allocate(self._lines, denied, self._pending, again, self._ruleset.follows)
            self._denied_then = all(line.outcome == "deny" for line in made.lines)

    def recommended(self, decision: Decision) -> Literal["deny"] | None:
        """What the service becomes once a clinician confirms."""
        return "deny" if decision == "pend" and self._denied_then else None

    def certified(self, decision: Decision, lines: Sequence[LineOutcome]) -> Certified | None:
        """What is certified by a rule that says so."""
        if self._certified is None or decision not in ("approve", "partial"):
            return None
        rule, terms = self._certified
        return certified(rule.rule, terms, self._about.code, lines)

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
        asks = self._about.kind == PREAUTHORIZATION
        return Account(
            self._evaluation,
            self._facts,
            silence,
            self._lines if self.given else (),
            denied,
            self._waiting,
            self._assumed,
            self._pended_with,
            asks,
            self._needed if asks and self.given and not self._waits_for_need else None,
            self._waits_for_need,
        )

    def _numbers(self, on: Sequence[int]) -> tuple[int, ...]:
        if not self.given:
            return ()
        # A claim may give two lines one number.
        if len(on) == 1:
            return (self._lines[on[0]].number,)
        return tuple(dict.fromkeys([self._lines[at].number for at in on]))

    def line_outcomes(self, findings: Sequence[Finding]) -> tuple[LineOutcome, ...]:
        """The decision on each line, with the ids of its findings."""
        found: list[list[str]] = [[] for _ in self._lines]
        for rule, places in self._found:
            for at in places:
                found[at].append(rule.rule)
        for part, on in self._denied_with.items():
            for at in on:
                found[at] = sorted([*found[at], follower_rule(self._ruleset, part)[0]])
        by_rule = {one.rule: one for one in findings}
        return tuple(
            [
                LineOutcome(
                    number,
                    _names(parts),
                    outcome,
                    disposition(outcome, [by_rule[id_] for id_ in ids]),
                    units,
                    least,
                    most,
                    tuple(ids),
                )
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
            if found.kind in REFUSING and not set(numbers).isdisjoint(found.lines)
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
            because, labels[part], self._numbers(on), led.citations, None, led.disposition,
        )  # fmt: skip

    def _finding(self, rule: DecidingRule, on: tuple[int, ...]) -> Finding:
        silenced = rule.rule in self._silenced
        place = rule.rank
        self._places[rule.rule] = (ADVICE, *place[1:]) if silenced else place
        open_ = rule.review and not silenced and rule.rule not in self._confirmed
        if not self.given and rule.found is not None and not silenced and open_ == rule.review:
            return rule.found
        kind: FindingKind = "advise" if silenced else rule.kind
        reason, because = rule.reason, rule.constant
        if because is None:
            because = rule.because.filled(self._known())
        return Finding(
            rule.rule, rule.title, kind, silenced, reason.group, reason.carc, reason.rarcs,
            because, rule.on, self._numbers(on), rule.citations, "clinician" if open_ else None,
            None if silenced else rule.disposition, None, None if silenced else rule.follow_up,
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
            number,
            _names(parts),
            "pend",
            "pend",
            units,
            0,
            None if units is None else max(units, 0),
            (),
        )
        for number, units, parts in sorted(lines, key=itemgetter(0))
    ]
    return Determination(
        about.claim_id, about.kind, about.code, about.service_date, "pend", None, tuple(outcomes),
        (), NO_DETAILS, (), policy, about.reference_hash, about.engine, None, internal,
    )  # fmt: skip


_PLAINLY: Final[Mapping[LineDecision, Disposition]] = {
    "approve": "pay",
    "deny": "deny",
    "pend": "pend",
    "reduce": "reduce",
    "void": "void",
    "not_required": "not_required",
}


def disposition(outcome: LineDecision, findings: Sequence[Finding]) -> Disposition:
    """What becomes of a line: denied for good where one rule denies it so, then packaged, then returned.

    Args:
        outcome: The decision on the line.
        findings: What is found on it.
    """
    if outcome != "deny":
        return _PLAINLY[outcome]
    chosen = {one.disposition for one in findings if one.kind == "deny" and one.review is None}
    return (
        "deny" if None in chosen or not chosen else "packaged" if "packaged" in chosen else "return"
    )


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
