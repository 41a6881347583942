"""From what holds to what is decided: `Determiner(ruleset).determine(evaluation, facts, lines, …)`.

The one place that makes decisions, the same for every engine (DESIGN §3). Runs on every claim, so
whatever depends only on the ruleset is prepared once, and sentences are made only where found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from itertools import compress
from operator import attrgetter, itemgetter
from typing import Any, Final, NamedTuple

from payer_policy.determination.missing import MissingFacts, Need
from payer_policy.determination.model import (
    Assumption,
    Citation,
    Decision,
    Determination,
    Found,
    LineDecision,
    LineOutcome,
    PolicyIdentity,
    Question,
    Units,
    Unknown,
    Unsettled,
)
from payer_policy.determination.waits import FactSet
from payer_policy.determination.words import in_words, label_of, listed
from payer_policy.engines.protocol import Evaluation
from payer_policy.ruleset import Finding, Reason, Rule, Ruleset, Sentence
from payer_policy.semantics import Facts, difference, value_of
from payer_policy.truth import HOLDS
from payer_policy.vocabulary.types import Value

KEPT: Final = 10_000
"""So many different lists of assumptions are kept ready, at most."""
_BOUNDLESS: Final = 10**18
"""More units than any claim can have."""


class ServiceLine(NamedTuple):
    """One line of the service: its billed units, and the parts of the service it belongs to."""

    number: int
    units: int | Decimal | None
    parts: frozenset[str] = frozenset()


def policy_identity(ruleset: Ruleset) -> PolicyIdentity:
    """Which policy a ruleset is."""
    return PolicyIdentity(
        ruleset.policy,
        ruleset.version,
        ruleset.title,
        ruleset.hash,
        ruleset.first_day,
        ruleset.last_day,
    )


def citations_of(ruleset: Ruleset, rule: Rule) -> tuple[Citation, ...]:
    """What a rule cites, in the order in which it does."""
    return tuple(
        Citation(id_, reference.title, reference.href)
        if (reference := ruleset.references.get(id_)) is not None
        else Citation(id_, id_)
        for id_ in rule.cites
    )


def fill(ruleset: Ruleset, sentence: Sentence, known: Facts) -> str:
    """A sentence with its slots filled: values with their unit, or that they are not known."""
    parts = [sentence.pieces[0]]
    for name, piece in zip(sentence.facts, sentence.pieces[1:], strict=True):
        parts.append(_slot(ruleset, name, known))
        parts.append(piece)
    return "".join(parts)


def _slot(ruleset: Ruleset, name: str, known: Facts) -> str:
    prefix, _, parameter_name = name.partition(":")
    if prefix == "parameter" and (parameter := ruleset.parameters.get(parameter_name)) is not None:
        text = in_words(parameter.value)
        if parameter.unit is None:
            return text
        return f"{text} {parameter.unit}"
    fact, value = ruleset.facts.get(name), known.get(name)
    if value is None and fact is not None and fact.type.kind == "date":
        return "an unknown date"
    return in_words(value, None if fact is None else fact.type)


class _Entry:
    """What is prepared of one rule that finds something."""

    __slots__ = (
        "assumed",
        "because",
        "citations",
        "found",
        "index",
        "kind",
        "on",
        "part",
        "reason",
        "rule",
        "sentence",
        "title",
        "to",
    )

    def __init__(self, ruleset: Ruleset, index: int, rule: Rule, finding: Finding) -> None:
        self.index = index
        self.rule = rule.id
        self.title = rule.title
        self.kind = finding.kind
        self.part = finding.part
        self.on = (
            None if finding.part is None else ruleset.line_parts.get(finding.part, finding.part)
        )
        self.reason = finding.reason
        self.sentence = finding.because
        self.because = None if finding.because.facts else finding.because.pieces[0]
        self.citations = citations_of(ruleset, rule)
        self.assumed = rule.assume_not_holding
        self.to = finding.to
        reason = finding.reason
        self.found = None
        """The finding where there are no lines, and the sentence says nothing of the facts."""
        if self.because is not None:
            self.found = Found(
                self.rule, self.title, self.kind, reason.group, reason.carc, reason.rarcs,
                self.because, self.on, (), self.citations,
            )  # fmt: skip


class _Limit:
    """A reduction while its units are given out: what is certainly left, and what may be."""

    __slots__ = ("earlier", "entry", "least", "most", "on", "reduced", "unknown", "without_units")

    def __init__(self, entry: _Entry, on: Sequence[int], to: Units | None) -> None:
        self.entry = entry
        self.on = frozenset(on)
        self.unknown = to is None
        amount = _BOUNDLESS if to is None else max(to, 0)
        self.most: Units = amount
        self.least: Units = 0 if to is None else amount
        self.reduced: list[int] = []
        self.without_units: list[int] = []
        self.earlier: list[int] = []


class Determiner:
    """Decides for one ruleset. Make it once and keep it; any number of threads may share it."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.ruleset = ruleset
        self.policy = policy_identity(ruleset)
        self._made: dict[int, _Entry] = {}
        # Claims assume the same few things again and again; what is kept says nothing of a member.
        self._assumptions: dict[tuple[tuple[int, FactSet], ...], tuple[Assumption, ...]] = {}

    # Each of these is made when it is first needed: of a large ruleset most rules never are.

    def _entry_of(self, index: int) -> _Entry:
        entry = self._made.get(index)
        if entry is None:
            rule = self.ruleset.rules[index]
            assert isinstance(rule.effect, Finding)
            entry = self._made.setdefault(index, _Entry(self.ruleset, index, rule, rule.effect))
        return entry

    @cached_property
    def _entries(self) -> tuple[_Entry, ...]:
        found = (
            self._entry_of(index)
            for index, rule in enumerate(self.ruleset.rules)
            if isinstance(rule.effect, Finding)
        )
        return tuple(sorted(found, key=attrgetter("rule")))

    @cached_property
    def _truths(self) -> Callable[[Any], Sequence[Any]]:
        return _getter([entry.index for entry in self._entries])

    @cached_property
    def _derived(self) -> tuple[str, ...]:
        return tuple(sorted(self.ruleset.derived))

    @cached_property
    def _values(self) -> Callable[[Any], Sequence[Any]]:
        return _getter(self._derived)

    @cached_property
    def _missing(self) -> MissingFacts:
        return MissingFacts(self.ruleset)

    def determine(
        self,
        evaluation: Evaluation,
        facts: Facts,
        lines: Sequence[ServiceLine],
        *,
        claim_id: str | None,
        kind: str,
        code: str | None,
        service_date: date | None,
        engine: str,
    ) -> Determination:
        """The determination on one drug service.

        A line is denied where a denying rule on it holds; else it pends where a pending rule on it
        holds or anything about a denying, pending or reducing rule on it is unknown (a rule with
        `assume_not_holding` aside); else it is reduced where a holding reduction leaves it fewer
        units than billed, and denied where it leaves none; else it is approved.

        The amount of a reduction is the total over the lines it falls on. Lines are filled in
        order of their number: each is allowed what every reduction on it has left, at most what is
        billed, and takes that from each of them. A denied line takes nothing. A line that pends
        may come to take anything from nothing to all it could: where that makes a difference for
        a later line, the later line pends too. Every reduction that leaves a line fewer units than
        billed is a finding on it; one that leaves enough is none.

        Without lines (what does the policy require?) the decision is that of one line on which
        all rules fall and whose units are not known.
        """
        truths = evaluation.truths
        if evaluation.live is None:
            live = list(compress(self._entries, self._truths(truths)))
        else:
            entry_of = self._entry_of
            live = [entry_of(index) for index in evaluation.live]
        if len(lines) > 1:
            lines = sorted(lines, key=itemgetter(0))
        internal = None
        if evaluation.conflicts or evaluation.disagreement is not None:
            internal = _internal(self.ruleset, evaluation)
        if not live and internal is None:
            # The common case: every rule that finds something is known not to hold.
            outcomes = tuple(
                [
                    LineOutcome(number, _names(parts), "approve", units, units, ())
                    for number, units, parts in lines
                ]
            )
            return Determination(
                claim_id, kind, code, service_date, "approve", outcomes,
                (), (), (), (), self.derived(evaluation), self.policy, engine, None, None,
            )  # fmt: skip
        if evaluation.disagreement is not None:
            # Neither account is believed, so nothing of it is repeated as found.
            live = []
        case = _Case(self, evaluation, facts, lines, live)
        case.decide(internal is not None)
        return object.__new__(Determination).defer(
            {
                "claim_id": claim_id,
                "kind": kind,
                "code": code,
                "service_date": service_date,
                "decision": _decision(case.outcomes),
                "lines": case.line_outcomes() if lines else (),
                "findings": case.found(),
                "policy": self.policy,
                "engine": engine,
                "information_request": case.information_request,
                "internal": internal,
            },
            case.settle,
        )

    def derived(self, evaluation: Evaluation) -> tuple[tuple[str, Value], ...]:
        """The derived facts that are known, by name."""
        values = self._values(evaluation.derived)
        return tuple(
            [pair for pair in zip(self._derived, values, strict=True) if pair[1] is not None]
        )

    def pend_for_internal_error(
        self,
        error: BaseException,
        lines: Sequence[ServiceLine],
        *,
        claim_id: str | None,
        kind: str,
        code: str | None,
        service_date: date | None,
        engine: str,
    ) -> Determination:
        """The determination when an engine failed: every line pends.

        Only the class of the error is told, in words; its message may hold what the claim says.
        """
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(error).__name__).lower()
        outcomes = tuple(
            LineOutcome(number, _names(parts), "pend", units, None, ())
            for number, units, parts in sorted(lines, key=itemgetter(0))
        )
        internal = f"The engine `{engine}` failed on this request ({words}). Nothing was decided."
        return Determination(
            claim_id, kind, code, service_date, "pend", outcomes,
            (), (), (), (), (), self.policy, engine, None, internal,
        )  # fmt: skip


