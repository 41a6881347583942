"""The record of a determination that others can check: facts, proof, determination and hash.

`Recorder` writes what an engine and the determiner said; `verify` checks it, and shares no code with
either. The same decision gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from payer_policy.core.ruleset import (
    All,
    AnyOf,
    AtLeast,
    Condition,
    Finding,
    Not,
    Rule,
    Ruleset,
    Test,
    facts_in_test,
    tests_in,
)
from payer_policy.core.sealed import sealed
from payer_policy.core.semantics import Facts, difference, truth_of, value_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import Value, to_json
from payer_policy.determination import Determination, LineOutcome, NoPolicy
from payer_policy.determination.conflicts import Reach
from payer_policy.engine import Candidate, Considered, Decided, Engine
from payer_policy.request.models import Request

RECORD_VERSION: Final = "payer-policy/record/2"

_WORDS: Final = {HOLDS: "holds", FAILS: "fails", UNKNOWN: "unknown"}
_DOES: Final = {"deny": "denies", "pend": "pends", "reduce": "reduces", "advise": "advises"}


def stated_facts(decided: Decided) -> Iterator[tuple[str, Value]]:
    """The known facts that a determination was made from, by name; what rules derive follows."""
    facts, known, derived = decided.facts, decided.ruleset.facts, decided.ruleset.derived
    for name in sorted(name for name in facts if name in known and name not in derived):
        if (value := facts[name]) is not None:
            yield name, value


def stated_silence(decided: Decided) -> dict[str, Any] | None:
    """What nobody said of the facts of a determination; None: nothing was evaluated on them."""
    if decided.silence is None or decided.evaluation is None or decided.days:
        return None
    rests, unsaid = decided.silence()
    return {
        "rests": sorted(rests),
        "unsaid": {name: sorted(behind) for name, behind in sorted(unsaid.items())},
    }


class Recorder:
    """Writes records."""

    def records(
        self,
        engine: Engine,
        request: Request,
        decided: Sequence[Decided],
        without_policy: Sequence[NoPolicy],
    ) -> Iterator[bytes]:
        """The records of one answer of `engine.decide_fully(request)`, one line each.

        Each names all answers of the request in the order of the lines, and shows of every policy
        of the payer for the code on that day whether it applies. So a record that is removed or
        moved leaves a gap, and "no policy found" can be checked.
        """
        services = {(one.code, one.day, one.lines): one for one in engine.considered(request)}
        answers = [
            *(_answer(one.determination, one.determination.policy.address) for one in decided),
            *(_answer(one, None) for one in without_policy),
        ]
        for one in decided:
            about = one.determination
            numbers = tuple([line.number for line in about.lines])
            service = services[about.code, about.service_date, numbers]
            yield self.record(one, _Context(answers, service))
        for none in without_policy:
            service = services[none.code, none.service_date, tuple(sorted(none.lines))]
            yield self.record_without_policy(none, _Context(answers, service))

    def record(self, decided: Decided, context: _Context | None = None) -> bytes:
        """One line of ASCII JSON, with its line end: everything behind one determination.

        The format is `payer-policy/record/2`. Members are in a fixed order; `sha256`, the last, is
        of the line as it is without that member. Numbers that are not whole are text. Without the
        context that `records` gives, nothing shows that the request had no other answer.

        Where several days were decided, `days` holds what is behind the answer as of each of them,
        and the determination follows from those; else there is no such member.
        """
        content = self._content(decided, _members(context, decided.ruleset.policy))
        if decided.days:
            content["days"] = [self._content(one) for one in decided.days]
        return sealed(content)

    def _content(self, decided: Decided, around: Mapping[str, Any] = {}) -> dict[str, Any]:
        ruleset, determination = decided.ruleset, decided.determination
        dated = determination.policy.version is not None
        lines = [
            {
                "number": line.number,
                "units": to_json(line.billed_units),
                "parts": list(line.parts),
            }
            for line in determination.lines
        ]
        proof = None
        evaluation = decided.evaluation
        if not decided.days and evaluation is not None and evaluation.disagreement is None:
            proof = _Proof(decided).to_json()
        return {
            "format": RECORD_VERSION,
            "request": determination.claim_id,
            **around,
            "policy": determination.policy.to_json(),
            # What pends for its date rests on no version of the policy.
            "meaning": dict(ruleset.parts.others) if dated else None,
            "facts": _facts(ruleset, stated_facts(decided)),
            "silence": stated_silence(decided),
            "lines": lines,
            "proof": proof,
            "determination": determination.to_json(),
        }

    def record_without_policy(self, service: NoPolicy, context: _Context | None = None) -> bytes:
        """One line, as `record`: that no policy was found for a service, and what was looked for."""
        return sealed(
            {
                "format": RECORD_VERSION,
                "request": service.claim_id,
                "payer": None if context is None else context.service.payer,
                **_members(context, None),
                "without_policy": service.to_json(),
            }
        )


class _Context(NamedTuple):
    """What stood around one answer: all answers of the request, and the policies considered."""

    answers: Sequence[Mapping[str, Any]]
    service: Considered


def _answer(one: Determination | NoPolicy, policy: str | None) -> dict[str, Any]:
    """Which answer of a request it is."""
    lines = [line if isinstance(line, int) else line.number for line in one.lines]
    day = to_json(one.service_date)
    return {"code": one.code, "service_date": day, "lines": lines, "policy": policy}


def _members(context: _Context | None, policy: str | None) -> dict[str, Any]:
    if context is None:
        return {"answers": None, "candidates": None, "through": None}
    others = [one for one in context.service.candidates if one.ruleset.policy != policy]
    candidates = {one.ruleset.policy: _candidate(one) for one in others}
    through = to_json(context.service.through)
    return {"answers": context.answers, "candidates": candidates, "through": through}


def _candidate(candidate: Candidate) -> dict[str, Any]:
    """Whether a policy applies to a service, by which facts."""
    ruleset, facts = candidate
    applies = ruleset.applies_to
    read = {name for test in tests_in(applies) for name in facts_in_test(test)}
    known = [(name, value) for name in sorted(read) if (value := facts.get(name)) is not None]
    return {
        "hash": ruleset.hash,
        "facts": _facts(ruleset, known),
        "truth": _WORDS[truth_of(applies, facts)],
        "tests": _tests(applies, "applies_to", facts),
    }


def _facts(ruleset: Ruleset, known: Iterable[tuple[str, Value]]) -> dict[str, Any]:
    types = {name: fact.type for name, fact in ruleset.facts.items()}
    return {
        name: {"type": types[name].kind, "unit": types[name].unit, "value": to_json(value)}
        for name, value in known
    }


def _tests(condition: Condition, path: str, known: Facts) -> dict[str, dict[str, Any]]:
    """The tests of a condition by their places, each with the values that it read."""
    return {
        at: {
            "fact": test.fact,
            "test": test.operator,
            "read": {name: to_json(known.get(name)) for name in facts_in_test(test)},
            "truth": _WORDS[truth_of(test, known)],
        }
        for at, test in _placed(condition, path)
    }


class _Proof:
    """The steps from facts to the decision, each with what it rests on."""

    def __init__(self, decided: Decided) -> None:
        assert decided.evaluation is not None
        self.ruleset: Ruleset = decided.ruleset
        self.evaluation = decided.evaluation
        self.determination: Determination = decided.determination
        self.hashes = decided.ruleset.parts.rules
        derived = {name: self.evaluation.derived.get(name) for name in decided.ruleset.derived}
        self.known: Facts = {**decided.facts, **derived}
        self.truths: dict[str, Truth] = {
            rule.id: truth
            for rule, truth in zip(self.ruleset.rules, self.evaluation.truths, strict=True)
        }

    def to_json(self) -> dict[str, Any]:
        applies = self.ruleset.applies_to
        tests = _tests(applies, "applies_to", self.known)
        return {
            "applies": {"truth": self._truth(applies), "tests": tests},
            "rules": {rule.id: self._rule(rule) for rule in self.ruleset.rules},
            "derived": {name: self._derived(name) for name in sorted(self.ruleset.derived)},
            "lines": self._lines(),
        }

    def _truth(self, condition: Condition) -> str:
        return _WORDS[truth_of(condition, self.known)]

    def _rule(self, rule: Rule) -> dict[str, Any]:
        effect = rule.effect
        out: dict[str, Any] = {
            "file": rule.origin,
            "hash": self.hashes[rule.id],
            "truth": _WORDS[self.truths[rule.id]],
        }
        if isinstance(effect, Finding):
            out["finds"] = effect.kind
            if effect.to is not None:
                out["to"] = to_json(value_of(effect.to, self.known))
        else:
            out["concludes"] = {name: to_json(value) for name, value in effect.values}
        out["condition"] = self._truth(rule.condition)
        out["overridden_by"] = {
            other: _WORDS[self.truths[other]]
            for other in rule.overridden_by
            if other in self.truths
        }
        out["tests"] = _tests(rule.condition, "when", self.known)
        return out

    def _derived(self, name: str) -> dict[str, Any]:
        return {
            "value": to_json(self.known[name]),
            "conflict": name in self.evaluation.conflicts,
            "settled_by": {
                self.ruleset.rules[index].id: _WORDS[self.evaluation.truths[index]]
                for index, _ in self.ruleset.derived[name].concluded_by
            },
        }

    def _lines(self) -> list[dict[str, Any]]:
        """What each rule does on each line, and what each reduction has left before the line: at
        least and, where its amount is known, at most."""
        if self.evaluation.conflicts:  # what turns on whether one is known is not known here
            settled = Reach(self.ruleset).unsettled(self.evaluation)
            ids = [rule.id for rule in self.ruleset.rules]
            self.truths = dict(zip(ids, settled.truths, strict=True))
            self.known = {**self.known, **settled.derived}
        entries = [
            (rule.id, rule, rule.effect)
            for rule in sorted(self.ruleset.rules, key=lambda rule: rule.id)
            if isinstance(rule.effect, Finding) and self.truths[rule.id] != FAILS
        ]
        left: dict[str, list[Any]] = {}
        for id_, rule, effect in entries:
            if effect.kind == "reduce" and self._on_its_own(rule) == "reduces":
                to = None if effect.to is None else value_of(effect.to, self.known)
                left[id_] = [0, None] if to is None else [max(to, 0)] * 2
        out: list[dict[str, Any]] = []
        for line in self.determination.lines:
            here = [
                (rule, effect)
                for _, rule, effect in entries
                if effect.part is None or effect.part in line.parts
            ]
            on_line = {rule.id: left[rule.id] for rule, _ in here if rule.id in left}
            before = {id_: [to_json(low), to_json(high)] for id_, (low, high) in on_line.items()}
            out.append({"number": line.number, "rules": dict(self._does(here)), "left": before})
            self._take(list(on_line.values()), line)
        return out

    def _does(self, here: Sequence[tuple[Rule, Finding]]) -> Iterator[tuple[str, str]]:
        for rule, _ in here:
            does = self._on_its_own(rule)
            if does is not None:
                yield rule.id, does

    def _on_its_own(self, rule: Rule) -> str | None:
        """What a finding rule does on its lines; None: nothing, or nobody asks."""
        assert isinstance(rule.effect, Finding)
        holds, advises = self.truths[rule.id] == HOLDS, rule.effect.kind == "advise"
        covered: Value | None = False
        if rule.section in self.ruleset.silences:
            covered = self.known.get(self.ruleset.covered_by or "")
        if covered is True:
            return "is silenced" if holds else None
        if advises or (holds and covered is False):
            return _DOES[rule.effect.kind] if holds else None
        if holds or not rule.assume_not_holding or self._in_conflict(rule):
            return "waits"
        return "is assumed"

    def _in_conflict(self, rule: Rule) -> bool:
        return bool(self.evaluation.conflicts) and self.ruleset.index_of(rule.id) in Reach(
            self.ruleset
        ).reading(self.evaluation.conflicts)

    def _take(self, left: Sequence[list[Any]], line: LineOutcome) -> None:
        """Take what the line is allowed, or may come to be allowed, from each reduction on it."""
        least, most = line.allowed_least or 0, line.allowed_most
        if most is None or most <= 0:
            return
        for amounts in left:
            amounts[0] = max(difference(amounts[0], most), 0)
            if amounts[1] is not None:
                amounts[1] = difference(amounts[1], max(least, 0))


def _placed(condition: Condition, path: str) -> Iterator[tuple[str, Test]]:
    """The tests of a condition with their places, such as `when.all[0].not`."""
    match condition:
        case Test():
            yield path, condition
        case Not(part):
            yield from _placed(part, f"{path}.not")
        case All(parts):
            yield from _placed_each(parts, f"{path}.all")
        case AnyOf(parts):
            yield from _placed_each(parts, f"{path}.any")
        case AtLeast(_, parts):
            yield from _placed_each(parts, f"{path}.of")


def _placed_each(parts: Sequence[Condition], path: str) -> Iterator[tuple[str, Test]]:
    for index, part in enumerate(parts):
        yield from _placed(part, f"{path}[{index}]")
