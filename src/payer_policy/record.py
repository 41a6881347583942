"""The record of a determination that others can check: facts, proof, determination and hash.

`Recorder` writes what an engine and the determiner said; `verify` checks it, and shares no code with
either. The same decision gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from payer_policy.determination import Determination, LineOutcome, NoPolicy
from payer_policy.engine import Decided
from payer_policy.policy.hashing import PartHashes, part_hashes
from payer_policy.ruleset import (
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
)
from payer_policy.sealed import sealed
from payer_policy.semantics import Facts, difference, truth_of, value_of
from payer_policy.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.vocabulary.types import Value, to_json

RECORD_VERSION: Final = "payer-policy/record/1"

_WORDS: Final = {HOLDS: "holds", FAILS: "fails", UNKNOWN: "unknown"}
_DOES: Final = {"deny": "denies", "pend": "pends", "reduce": "reduces", "advise": "advises"}
_BOUNDLESS: Final = 10**18
"""What an amount that is not known may be at most; more units than any claim can have."""


def stated_facts(decided: Decided) -> Iterator[tuple[str, Value]]:
    """The known facts that a determination was made from, by name; what rules derive follows."""
    facts, known, derived = decided.facts, decided.ruleset.facts, decided.ruleset.derived
    for name in sorted(name for name in facts if name in known and name not in derived):
        if (value := facts[name]) is not None:
            yield name, value


class Recorder:
    """Writes records under the policies of one folder, whose reference data has this hash."""

    def __init__(self, reference_hash: str) -> None:
        self._reference_hash = reference_hash
        self._hashes: dict[str, PartHashes] = {}

    def record(self, decided: Decided) -> bytes:
        """One line of ASCII JSON, with its line end: everything behind one determination.

        The format is `payer-policy/record/1`. Members are in a fixed order; `sha256`, the last, is
        of the line as it is without that member. Numbers that are not whole are text.

        Where several days were decided, `days` holds what is behind the answer as of each of them,
        and the determination follows from those; else there is no such member.
        """
        content = self._content(decided)
        if decided.days:
            content["days"] = [self._content(one) for one in decided.days]
        return sealed(content)

    def _content(self, decided: Decided) -> dict[str, Any]:
        ruleset, determination = decided.ruleset, decided.determination
        dated = determination.policy.version is not None
        hashes = self._hashes_of(ruleset)
        facts = {
            name: {
                "type": ruleset.facts[name].type.kind,
                "unit": ruleset.facts[name].type.unit,
                "value": to_json(value),
            }
            for name, value in stated_facts(decided)
        }
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
            proof = _Proof(decided, hashes.rules).to_json()
        return {
            "format": RECORD_VERSION,
            "request": determination.claim_id,
            "policy": determination.policy.to_json(),
            # What pends for its date rests on no version of the policy.
            "meaning": hashes.others if dated else None,
            "facts": facts,
            "lines": lines,
            "proof": proof,
            "determination": determination.to_json(),
        }

    def record_without_policy(self, service: NoPolicy) -> bytes:
        """One line, as `record`: that no policy was found for a service, and what was looked for."""
        return sealed(
            {
                "format": RECORD_VERSION,
                "request": service.claim_id,
                "without_policy": service.to_json(),
            }
        )

    def _hashes_of(self, ruleset: Ruleset) -> PartHashes:
        found = self._hashes.get(ruleset.hash)
        if found is None:
            found = self._hashes[ruleset.hash] = part_hashes(ruleset, self._reference_hash)
        return found


class _Proof:
    """The steps from facts to the decision, each with what it rests on."""

    def __init__(self, decided: Decided, hashes: Mapping[str, str]) -> None:
        assert decided.evaluation is not None
        self.ruleset: Ruleset = decided.ruleset
        self.evaluation = decided.evaluation
        self.determination: Determination = decided.determination
        self.hashes = hashes
        derived = {name: decided.evaluation.derived.get(name) for name in decided.ruleset.derived}
        self.known: Facts = {**decided.facts, **derived}
        self.truths: dict[str, Truth] = {
            rule.id: truth
            for rule, truth in zip(self.ruleset.rules, self.evaluation.truths, strict=True)
        }

    def to_json(self) -> dict[str, Any]:
        applies = self.ruleset.applies_to
        tests = self._tests(applies, "applies_to")
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
        out["tests"] = self._tests(rule.condition, "when")
        return out

    def _tests(self, condition: Condition, path: str) -> dict[str, dict[str, Any]]:
        return {
            at: {
                "fact": test.fact,
                "test": test.operator,
                "read": {name: to_json(self.known.get(name)) for name in facts_in_test(test)},
                "truth": self._truth(test),
            }
            for at, test in _placed(condition, path)
        }

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
        """What each rule does on each line, and what each reduction has left before the line."""
        entries = sorted(
            (rule.id, rule, rule.effect)
            for rule in self.ruleset.rules
            if isinstance(rule.effect, Finding) and self.truths[rule.id] != FAILS
        )
        left: dict[str, list[Any]] = {}
        for id_, _, effect in entries:
            if effect.kind == "reduce" and self.truths[id_] == HOLDS:
                to = None if effect.to is None else value_of(effect.to, self.known)
                left[id_] = [0, _BOUNDLESS] if to is None else [max(to, 0)] * 2
        out = []
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
        for rule, effect in here:
            if self.truths[rule.id] == HOLDS:
                yield rule.id, _DOES[effect.kind]
            elif effect.kind != "advise":
                yield rule.id, "is assumed" if rule.assume_not_holding else "waits"

    def _take(self, left: Sequence[list[Any]], line: LineOutcome) -> None:
        """Take what the line is allowed, or may come to be allowed, from each reduction on it."""
        if not left or line.outcome == "deny":
            return
        most = min(amounts[1] for amounts in left)
        if line.billed_units is not None:
            most = min(most, line.billed_units)
        for amounts in left:
            if line.outcome == "pend":
                amounts[0] = max(difference(amounts[0], max(most, 0)), 0)
            elif most > 0:
                amounts[0] = difference(amounts[0], most)
                amounts[1] = difference(amounts[1], most)


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
