"""From what holds to what is decided: `Determiner(ruleset).determine(evaluation, facts, lines, …)`.

The one place that makes decisions, the same for every engine (DESIGN §3), in two parts: first what
the rules find, which depends on nothing but each rule and the billed lines; then how many units of
each line are allowed (`allocation`), which changes no finding. The headline is chosen last.

Runs on every claim, so whatever depends only on the ruleset is prepared once, and sentences are made
only where found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from functools import cached_property
from itertools import compress
from operator import attrgetter, itemgetter
from typing import Any, Final

from payer_policy.core.ruleset import Finding, Reason, Rule, Ruleset, Sentence
from payer_policy.core.semantics import Facts, total, value_of
from payer_policy.core.truth import HOLDS
from payer_policy.core.vocabulary.types import Value
from payer_policy.determination.allocation import (
    Allotted,
    Limit,
    ServiceLine,
    allocate,
    leaders_of,
)
from payer_policy.determination.assumed import FactsAssumed
from payer_policy.determination.conflicts import Reach
from payer_policy.determination.missing import MissingFacts, Need
from payer_policy.determination.model import (
    Assumption,
    Citation,
    Conflict,
    Decision,
    Determination,
    FindingKind,
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
from payer_policy.determination.words import capital, in_words, line_list
from payer_policy.engines.protocol import Evaluation
from payer_policy.request.silence import Silence

KEPT: Final = 10_000
"""So many different lists of assumptions are kept ready, at most."""
BUILT_IN: Final = "built-in:"
"""What stands before the id of a finding that no rule of a policy makes; no rule's id has a colon."""
KINDS: Final = ("deny", "pend", "reduce", "advise")
"""What findings do, in the order in which they lead."""
_ADVICE: Final = KINDS.index("advise")


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


Rank = tuple[int, int, str]


