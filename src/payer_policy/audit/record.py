"""The record of a determination that others can check: facts, proof, determination and hash.

`records` writes what an engine and the determiner reported; `checker` checks it, and shares no code
with either. The same decision gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from payer_policy.core.ruleset import (
    PREAUTHORIZATION,
    All,
    AnyOf,
    AtLeast,
    Condition,
    FindingEffect,
    Not,
    Rule,
    Ruleset,
    Test,
    facts_in_test,
    tests_in,
)
from payer_policy.core.sealed import sealed
from payer_policy.core.semantics import Facts, truth_of, value_of
from payer_policy.core.truth import FAILS, HOLDS, UNKNOWN, Truth
from payer_policy.core.vocabulary.types import Value, to_json
from payer_policy.determination import Determination, NoPolicy
from payer_policy.determination.allocation import Limit
from payer_policy.determination.certifying import settled
from payer_policy.determination.conflicts import Reach
from payer_policy.engine import Candidate, Considered, Decided, Engine
from payer_policy.engines.protocol import Evaluation
from payer_policy.request.models import Request

RECORD_VERSION: Final = "payer-policy/record/2"

_WORDS: Final = {HOLDS: "holds", FAILS: "fails", UNKNOWN: "unknown"}
_DOES: Final = {
    "deny": "denies",
    "pend": "pends",
    "reduce": "reduces",
    "certify": "certifies",
    "advise": "advises",
}


def stated_facts(decided: Decided) -> Iterator[tuple[str, Value]]:
    """The known facts that a determination was made from, by name, without what rules derive."""
    facts, known, derived = decided.facts, decided.ruleset.facts, decided.ruleset.derived
    for name in sorted(name for name in facts if name in known and name not in derived):
        if (value := facts[name]) is not None:
            yield name, value


def stated_silence(decided: Decided) -> dict[str, Any] | None:
    """The facts of a determination that were not provided; None: nothing was evaluated on them."""
    if decided.silence is None or decided.evaluation is None or decided.days:
        return None
    rests, unsaid = decided.silence()
    return {
        "rests": sorted(rests),
        "unsaid": {name: sorted(behind) for name, behind in sorted(unsaid.items())},
    }


def records(
    engine: Engine,
    request: Request,
    decided: Sequence[Decided],
    without_policy: Sequence[NoPolicy],
) -> Iterator[bytes]:
    """The records of one answer of `engine.decide_fully(request)`, one line each.

    Each record lists all answers of the request in the order of the lines, and shows for every policy
    of the payer for the code on that day whether it applies. So a record that is removed or moved
    leaves a gap, and "no policy found" can be checked.
    """
    services = {(one.code, one.day, one.lines): one for one in engine.considered(request)}
    answers = [
        *(_answer(one.determination, one.determination.policy.address) for one in decided),
        *(_answer(one, None) for one in without_policy),
    ]
    for one in decided:
        about = one.determination
        numbers = tuple([line.number for line in about.lines])
        yield record(one, _Context(answers, services[about.code, about.service_date, numbers]))
    for none in without_policy:
        service = services[none.code, none.service_date, tuple(sorted(none.lines))]
        yield record_without_policy(none, _Context(answers, service))


def record(decided: Decided, context: _Context | None = None) -> bytes:
    """One line of ASCII JSON, with its line end: everything behind one determination.

    The format is `payer-policy/record/2`. Members are in a fixed order; `sha256`, the last, is the hash
    of the line without that member. Numbers that are not whole are text. Without the context that
    `records` gives, nothing shows that the request had no other answer.

    Where several days were decided, `days` holds what is behind the answer as of each day, and the
    determination follows from those; otherwise there is no such member.
    """
    content = _content(decided, _around(context, decided.ruleset.policy))
    if decided.days:
        content["days"] = [_content(one) for one in decided.days]
    return sealed(content)


def _content(decided: Decided, around: Mapping[str, Any] = {}) -> dict[str, Any]:
    ruleset, determination, evaluation = decided.ruleset, decided.determination, decided.evaluation
    proof = None
    if not decided.days and evaluation is not None and evaluation.disagreement is None:
        proof = _Proof(decided, evaluation).to_json()
    # A determination that pends for its date rests on no version of the policy.
    dated = determination.policy.version is not None
    return {
        "format": RECORD_VERSION,
        "request": determination.claim_id,
        **around,
        "policy": determination.policy.to_json(),
        "meaning": dict(ruleset.parts.others) if dated else None,
        "facts": _facts(ruleset, stated_facts(decided)),
        "silence": stated_silence(decided),
        **_confirmations(decided),
        "lines": [
            {
                "number": line.number,
                "units": to_json(line.billed_units),
                "parts": list(line.parts),
            }
            for line in determination.lines
        ],
        "proof": proof,
        "determination": determination.to_json(),
    }


def _confirmations(decided: Decided) -> dict[str, Any]:
    """What clinicians have confirmed, where they have."""
    stated = [
        {"rule": one.rule, "by": one.by, "on": one.on.isoformat()} for one in decided.confirmations
    ]
    return {"confirmations": stated} if stated else {}


def record_without_policy(service: NoPolicy, context: _Context | None = None) -> bytes:
    """One line, as `record`: that no policy was found for a service, and what was looked for."""
    return sealed(
        {
            "format": RECORD_VERSION,
            "request": service.claim_id,
            "payer": None if context is None else context.service.payer,
            **_around(context, None),
            "without_policy": service.to_json(),
        }
    )


class _Context(NamedTuple):
    """What surrounds one answer: all answers of the request, and the policies considered."""

    answers: Sequence[Mapping[str, Any]]
    service: Considered


def _answer(one: Determination | NoPolicy, policy: str | None) -> dict[str, Any]:
    """What identifies an answer of a request."""
    lines = [line if isinstance(line, int) else line.number for line in one.lines]
    day = to_json(one.service_date)
    return {"code": one.code, "service_date": day, "lines": lines, "policy": policy}


def _around(context: _Context | None, policy: str | None) -> dict[str, Any]:
    if context is None:
        return {"answers": None, "candidates": None, "through": None}
    candidates = {
        one.ruleset.policy: _candidate(one)
        for one in context.service.candidates
        if one.ruleset.policy != policy
    }
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

    def __init__(self, decided: Decided, evaluation: Evaluation) -> None:
        self.ruleset, self.evaluation = decided.ruleset, evaluation
        self.lines = decided.determination.lines
        self.about = decided.determination.about
        self.confirmed = {one.rule for one in decided.confirmations}
        derived = {name: evaluation.derived.get(name) for name in self.ruleset.derived}
        self.known: Facts = {**decided.facts, **derived}
        self.truths = self._by_rule(evaluation)

    def _by_rule(self, evaluation: Evaluation) -> dict[str, Truth]:
        ids = [rule.id for rule in self.ruleset.rules]
        return dict(zip(ids, evaluation.truths, strict=True))

    def to_json(self) -> dict[str, Any]:
        applies = self.ruleset.applies_to
        return {
            "applies": {
                "truth": _WORDS[truth_of(applies, self.known)],
                "tests": _tests(applies, "applies_to", self.known),
            },
            "rules": {rule.id: self._rule(rule) for rule in self.ruleset.rules},
            "derived": {name: self._derived(name) for name in sorted(self.ruleset.derived)},
            "lines": self._lines(),
        }

    def _rule(self, rule: Rule) -> dict[str, Any]:
        effect = rule.effect
        out: dict[str, Any] = {
            "file": rule.origin,
            "hash": self.ruleset.parts.rules[rule.id],
            "truth": _WORDS[self.truths[rule.id]],
        }
        if isinstance(effect, FindingEffect):
            out["finds"] = effect.kind
            if effect.to is not None:
                out["to"] = to_json(value_of(effect.to, self.known))
        else:
            out["concludes"] = {name: to_json(value) for name, value in effect.values}
        out["condition"] = _WORDS[truth_of(rule.condition, self.known)]
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
        """What each rule does on each line, and what each reduction has left before the line.

        Of a reduction that is the least and the most; the most is null where its amount is unknown.
        """
        if self.evaluation.conflicts:  # a test whether a fact in conflict is known is unknown here
            settled = Reach(self.ruleset).unsettled(self.evaluation)
            self.truths = self._by_rule(settled)
            self.known = {**self.known, **settled.derived}
        does: dict[str, str] = {}
        parts: dict[str, str | None] = {}
        limits: dict[str, Limit] = {}
        asks = self.about.kind == PREAUTHORIZATION and bool(self.lines)
        needed = self.known.get(self.ruleset.needed_by or "") if asks else True
        if needed is False:
            return [{"number": line.number, "rules": {}, "left": {}} for line in self.lines]
        for rule in sorted(self.ruleset.rules, key=lambda rule: rule.id):
            effect = rule.effect
            if (
                isinstance(effect, FindingEffect)
                and (what := self._does(rule, effect.kind)) is not None
            ):
                does[rule.id], parts[rule.id] = what, effect.part
                if what == "reduces":
                    to = None if effect.to is None else value_of(effect.to, self.known)
                    limits[rule.id] = Limit((), to)
        limits |= self._certified(does)
        if asks and self.ruleset.needed_by is not None and needed is None:
            limits = {}  # nothing is limited where it is not known whether it is asked at all
        out: list[dict[str, Any]] = []
        for line in self.lines:
            here = [id_ for id_ in does if parts[id_] is None or parts[id_] in line.parts]
            on_line = {id_: limits[id_] for id_ in here if id_ in limits}
            left = {id_: [to_json(one.least), to_json(one.most)] for id_, one in on_line.items()}
            rules = {id_: does[id_] for id_ in here}
            out.append({"number": line.number, "rules": rules, "left": left})
            if line.allowed_most is not None and line.allowed_most > 0:
                for limit in on_line.values():
                    limit.take(max(line.allowed_least or 0, 0), line.allowed_most)
        return out

    def _certified(self, does: Mapping[str, str]) -> dict[str, Limit]:
        """The limit of the rule by which an approval certifies, where it limits anything."""
        rules = [
            (rule.id, rule.effect, does[rule.id] == "certifies")
            for rule in sorted(self.ruleset.rules, key=lambda rule: rule.id)
            if rule.id in does and isinstance(rule.effect, FindingEffect)
            if rule.effect.kind == "certify"
        ]
        made = settled(rules, self.known, self.about.service_date)
        terms = None if made.rule is None else made.terms[made.rule]
        if made.rule is None or terms is None or not terms.quantity:
            return {}
        known = all(line.billed_units is not None for line in self.lines)
        return {made.rule: Limit((), terms.quantity)} if known else {}

    def _does(self, rule: Rule, kind: str) -> str | None:
        """What a finding rule does on its lines; None: nothing."""
        truth = self.truths[rule.id]
        if kind == "certify":
            if truth == FAILS or self.about.kind != PREAUTHORIZATION:
                return None
            return _DOES[kind] if truth == HOLDS else "waits"
        effect = rule.effect
        review = isinstance(effect, FindingEffect) and effect.review
        denies = "recommends" if review and rule.id not in self.confirmed else _DOES[kind]
        covered: Value | None = False
        if rule.section in self.ruleset.silences:
            covered = self.known.get(self.ruleset.covered_by or "")
        if truth == FAILS:
            return None
        if covered is True:
            return "is silenced" if truth == HOLDS else None
        if kind == "advise" or (truth == HOLDS and covered is False):
            return denies if truth == HOLDS else None
        if truth == HOLDS or not rule.assume_not_holding or self._in_conflict(rule):
            return "waits"
        return "is assumed"

    def _in_conflict(self, rule: Rule) -> bool:
        conflicts = self.evaluation.conflicts
        reading = Reach(self.ruleset).reading(conflicts) if conflicts else ()
        return self.ruleset.index_of(rule.id) in reading


def _placed(condition: Condition, path: str) -> Iterator[tuple[str, Test]]:
    """The tests of a condition with their places, such as `when.all[0].not`."""
    match condition:
        case Test():
            yield path, condition
        case Not(part):
            yield from _placed(part, f"{path}.not")
        case All(parts) | AnyOf(parts) | AtLeast(_, parts):
            word = {All: "all", AnyOf: "any", AtLeast: "of"}[type(condition)]
            for index, part in enumerate(parts):
                yield from _placed(part, f"{path}.{word}[{index}]")
