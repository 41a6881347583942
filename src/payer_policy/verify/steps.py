"""The checker: every step of a record from facts to decision, against one ruleset.

Short enough to be read in one sitting, and without a line of the engines or of `determination`.
Each step is worked out twice: from the facts, and from the steps before it as they are recorded.
What follows from neither is wrong; so one wrong step is one report, not a landslide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from payer_policy.ruleset import (
    ENGINES,
    All,
    AnyOf,
    AtLeast,
    Conclude,
    Condition,
    Finding,
    Not,
    Rule,
    Ruleset,
    Test,
    facts_in_test,
)  # fmt: skip
from payer_policy.sealed import NOTHING, Wrong, at, differences, keyed, leaves, names
from payer_policy.verify.values import (
    OPPOSITE,
    ZERO,
    as_json,
    at_least,
    least_of,
    plain,
    read,
    truth_of,
    value_of,
)
from payer_policy.verify.waits import Waits
from payer_policy.vocabulary.types import FactType, format_value

Sources = Mapping[tuple[str, str], str]
DOES: Final = {"deny": "denies", "pend": "pends", "reduce": "reduces", "advise": "advises"}
SOURCES: Final = {"kind": ("request", "kind"), "code": ("service", "code"),
                  "service_date": ("service", "date")}  # fmt: skip
UNKNOWN: Final = ("condition", "amount", "line units", "earlier lines")
DATE, NUMBER = FactType("date"), FactType("decimal")
AROUND: Final = frozenset({"answers", "candidates"})
"""The members of a record on what stands around its determination, which `answers` checks."""
FAILED: Final = r"The engine `{}` failed on this request \([a-z0-9 ]+\)\. Nothing was decided\."
DISAGREE: Final = r"The engines do not agree: .+"
CONFLICT: Final = ("Rules of the policy that hold together conclude different values of ",
                   ". Which of them is right is for the policy's authors to settle.")  # fmt: skip
PLURAL: Final = ("minutes", "hours", "days", "weeks", "months", "years", "points", "containers",
                 "billing units")  # fmt: skip


class Verified(NamedTuple):
    """The answer on one record. `steps` counts the single values in it that were checked;
    `unchecked` says what of it could not be, in sentences: such a record is not proved."""

    content: Mapping[str, Any]
    steps: int
    wrong: tuple[Wrong, ...]
    unchecked: tuple[str, ...] = ()


def check(content: Mapping[str, Any], ruleset: Ruleset, by: Sources) -> Verified:
    """Check a record, its own hash and what is around it aside, against one ruleset.

    `by` names the facts that are read from fields of the request, as a library does.
    """
    was = keyed({key: value for key, value in content.items() if key not in AROUND})
    own, trusting = (keyed(Account(ruleset, was, trust).record(by)) for trust in (0, 1))
    files = {rule.id: rule.origin for rule in ruleset.rules}
    wrong = []
    for path, recorded, found in differences((), was, own, trusting):
        file = next((files[key] for key in path if key in files), None)
        file = file or f"{ruleset.policy}/{ruleset.version}"
        wrong.append(Wrong(path, recorded, found, f"{file}.json"))
    failed = at(was, "proof") is None and own["proof"] is None
    return Verified(content, leaves(own), tuple(wrong), (NOT_DECIDED,) if failed else ())


NOT_DECIDED: Final = (
    "the record reports that the engine failed, which nothing in it can show; "
    "decide the request again"
)


class Account:
    """The record as it should be: by its facts alone or, if it is trusted, by its earlier steps."""

    def __init__(self, ruleset: Ruleset, was: Any, trust: int) -> None:
        self.ruleset, self.was, self.trust = ruleset, was, trust
        self.rules = {rule.id: rule for rule in ruleset.rules}
        self.known: dict[str, Any] = {}
        self.truths: dict[str, str] = {}
        self.open = Waits(ruleset, self.known, self.truths)
        self.conflicts: list[str] = []
        self.left: dict[str, tuple[Fraction, Fraction | None]] = {}
        self.finds: dict[str, list[int]] = {}
        self.waits: dict[tuple[str, str], list[int]] = {}
        self.assumed: set[str] = set()

    def seen(self, own: Any, *path: str, type_: FactType | None = None) -> Any:
        """What later steps build on: our own truth or value, or the recorded one."""
        raw = at(self.was, "proof", *path) if self.trust else NOTHING
        if type_ is None:
            return raw if isinstance(raw, str) and raw in OPPOSITE else own
        return own if raw == NOTHING else read(type_, raw, own)

    def said(self, key: str) -> Any:
        return at(self.was, "determination", key)

    def record(self, by: Sources) -> dict[str, Any]:
        rules, was = self.ruleset, self.was
        inputs = rules.facts.keys() - rules.derived.keys()
        facts = {name: self.fact(name) for name in names(was, "facts") if name in inputs}
        named = ("version", "title", "hash", "first_day", "last_day")
        identity = {name: as_json(getattr(rules, name)) for name in named}
        policy = {"address": rules.policy, **identity}
        engine = self.said("engine")
        about = {"schema": "payer-policy/determination/1", "claim_id": at(was, "request"),
                 "reference_hash": self.said("reference_hash"),
                 "engine": engine if engine in ENGINES else f"one of {', '.join(ENGINES)}",
                 "policy": policy}  # fmt: skip
        for key, source in SOURCES.items():
            name = by.get(source)
            about[key] = as_json(self.known.get(name)) if name in inputs else self.said(key)
        day = read(DATE, about["service_date"], None) or rules.first_day
        if not rules.first_day <= day <= (rules.last_day or day):
            about["service_date"] = f"a day from {rules.first_day} to {rules.last_day}"
        proof, fault = None, self.said("internal")
        failed = FAILED.format(engine) + (f"|{DISAGREE}" if engine == "checked" else "")
        if at(was, "proof") is not None or not re.fullmatch(failed, str(fault), re.DOTALL):
            proof, fault = self.proof(), None
        given = [self.line(at(was, "lines", key)) for key in names(was, "lines")]
        lines, steps = self.lines(given, fault)
        proof = proof and {**proof, "lines": steps}
        said = self.determination(lines, [at(line, "number") for line in given], fault)
        return {"format": "payer-policy/record/2", "request": about["claim_id"], "policy": policy,
                "meaning": dict(rules.parts.others), "facts": facts, "lines": given, "proof": proof,
                "determination": {**about, **said}}  # fmt: skip

    def fact(self, name: str, fixed: Mapping[str, Any] = {}) -> dict[str, Any]:
        type_ = self.ruleset.facts[name].type
        raw = fixed[name] if name in fixed else at(self.was, "facts", name, "value")
        value = self.known[name] = read(type_, raw, None)
        found = type_.describe() if value is None else as_json(value)
        return {"type": type_.kind, "unit": type_.unit, "value": found}

    def line(self, raw: Any) -> dict[str, Any]:
        number, units = at(raw, "number"), read(NUMBER, at(raw, "units"), None)
        parts = sorted(part for part in names(raw, "parts") if part in self.ruleset.line_parts)
        number = number if type(number) is int else 0
        return {"number": number, "units": as_json(units), "parts": parts}

    # --- from facts to rules ---------------------------------------------------------------------

    def proof(self) -> dict[str, Any]:
        last = {name: max((index for index, _ in fact.concluded_by), default=-1)
                for name, fact in self.ruleset.derived.items()}  # fmt: skip
        derived = {name: self.derived(name) for name in last if last[name] < 0}
        rules = {}
        for index, rule in enumerate(self.ruleset.rules):
            rules[rule.id] = self.rule(rule)
            derived |= {name: self.derived(name) for name in last if last[name] == index}
        tests: dict[str, Any] = {}
        truth, _ = self.condition(self.ruleset.applies_to, "applies_to", tests, "applies")
        truth = truth if truth == "holds" else f"{truth}: the policy is not for this service"
        return {"applies": {"truth": truth, "tests": tests}, "rules": rules, "derived": derived}

    def rule(self, rule: Rule) -> dict[str, Any]:
        effect, tests, base = rule.effect, dict[str, Any](), ("rules", rule.id)
        condition, unknown = self.condition(rule.condition, "when", tests, *base)
        others = {one: self.truths[one] for one in rule.overridden_by if one in self.truths}
        parts = [self.seen(condition, *base, "condition"), *map(OPPOSITE.get, others.values())]
        truth = at_least(len(parts), parts)
        self.truths[rule.id] = self.seen(truth, *base, "truth")
        self.open.add(rule, unknown)
        does: dict[str, Any] = {"finds": getattr(effect, "kind", None)}
        if isinstance(effect, Conclude):
            does = {"concludes": {name: as_json(value) for name, value in effect.values}}
        elif effect.to is not None:
            does["to"] = as_json(value_of(effect.to, self.known))
        return {"file": rule.origin, "hash": self.ruleset.parts.rules[rule.id], "truth": truth, **does,
                "condition": condition, "overridden_by": others, "tests": tests}  # fmt: skip

    def condition(
        self, whole: Condition, place: str, tests: dict[str, Any], *base: str
    ) -> tuple[str, list[Test]]:
        """The truth of a condition and, where it is unknown, the tests that leave it so.

        The steps of its tests are put with `tests`.
        """
        match whole:
            case Test():
                step = tests[place] = self.test(whole, *base, "tests", place)
                truth = str(self.seen(step["truth"], *base, "tests", place, "truth"))
                return truth, [whole] if truth == "unknown" else []
            case Not(part):
                truth, unknown = self.condition(part, f"{place}.not", tests, *base)
                return OPPOSITE[truth], unknown
            case All(parts):
                word, count = "all", len(parts)
            case AnyOf(parts):
                word, count = "any", 1
            case AtLeast(count, parts):
                word = "of"
        below = [self.condition(part, f"{place}.{word}[{index}]", tests, *base)
                 for index, part in enumerate(parts)]  # fmt: skip
        truth = at_least(count, [one for one, _ in below])
        return truth, [test for _, more in below for test in more] if truth == "unknown" else []

    def test(self, test: Test, *base: str) -> dict[str, Any]:
        own = {name: self.known.get(name) for name in facts_in_test(test)}
        seen = {}
        for name in own:
            type_ = self.ruleset.facts[name].type
            seen[name] = self.seen(own[name], *base, "read", name, type_=type_)
        shown = {name: as_json(value) for name, value in own.items()}
        truth = truth_of(test, seen)
        return {"fact": test.fact, "test": test.operator, "read": shown, "truth": truth}

    def derived(self, name: str) -> dict[str, Any]:
        fact, rules = self.ruleset.derived[name], self.ruleset.rules
        by = {rules[index].id: value for index, value in fact.concluded_by}
        truths = {id_: self.truths[id_] for id_ in by}
        holding = {by[id_] for id_ in by if truths[id_] == "holds"}
        possible = {by[id_] for id_ in by if truths[id_] != "fails"}
        settled, conflict = len(possible) < 2 and holding == possible, len(holding) > 1
        value = self.known[name] = plain([*holding, fact.otherwise][0]) if settled else None
        self.conflicts += [name] if conflict else []
        return {"value": as_json(value), "conflict": conflict, "settled_by": truths}

    # --- from rules to lines ---------------------------------------------------------------------

    def lines(self, given: Sequence[Any], fault: Any) -> tuple[list[Any], list[Any]]:
        """The outcome of each line, and what led to it. Without lines: of one with every part."""
        live = sorted(id_ for id_, truth in self.truths.items() if truth != "fails")
        rules = [self.rules[id_] for id_ in live if isinstance(self.rules[id_].effect, Finding)]
        for rule in rules:
            self.limit(rule.id, rule.effect)
        lines: list[Any] = []
        steps = []
        for index, line in enumerate(given or [{}]):
            parts = (None, *names(line, "parts"))
            here = [
                rule for rule in rules if not given or getattr(rule.effect, "part", "") in parts
            ]
            does = {rule.id: what for rule in here if (what := self.does(rule)) is not None}
            before = {id_: self.left[id_] for id_, what in does.items() if what == "reduces"}
            denied, stuck = "denies" in does.values(), bool(fault or self.conflicts)
            outcome = "pend" if {"pends", "waits"} & {*does.values()} else "approve"
            outcome = "pend" if stuck else "deny" if denied else outcome
            allowed = units = read(NUMBER, at(line, "units"), None)
            if before and outcome != "deny":
                outcome, allowed = self.reduce(index, outcome, units, before, bare=not given)
            for id_, what in does.items():
                if what in ("denies", "pends", "advises"):
                    self.finds.setdefault(id_, []).append(index)
                elif what == "waits" and not denied:
                    self.waits.setdefault((id_, "condition"), []).append(index)
                elif what == "is assumed" and outcome != "deny" and not stuck:
                    self.assumed.add(id_)
            allowed = {"pend": None, "deny": ZERO}.get(outcome, allowed)
            number, units = at(line, "number"), at(line, "units")
            lines.append({"number": number, "parts": at(line, "parts"), "outcome": outcome,
                          "billed_units": units, "allowed_units": as_json(allowed)})  # fmt: skip
            left = {id_: [as_json(low), as_json(high)] for id_, (low, high) in before.items()}
            steps.append({"number": number, "rules": does, "left": left})
        for index, one in enumerate(lines):
            one["findings"] = [id_ for id_ in sorted(self.finds) if index in self.finds[id_]]
        return lines, steps if given else []

    def does(self, rule: Rule) -> str | None:
        """What a finding rule does on the lines that it falls on, if it may hold."""
        kind = getattr(rule.effect, "kind", "advise")
        if self.truths[rule.id] == "holds":
            return DOES[kind]
        waits = "is assumed" if rule.assume_not_holding else "waits"
        return None if kind == "advise" else waits

    def limit(self, id_: str, effect: Any) -> None:
        """What a reduction that holds leaves before the first line: the least, and the most if its
        amount is known."""
        if effect.kind == "reduce" and self.truths[id_] == "holds":
            own = None if effect.to is None else value_of(effect.to, self.known)
            to = self.seen(own, "rules", id_, "to", type_=NUMBER)
            self.left[id_] = (ZERO, None) if to is None else (max(to, ZERO), max(to, ZERO))

    def reduce(self, index: int, outcome: str, units: Any, before: Any, bare: bool) -> Any:
        """A line takes the least that its reductions leave; it pends where that is not known."""
        allowed, most = units, least_of([units, *(high for _, high in before.values())], ZERO)
        least = least_of([units, *(low for low, _ in before.values())], ZERO)
        unknown = {id_ for id_, (_, high) in before.items() if high is None}
        if units is None or unknown or (outcome == "approve" and least != most):
            outcome = "pend"
        elif outcome == "approve" and most < units:
            outcome, allowed = ("reduce", most) if most > 0 else ("deny", ZERO)
        taken = ZERO if outcome == "deny" else max(most, ZERO)
        for id_, (low, high) in before.items():
            if id_ not in unknown and (bare if units is None else high < units):
                self.finds.setdefault(id_, []).append(index)
            what = "line units" if units is None else "earlier lines"
            what = "amount" if id_ in unknown else what
            if outcome == "pend" and (what != "earlier lines" or low < min(units, high)):
                self.waits.setdefault((id_, what), []).append(index)
            later = high if outcome == "pend" or high is None else high - taken
            self.left[id_] = (max(low - taken, ZERO), later)
        return outcome, allowed

    # --- what is said ----------------------------------------------------------------------------

    def determination(self, lines: list[Any], numbers: list[Any], fault: Any) -> dict[str, Any]:
        def on(indices: list[int]) -> list[Any]:
            return list(dict.fromkeys(numbers[index] for index in indices)) if numbers else []

        outcomes, rules = {line["outcome"] for line in lines}, self.ruleset
        mixed = len(outcomes) > 1 or "reduce" in outcomes
        waits = sorted(self.waits, key=lambda key: (key[0], UNKNOWN.index(key[1])))
        asks = rules.information_request if waits and not self.conflicts else None
        return {
            "decision": "partial" if mixed else lines[0]["outcome"],
            "lines": lines if numbers else [],
            "findings": [self.finding(id_, on(self.finds[id_])) for id_ in sorted(self.finds)],
            "unsettled": [
                {**self.about(id_, "kind"), "unknown": what, "lines": on(self.waits[id_, what]),
                 "waits_for": self.open.waits_for(id_, what)} for id_, what in waits],
            "missing": [] if self.conflicts else self.open.questions(waits, self.said("missing")),
            "assumptions": [{**self.about(id_, "citations"), "waits_for": self.open.waits_for(id_)}
                            for id_ in sorted(self.assumed)],
            "derived": {name: as_json(self.known[name]) for name in sorted(rules.derived)
                        if self.known.get(name) is not None},
            "information_request": asks and _reason(asks),
            "internal": fault or self.conflict(),
        }  # fmt: skip

    def about(self, id_: str, *more: str) -> dict[str, Any]:
        rule, sources = self.rules[id_], self.ruleset.references
        cited = [{"id": one, "title": getattr(sources.get(one), "title", one),
                  "href": getattr(sources.get(one), "href", None)} for one in rule.cites]  # fmt: skip
        said = {"rule": id_, "title": rule.title, "kind": getattr(rule.effect, "kind", None),
                "citations": cited}  # fmt: skip
        return {key: said[key] for key in ("rule", "title", *more)}

    def finding(self, id_: str, lines: list[Any]) -> dict[str, Any]:
        effect: Any = self.rules[id_].effect
        slots = [*map(self.slot, effect.because.facts), ""]
        text = "".join(map("".join, zip(effect.because.pieces, slots, strict=True)))
        on = None if effect.part is None else self.ruleset.line_parts.get(effect.part, effect.part)
        return {**self.about(id_, "kind", "citations"), **_reason(effect.reason),
                "because": text, "lines": lines, "on": on}  # fmt: skip

    def slot(self, name: str) -> str:
        """A value in a sentence, with its unit: in the plural, but for one of it."""
        parameter = self.ruleset.parameters.get(name.removeprefix("parameter:"))
        if name.startswith("parameter:") and parameter is not None:
            return f"{format_value(parameter.value)} {parameter.unit or ''}".rstrip()
        value, fact = self.known.get(name), self.ruleset.facts.get(name)
        text = format_value(value, None if fact is None else fact.type)
        one = value == 1 and value is not True and fact is not None and fact.type.unit in PLURAL
        return text[:-1] if one else text

    def conflict(self) -> str | None:
        """The recorded sentence on the derived facts in conflict, if it names them and no more."""
        if not self.conflicts:
            return None
        said, labels = str(self.said("internal")), [
            f"(the )?{re.escape(self.ruleset.facts[name].label.strip())}"
            for name in sorted(self.conflicts)
        ]  # fmt: skip
        listed = " and ".join([", ".join(labels[:-1]), labels[-1]][len(labels) < 2 :])
        start, end = map(re.escape, CONFLICT)
        right = re.fullmatch(start + listed + end, said)
        return said if right else f"a conflict of {', '.join(sorted(self.conflicts))}"


def _reason(reason: Any) -> dict[str, Any]:
    return {"group": reason.group, "carc": reason.carc, "rarcs": list(reason.rarcs)}