def rank(ruleset: Ruleset, rule: Rule) -> Rank:
    """Where the finding of a rule stands among those that may lead: by kind, section, then id."""
    effect = rule.effect
    assert isinstance(effect, Finding)
    order = ruleset.sections
    section = order.index(rule.section) if rule.section in order else len(order)
    return KINDS.index(effect.kind), section, rule.id


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
        "rank",
        "reason",
        "rule",
        "sentence",
        "silenced",
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
        self.rank = rank(ruleset, rule)
        self.silenced = rule.section in ruleset.silences
        """Whether the finding is advice where an authorization covers the service."""
        reason = finding.reason
        self.found = None
        """The finding where there are no lines, and the sentence says nothing of the facts."""
        if self.because is not None:
            self.found = Found(
                self.rule, self.title, self.kind, reason.group, reason.carc, reason.rarcs,
                self.because, self.on, (), self.citations, False,
            )  # fmt: skip


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
    def _reach(self) -> Reach:
        return Reach(self.ruleset)

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
        reference_hash: str | None = None,
        silence: Callable[[], Silence] | None = None,
    ) -> Determination:
        """The determination on one drug service.

        A rule is found on every line of its part when it is known to hold; a reduction only where
        the units billed there exceed its amount, which is the total over those lines.

        A line is denied where a denial is found on it, or a reduction leaves nothing of it; else it
        pends where a review is found on it
        or anything about a denying, pending or reducing rule on it is unknown (a rule with
        `assume_not_holding` aside, unless it reads a fact in conflict). `allocate` says how many
        units each line gets. The service pends while any of its lines does.

        Of a section that the policy silences, what is found is advice where an authorization covers
        the service; while nobody knows whether one does, a rule of it that holds pends.

        Without lines (what does the policy require?) the decision is that of one line on which
        all rules fall and whose units are not known.

        `silence` gives what nobody said of the facts, when the assumptions are read.
        """
        conflicts: tuple[Conflict, ...] = ()
        if evaluation.conflicts:
            conflicts = tuple([self._conflict(name, evaluation) for name in evaluation.conflicts])
            evaluation = self._reach.unsettled(evaluation)
        live = self._live(evaluation)
        if len(lines) > 1:
            lines = sorted(lines, key=itemgetter(0))
        internal = None
        if evaluation.disagreement is not None:
            internal = f"The engines do not agree: {evaluation.disagreement}"
        about = {
            "claim_id": claim_id,
            "kind": kind,
            "code": code,
            "service_date": service_date,
            "policy": self.policy,
            "reference_hash": reference_hash,
            "engine": engine,
            "internal": internal,
            "voids": None,
        }
        if not live and internal is None:
            # The common case: every rule that finds something is known not to hold.
            return self._approved(about, evaluation, facts, lines, silence, conflicts)
        if evaluation.disagreement is not None:
            # Neither account is believed, so nothing of it is repeated as found.
            live, conflicts = [], ()
        case = _Case(self, evaluation, facts, lines, live, silence)
        if internal is None:
            case.find()
            case.allocate()
        else:
            case.pend_all()
        findings = case.found()
        return object.__new__(Determination).defer(
            about
            | {
                "decision": decision_of([line.outcome for line in case.allotted]),
                "lines": case.line_outcomes() if lines else (),
                "findings": findings,
                "information_request": case.information_request,
                "headline": case.headline(findings),
                "conflicts": conflicts,
            },
            case.settle,
        )

    def _live(self, evaluation: Evaluation) -> list[_Entry]:
        """The rules that find something or of which something is not known."""
        if evaluation.live is None:
            return list(compress(self._entries, self._truths(evaluation.truths)))
        entry_of = self._entry_of
        return [entry_of(index) for index in evaluation.live]

    def _approved(
        self,
        about: Mapping[str, Any],
        evaluation: Evaluation,
        facts: Facts,
        lines: Sequence[ServiceLine],
        silence: Callable[[], Silence] | None,
        conflicts: tuple[Conflict, ...],
    ) -> Determination:
        """The determination where nothing is found and nothing is unknown."""
        outcomes = tuple(
            [
                LineOutcome(number, _names(parts), "approve", units, units, units, ())
                for number, units, parts in lines
            ]
        )
        return object.__new__(Determination).defer(
            {
                **about,
                "decision": "approve",
                "lines": outcomes,
                "findings": (),
                "unsettled": (),
                "missing": (),
                "information_request": None,
                "headline": None,
                "conflicts": conflicts,
            },
            lambda: {
                "assumptions": self.facts_assumed(
                    evaluation, facts, silence, _parts_of(lines), False
                ),
                "derived": self.derived(evaluation),
            },
        )

    @cached_property
    def _facts_assumed(self) -> FactsAssumed:
        return FactsAssumed(self.ruleset)

    def facts_assumed(
        self,
        evaluation: Evaluation,
        facts: Facts,
        silence: Callable[[], Silence] | None,
        parts: frozenset[str] | None,
        denied: bool,
    ) -> tuple[Assumption, ...]:
        """The facts of which nobody said anything, on which a decision rests (`FactsAssumed.of`)."""
        known = None if silence is None else silence()
        names = self._facts_assumed.of(evaluation, facts, known, parts, denied)
        labels = self.ruleset.facts
        return tuple([Assumption(None, name, labels[name].label, (), (name,)) for name in names])

    def derived(self, evaluation: Evaluation) -> tuple[tuple[str, Value], ...]:
        """The derived facts that are known, by name."""
        values = self._values(evaluation.derived)
        return tuple(
            [pair for pair in zip(self._derived, values, strict=True) if pair[1] is not None]
        )

    def _conflict(self, name: str, evaluation: Evaluation) -> Conflict:
        ruleset = self.ruleset
        holding = [
            ruleset.rules[index].id
            for index, _ in ruleset.derived[name].concluded_by
            if evaluation.truths[index] == HOLDS
        ]
        return Conflict(name, ruleset.facts[name].label, tuple(sorted(holding)))

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
        reference_hash: str | None = None,
    ) -> Determination:
        """The determination when an engine failed: every line pends.

        Only the class of the error is told, in words; its message may hold what the claim says.
        """
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", type(error).__name__).lower()
        outcomes = tuple(
            LineOutcome(number, _names(parts), "pend", units, *_pended(units)[1:], ())
            for number, units, parts in sorted(lines, key=itemgetter(0))
        )
        internal = f"The engine `{engine}` failed on this request ({words}). Nothing was decided."
        return Determination(
            claim_id, kind, code, service_date, "pend", outcomes,
            (), (), (), (), (), self.policy, reference_hash, engine, None, internal, None, (),
        )  # fmt: skip