class _Case:
    """One service being decided, where something holds or is unknown. Lines go by position."""

    def __init__(
        self,
        determiner: Determiner,
        evaluation: Evaluation,
        facts: Facts,
        lines: Sequence[ServiceLine],
        live: Sequence[_Entry],
    ) -> None:
        self._determiner = determiner
        self._ruleset = determiner.ruleset
        self._evaluation = evaluation
        self._facts = facts
        self._all_known: Facts | None = None
        self._live = live
        self._given = bool(lines)
        self._lines = lines if lines else (self._line_of_every_part(),)
        count = len(self._lines)
        self._on: dict[str | None, tuple[int, ...]] = {None: tuple(range(count))}
        self.outcomes: list[LineDecision] = ["approve"] * count
        self._allowed: list[Units | None] = [line.units for line in self._lines]
        self._found_on: dict[str, tuple[int, ...]] = {}
        self._assumed: Sequence[tuple[_Entry, tuple[int, ...]]] = ()
        self._waiting: list[tuple[_Entry, Unknown, list[int]]] = []
        self._internal = False
        self.information_request: Reason | None = None

    def decide(self, internal: bool) -> None:
        outcomes = self.outcomes
        unknown: list[tuple[_Entry, tuple[int, ...]]] = []
        assumed: list[tuple[_Entry, tuple[int, ...]]] = []
        reducing: list[tuple[_Entry, tuple[int, ...]]] = []
        truths = self._evaluation.truths
        places = self._on
        for entry in self._live:
            on = places[entry.part] if entry.part in places else self._falls_on(entry.part)
            if not on:
                continue
            if truths[entry.index] == HOLDS:
                if entry.kind == "reduce":
                    reducing.append((entry, on))
                    continue
                self._found_on[entry.rule] = on
                if entry.kind == "deny":
                    for at in on:
                        outcomes[at] = "deny"
                elif entry.kind == "pend":
                    for at in on:
                        if outcomes[at] != "deny":
                            outcomes[at] = "pend"
            elif entry.kind != "advise":
                (assumed if entry.assumed else unknown).append((entry, on))
        waiting: list[tuple[_Entry, Unknown, list[int]]] = []
        for entry, on in unknown:
            undecided = [at for at in on if outcomes[at] != "deny"]
            if undecided:
                waiting.append((entry, "condition", undecided))
        if internal:
            outcomes[:] = ["pend"] * len(outcomes)
        for _, _, undecided in waiting:
            for at in undecided:
                outcomes[at] = "pend"
        if reducing:
            waiting += self._reduce(reducing)
        if assumed and not internal:
            if "deny" in outcomes:
                assumed = [(e, on) for e, on in assumed if any(outcomes[at] != "deny" for at in on)]
            self._assumed = assumed
        self._internal = internal
        self._waiting = waiting
        if waiting and not internal:
            self.information_request = self._ruleset.information_request
        for at, outcome in enumerate(outcomes):
            if outcome == "pend":
                self._allowed[at] = None
            elif outcome == "deny":
                self._allowed[at] = 0

    def _line_of_every_part(self) -> ServiceLine:
        parts = {entry.part for entry in self._live if entry.part is not None}
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

    def _reduce(
        self, reducing: Sequence[tuple[_Entry, tuple[int, ...]]]
    ) -> list[tuple[_Entry, Unknown, list[int]]]:
        known = self._known()
        limits = [
            _Limit(entry, on, None if entry.to is None else value_of(entry.to, known))
            for entry, on in reducing
        ]
        outcomes = self.outcomes
        for limit in limits:
            if limit.unknown:
                for at in limit.on:
                    if outcomes[at] != "deny":
                        outcomes[at] = "pend"
        for at, line in enumerate(self._lines):
            here = [limit for limit in limits if at in limit.on]
            if outcomes[at] == "deny" or not here:
                continue
            most: Units = min(limit.most for limit in here)
            least: Units = min(limit.least for limit in here)
            units = line.units
            if units is None:
                outcomes[at] = "pend"
                for limit in here:
                    if not limit.unknown:
                        limit.without_units.append(at)
            else:
                for limit in here:
                    if limit.most < units:
                        limit.reduced.append(at)
                    if limit.least < min(units, limit.most) and not limit.unknown:
                        limit.earlier.append(at)
                most, least = min(units, most), min(units, least)
                if outcomes[at] == "approve":
                    if least != most:
                        outcomes[at] = "pend"
                    elif most < units:
                        outcomes[at] = "deny" if most <= 0 else "reduce"
                        self._allowed[at] = most
            if outcomes[at] == "pend":
                # It may come to take anything from nothing to `most`.
                for limit in here:
                    limit.least = max(difference(limit.least, max(most, 0)), 0)
            elif most > 0:
                for limit in here:
                    limit.least = difference(limit.least, most)
                    limit.most = difference(limit.most, most)
        waiting: list[tuple[_Entry, Unknown, list[int]]] = []
        for limit in limits:
            pending = [at for at in sorted(limit.on) if outcomes[at] == "pend"]
            if limit.unknown:
                if pending:
                    waiting.append((limit.entry, "amount", pending))
                continue
            reduced = limit.reduced if self._given else pending
            if reduced:
                self._found_on[limit.entry.rule] = tuple(reduced)
            earlier = [at for at in limit.earlier if outcomes[at] == "pend"]
            if limit.without_units:
                waiting.append((limit.entry, "line units", limit.without_units))
            if earlier:
                waiting.append((limit.entry, "earlier lines", earlier))
        return waiting

    def settle(self) -> dict[str, Any]:
        """What is told of the rules that are not known, which few callers read."""
        unsettled, missing = self._ask() if self._waiting else ((), ())
        believed = self._evaluation.disagreement is None
        return {
            "unsettled": unsettled,
            "missing": missing,
            "assumptions": self._assumptions() if self._assumed else (),
            "derived": self._determiner.derived(self._evaluation) if believed else (),
        }

    def _assumptions(self) -> tuple[Assumption, ...]:
        assumed = self._assumed
        missing = self._determiner._missing
        waits = missing.waits(self._evaluation.truths, self._known())
        kept = self._determiner._assumptions
        key = tuple([(entry.index, waits(entry.index)) for entry, _ in assumed])
        assumptions = kept.get(key)
        if assumptions is None:
            assumptions = tuple(
                [
                    Assumption(entry.rule, entry.title, entry.citations, missing.names(facts))
                    for (entry, _), (_, facts) in zip(assumed, key, strict=True)
                ]
            )
            if len(kept) < KEPT:
                kept[key] = assumptions
        return assumptions

    def _ask(self) -> tuple[tuple[Unsettled, ...], tuple[Question, ...]]:
        waiting = self._waiting
        missing = self._determiner._missing
        rules = [entry.index for entry, _, _ in waiting]
        state = missing.start(self._evaluation, self._known(), rules)
        denying: list[tuple[str, Need]] = []
        others: list[tuple[str, Need]] = []
        later: dict[str, int] = {}
        unsettled = []
        for entry, unknown, on in waiting:
            waits_for: tuple[str, ...] = ()
            if unknown == "condition":
                need = missing.need_of_rule(state, entry.index)
                (denying if entry.kind == "deny" else others).append((entry.rule, need))
                waits_for = missing.names(need.facts)
                if entry.to is not None:
                    later[entry.rule] = missing.need_of_expression(state, entry.to).facts
            elif unknown == "amount" and entry.to is not None:
                need = missing.need_of_expression(state, entry.to)
                others.append((entry.rule, need))
                waits_for = missing.names(need.facts)
            unsettled.append(
                Unsettled(
                    entry.rule, entry.title, entry.kind, unknown, self._numbers(on), waits_for
                )
            )
        asked = () if self._internal else missing.questions(denying, others, later)
        return tuple(sorted(unsettled, key=attrgetter("rule"))), asked

    def _numbers(self, on: Sequence[int]) -> tuple[int, ...]:
        if not self._given:
            return ()
        # A claim may give two lines one number.
        return tuple(dict.fromkeys([self._lines[at].number for at in on]))

    def line_outcomes(self) -> tuple[LineOutcome, ...]:
        found: list[list[str]] = [[] for _ in self._lines]
        for entry in self._live:
            for at in self._found_on.get(entry.rule, ()):
                found[at].append(entry.rule)
        return tuple(
            [
                LineOutcome(number, _names(parts), outcome, units, allowed, tuple(rules))
                for (number, units, parts), outcome, allowed, rules in zip(
                    self._lines, self.outcomes, self._allowed, found, strict=True
                )
            ]
        )

    def found(self) -> tuple[Found, ...]:
        return tuple(
            [
                self._finding(entry, on)
                for entry in self._live
                if (on := self._found_on.get(entry.rule)) is not None
            ]
        )

    def _finding(self, entry: _Entry, on: tuple[int, ...]) -> Found:
        if not self._given and entry.found is not None:
            return entry.found
        reason, lines = entry.reason, self._numbers(on)
        if entry.because is not None:
            return Found(
                entry.rule, entry.title, entry.kind, reason.group, reason.carc, reason.rarcs,
                entry.because, entry.on, lines, entry.citations,
            )  # fmt: skip
        return object.__new__(Found).defer(
            {
                "rule": entry.rule,
                "title": entry.title,
                "kind": entry.kind,
                "group": reason.group,
                "carc": reason.carc,
                "rarcs": reason.rarcs,
                "on": entry.on,
                "lines": lines,
                "citations": entry.citations,
            },
            lambda: {"because": fill(self._ruleset, entry.sentence, self._known())},
        )


def _internal(ruleset: Ruleset, evaluation: Evaluation) -> str | None:
    if evaluation.disagreement is not None:
        return f"The engines do not agree: {evaluation.disagreement}"
    if evaluation.conflicts:
        labels = [label_of(name, ruleset.facts.get(name)) for name in evaluation.conflicts]
        return (
            f"Rules of the policy that hold together conclude different values of "
            f"{listed(labels)}. Which of them is right is for the policy's authors to settle."
        )
    return None


def _decision(outcomes: Sequence[LineDecision]) -> Decision:
    first = outcomes[0]
    if first == "reduce" or any(outcome != first for outcome in outcomes):
        return "partial"
    return first


def _names(parts: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(parts)) if len(parts) > 1 else tuple(parts)


def _getter(keys: Sequence[Any]) -> Callable[[Any], Sequence[Any]]:
    """What picks these items of a sequence, or of a mapping, in this order."""
    if len(keys) > 1:
        return itemgetter(*keys)
    return lambda items: [items[key] for key in keys]