def _parts_of(lines: Sequence[ServiceLine]) -> frozenset[str] | None:
    """The parts of which there are lines; None without lines: every rule falls on such a service."""
    return frozenset().union(*[line.parts for line in lines]) if lines else None


class _Case:
    """One service being decided, where something holds or is unknown. Lines go by position."""

    def __init__(
        self,
        determiner: Determiner,
        evaluation: Evaluation,
        facts: Facts,
        lines: Sequence[ServiceLine],
        live: Sequence[_Entry],
        silence: Callable[[], Silence] | None,
    ) -> None:
        self._determiner = determiner
        self._silence = silence
        self._ruleset = determiner.ruleset
        self._evaluation = evaluation
        self._facts = facts
        self._all_known: Facts | None = None
        self._live = live
        self._given = bool(lines)
        self._lines = lines if lines else (self._line_of_every_part(),)
        count = len(self._lines)
        self._on: dict[str | None, tuple[int, ...]] = {None: tuple(range(count))}
        self._found_on: dict[str, tuple[int, ...]] = {}
        self._silenced: set[str] = set()
        self._places: dict[str, Rank] = {}
        """Where each finding stands among those that may lead."""
        self._denied: set[int] = set()
        self._pending: set[int] = set()
        self._limits: list[tuple[_Entry, Limit]] = []
        self._denied_with: Mapping[str, Sequence[int]] = {}
        self._pended_with: Mapping[str, Sequence[int]] = {}
        self._assumed: Sequence[tuple[_Entry, tuple[int, ...]]] = ()
        self._waiting: list[tuple[_Entry, Unknown, Sequence[int]]] = []
        self.allotted: Sequence[Allotted] = ()
        self.information_request: Reason | None = None

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
        assumed: list[tuple[_Entry, tuple[int, ...]]] = []
        for entry in self._live:
            on = places[entry.part] if entry.part in places else self._falls_on(entry.part)
            if not on:
                continue
            kind, holds = entry.kind, truths[entry.index] == HOLDS
            if entry.silenced and covered is True:
                if holds and (kind != "reduce" or self._exceeded(entry, on)):
                    self._found_on[entry.rule] = on
                    self._silenced.add(entry.rule)
            elif not holds:
                if kind == "advise":
                    continue
                if entry.assumed and entry.index not in reading:
                    assumed.append((entry, on))
                else:
                    self._wait(entry, "condition", on)
            elif entry.silenced and covered is None and kind != "advise":
                self._wait(entry, "authorization", on)
            elif kind == "reduce":
                self._limits.append((entry, Limit(on, self._amount(entry))))
                if self._exceeded(entry, on):
                    self._found_on[entry.rule] = on
            else:
                self._found_on[entry.rule] = on
                if kind == "deny":
                    self._denied.update(on)
                elif kind == "pend":
                    self._pending.update(on)
        self._assumed = assumed

    def _wait(self, entry: _Entry, unknown: Unknown, on: Sequence[int]) -> None:
        self._waiting.append((entry, unknown, on))
        self._pending.update(on)

    def _amount(self, entry: _Entry) -> Units | None:
        return None if entry.to is None else value_of(entry.to, self._known())

    def _exceeded(self, entry: _Entry, on: Sequence[int]) -> bool:
        """Whether more units are known to be billed than a reduction leaves.

        Without lines nobody has billed anything yet, and what it would leave is told.
        """
        amount = self._amount(entry)
        if amount is None:
            return False
        if not self._given:
            return True
        billed = total(*[units for at in on if (units := self._lines[at].units) is not None])
        return billed > max(amount, 0)

    # --- what each line gets -----------------------------------------------------------------------

    def pend_all(self) -> None:
        """Nothing is known to be so: every line pends, and nothing is said of it."""
        self.allotted = [_pended(line.units) for line in self._lines]

    def allocate(self) -> None:
        """Give out the units; what is not known is kept where it matters for a line."""
        if not (self._limits or self._denied or self._pending):
            self.allotted = [Allotted("approve", line.units, line.units) for line in self._lines]
            return
        limits = [limit for _, limit in self._limits]
        made = allocate(self._lines, self._denied, self._pending, limits, self._ruleset.follows)
        self.allotted = lines = made.lines
        self._denied_with, self._pended_with = made.denied_with, made.pended_with
        waiting: list[tuple[_Entry, Unknown, Sequence[int]]] = []
        for entry, unknown, on in self._waiting:
            if open_ := [at for at in on if lines[at].outcome != "deny"]:
                waiting.append((entry, unknown, open_))
        for entry, limit in self._limits:
            if limit.unknown:
                if open_ := [at for at in sorted(limit.on) if lines[at].outcome == "pend"]:
                    waiting.append((entry, "amount", open_))
                continue
            if limit.without_units:
                waiting.append((entry, "line units", sorted(limit.without_units)))
            if limit.depends_on_earlier:
                waiting.append((entry, "earlier lines", sorted(limit.depends_on_earlier)))
        self._waiting = waiting
        if waiting:
            self.information_request = self._ruleset.information_request
        if self._assumed and "deny" in [line.outcome for line in lines]:
            self._assumed = [
                (entry, on)
                for entry, on in self._assumed
                if any(lines[at].outcome != "deny" for at in on)
            ]

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

    def settle(self) -> dict[str, Any]:
        """What is told of the rules that are not known, which few callers read."""
        unsettled, missing = self._ask() if self._waiting or self._pended_with else ((), ())
        believed = self._evaluation.disagreement is None
        return {
            "unsettled": unsettled,
            "missing": missing,
            "assumptions": self._assumptions() if believed else (),
            "derived": self._determiner.derived(self._evaluation) if believed else (),
        }

    def _assumptions(self) -> tuple[Assumption, ...]:
        denied = decision_of([line.outcome for line in self.allotted]) == "deny"
        parts = _parts_of(self._lines) if self._given else None
        facts = self._determiner.facts_assumed(
            self._evaluation, self._facts, self._silence, parts, denied
        )
        return self._rules_assumed() + facts if self._assumed else facts

    def _rules_assumed(self) -> tuple[Assumption, ...]:
        assumed = self._assumed
        missing = self._determiner._missing
        waits = missing.waits(self._evaluation.truths, self._known())
        kept = self._determiner._assumptions
        key = tuple([(entry.index, waits(entry.index)) for entry, _ in assumed])
        assumptions = kept.get(key)
        if assumptions is None:
            assumptions = tuple(
                [
                    Assumption(entry.rule, None, entry.title, entry.citations, missing.names(facts))
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
        covered_by = self._ruleset.covered_by
        state = missing.start(self._evaluation, self._known(), rules, covered_by)
        denying: list[tuple[str, Need]] = []
        others: list[tuple[str, Need]] = []
        later: dict[str, int] = {}
        unsettled = [
            Unsettled(self._built_in(part), self._title(part), "deny", "lines followed",
                      self._numbers(on), ())
            for part, on in self._pended_with.items()
        ]  # fmt: skip
        if not waiting:
            return tuple(unsettled), ()
        for entry, unknown, on in waiting:
            waits_for: tuple[str, ...] = ()
            if unknown in ("condition", "authorization"):
                need = missing.need_of_rule(state, entry.index)
                if entry.silenced and covered_by is not None:
                    need = missing.unless(need, covered_by, state)
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
        asked = missing.questions(denying, others, later)
        return tuple(sorted(unsettled, key=attrgetter("rule"))), asked

    def _numbers(self, on: Sequence[int]) -> tuple[int, ...]:
        if not self._given:
            return ()
        # A claim may give two lines one number.
        return tuple(dict.fromkeys([self._lines[at].number for at in on]))

    def line_outcomes(self) -> tuple[LineOutcome, ...]:
        """What becomes of each line, with the ids of what was found on it."""
        found: list[list[str]] = [[] for _ in self._lines]
        for rule, places in self._found_on.items():  # by rule id, as they were found
            for at in places:
                found[at].append(rule)
        for part, on in self._denied_with.items():
            for at in on:
                found[at] = sorted([*found[at], self._built_in(part)])
        return tuple(
            [
                LineOutcome(number, _names(parts), outcome, units, least, most, tuple(rules))
                for (number, units, parts), (outcome, least, most), rules in zip(
                    self._lines, self.allotted, found, strict=True
                )
            ]
        )

    def found(self) -> tuple[Found, ...]:
        """All findings, by rule id."""
        findings = [
            self._finding(entry, on)
            for entry in self._live
            if (on := self._found_on.get(entry.rule)) is not None
        ]
        if self._denied_with:
            findings += [self._denied_with_others(part, findings) for part in self._denied_with]
            findings.sort(key=attrgetter("rule"))
        return tuple(findings)

    def headline(self, findings: Sequence[Found]) -> str | None:
        """The id of the finding that leads; an input of nothing."""
        if len(findings) < 2:
            return findings[0].rule if findings else None
        return self._leading(findings).rule

    def _leading(self, findings: Sequence[Found]) -> Found:
        places = self._places
        return min(findings, key=lambda found: places[found.rule])

    # --- lines that follow others --------------------------------------------------------------------

    def _built_in(self, part: str) -> str:
        return f"{BUILT_IN}{part}-follows-{self._ruleset.follows[part]}"

    def _title(self, part: str) -> str:
        labels = self._ruleset.line_parts
        return f"{capital(labels[part])} billed, and none of {labels[self._ruleset.follows[part]]} paid"

    def _denied_with_others(self, part: str, findings: Sequence[Found]) -> Found:
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
        # It stands after what denies the lines that it follows.
        self._places[self._built_in(part)] = (0, len(ruleset.sections) + 1, self._built_in(part))
        labels = ruleset.line_parts
        because = (
            f"None of {labels[ruleset.follows[part]]} is paid ({line_list(numbers)}: {led.title}), "
            f"so {labels[part]} are not paid."
        )
        return Found(
            self._built_in(part), self._title(part), "deny", led.group, led.carc, led.rarcs,
            because, labels[part], self._numbers(on), led.citations, False,
        )  # fmt: skip

    def _finding(self, entry: _Entry, on: tuple[int, ...]) -> Found:
        silenced = entry.rule in self._silenced
        place = entry.rank
        self._places[entry.rule] = (_ADVICE, *place[1:]) if silenced else place
        if not self._given and entry.found is not None and not silenced:
            return entry.found
        kind: FindingKind = "advise" if silenced else entry.kind
        reason, lines = entry.reason, self._numbers(on)
        if entry.because is not None:
            return Found(
                entry.rule, entry.title, kind, reason.group, reason.carc, reason.rarcs,
                entry.because, entry.on, lines, entry.citations, silenced,
            )  # fmt: skip
        return object.__new__(Found).defer(
            {
                "rule": entry.rule,
                "title": entry.title,
                "kind": kind,
                "group": reason.group,
                "carc": reason.carc,
                "rarcs": reason.rarcs,
                "on": entry.on,
                "lines": lines,
                "citations": entry.citations,
                "silenced": silenced,
            },
            lambda: {"because": fill(self._ruleset, entry.sentence, self._known())},
        )


def _pended(units: Units | None) -> Allotted:
    """A line of which nothing is known but what is billed."""
    return Allotted("pend", 0, None if units is None else max(units, 0))


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
