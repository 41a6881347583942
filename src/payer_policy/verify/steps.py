"""The checker: every step of a record from facts to decision, against one ruleset.

Short enough to be read in one sitting, and without a line of the engines or of `determination`.
Each step is worked out twice: from the facts, and from the steps before it as they are recorded.
What follows from neither is wrong; so one wrong step is one report, not a landslide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Final, NamedTuple

from payer_policy.policy.hashing import PartHashes
from payer_policy.ruleset import (
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
    plain,
    read,
    truth_of,
    value_of,
)
from payer_policy.vocabulary.types import FactType, format_value

Sources = Mapping[tuple[str, str], str]
DOES: Final = {"deny": "denies", "pend": "pends", "reduce": "reduces", "advise": "advises"}
SOURCES: Final = {"kind": ("request", "kind"), "code": ("service", "code"),
                  "service_date": ("service", "date")}  # fmt: skip
UNKNOWN: Final = ("condition", "amount", "line units", "earlier lines")
DATE, NUMBER, ENDLESS = FactType("date"), FactType("decimal"), Fraction(10**18)
PLURAL: Final = ("minutes", "hours", "days", "weeks", "months", "years", "points", "containers",
                 "billing units")  # fmt: skip


class Verified(NamedTuple):
    """The answer on one record. `steps` counts the single values in it that were checked."""

    content: Mapping[str, Any]
    steps: int
    wrong: tuple[Wrong, ...]


def check(
    content: Mapping[str, Any], ruleset: Ruleset, hashes: PartHashes, by: Sources
) -> Verified:
    """Check a record, its own hash aside, against one ruleset, whose parts have these hashes.

    `by` names the facts that are read from fields of the request, as a library does.
    """
    was = keyed(content)
    own, trusting = (keyed(_Account(ruleset, was, hashes, trust).record(by)) for trust in (0, 1))
    files = {rule.id: rule.origin for rule in ruleset.rules}
    wrong = []
    for path, recorded, found in differences((), was, own, trusting):
        file = next((files[key] for key in path if key in files), None)
        file = file or f"{ruleset.policy}/{ruleset.version}"
        wrong.append(Wrong(path, recorded, found, f"{file}.json"))
    return Verified(content, leaves(own), tuple(wrong))


class _Account:
    """The record as it should be: by its facts alone or, if it is trusted, by its earlier steps."""

    def __init__(self, ruleset: Ruleset, was: Any, hashes: PartHashes, trust: int) -> None:
        self.ruleset, self.was, self.hashes, self.trust = ruleset, was, hashes, trust
        self.rules = {rule.id: rule for rule in ruleset.rules}
        self.known: dict[str, Any] = {}
        self.truths: dict[str, str] = {}
        self.conflicts: list[str] = []
        self.left: dict[str, tuple[Fraction, Fraction]] = {}
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
        about = {"schema": "payer-policy/determination/1", "claim_id": at(was, "request"),
                 "engine": self.said("engine"), "policy": policy}  # fmt: skip
        for key, source in SOURCES.items():
            value = self.known.get(by.get(source, ""))
            about[key] = self.said(key) if value is None else as_json(value)
        day = read(DATE, about["service_date"], None) or rules.first_day
        if not rules.first_day <= day <= (rules.last_day or day):
            about["service_date"] = f"a day from {rules.first_day} to {rules.last_day}"
        proof, fault = None, self.said("internal")
        if at(was, "proof") is not None or not str(fault).startswith("The engine"):
            proof, fault = self.proof(), None
        given = [self.line(at(was, "lines", key)) for key in names(was, "lines")]
        lines, steps = self.lines(given, fault)
        proof = proof and {**proof, "lines": steps}
        said = self.determination(lines, [at(line, "number") for line in given], fault)
        return {"format": "payer-policy/record/1", "request": about["claim_id"], "policy": policy,
                "meaning": self.hashes.others, "facts": facts, "lines": given, "proof": proof,
                "determination": {**about, **said}}  # fmt: skip

    def fact(self, name: str) -> dict[str, Any]:
        type_ = self.ruleset.facts[name].type
        value = self.known[name] = read(type_, at(self.was, "facts", name, "value"), None)
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
        truth = self.condition(self.ruleset.applies_to, "applies_to", tests, "applies")
        truth = truth if truth == "holds" else f"{truth}: the policy is not for this service"
        return {"applies": {"truth": truth, "tests": tests}, "rules": rules, "derived": derived}

    def rule(self, rule: Rule) -> dict[str, Any]:
        effect, tests, base = rule.effect, dict[str, Any](), ("rules", rule.id)
        condition = self.condition(rule.condition, "when", tests, *base)
        others = {one: self.truths[one] for one in rule.overridden_by if one in self.truths}
        parts = [self.seen(condition, *base, "condition"), *map(OPPOSITE.get, others.values())]
        truth = at_least(len(parts), parts)
        self.truths[rule.id] = self.seen(truth, *base, "truth")
        does: dict[str, Any] = {"finds": getattr(effect, "kind", None)}
        if isinstance(effect, Conclude):
            does = {"concludes": {name: as_json(value) for name, value in effect.values}}
        elif effect.to is not None:
            does["to"] = as_json(value_of(effect.to, self.known))
        return {"file": rule.origin, "hash": self.hashes.rules[rule.id], "truth": truth, **does,
                "condition": condition, "overridden_by": others, "tests": tests}  # fmt: skip

    def condition(self, whole: Condition, place: str, tests: dict[str, Any], *base: str) -> str:
        """The truth of a condition; the steps of its tests are put with `tests`."""
        match whole:
            case Test():
                step = tests[place] = self.test(whole, *base, "tests", place)
                return str(self.seen(step["truth"], *base, "tests", place, "truth"))
            case Not(part):
                return OPPOSITE[self.condition(part, f"{place}.not", tests, *base)]
            case All(parts):
                word, count = "all", len(parts)
            case AnyOf(parts):
                word, count = "any", 1
            case AtLeast(count, parts):
                word = "of"
        below = [(f"{place}.{word}[{index}]", part) for index, part in enumerate(parts)]
        return at_least(count, [self.condition(part, at_, tests, *base) for at_, part in below])

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
        """What a reduction that holds leaves before the first line: the least and the most."""
        if effect.kind == "reduce" and self.truths[id_] == "holds":
            own = None if effect.to is None else value_of(effect.to, self.known)
            to = self.seen(own, "rules", id_, "to", type_=NUMBER)
            self.left[id_] = (ZERO, ENDLESS) if to is None else (max(to, ZERO), max(to, ZERO))

    def reduce(self, index: int, outcome: str, units: Any, before: Any, bare: bool) -> Any:
        """A line takes the least that its reductions leave; it pends where that is not known."""
        least, most = (min(amounts[side] for amounts in before.values()) for side in (0, 1))
        billed, allowed = most if units is None else units, units
        least, most = min(least, billed), min(most, billed)
        unknown = {id_ for id_, (_, high) in before.items() if high == ENDLESS}
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
            self.left[id_] = (max(low - taken, ZERO), high if outcome == "pend" else high - taken)
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
                {**self.about(id_, "unsettled", "kind", "waits_for"), "unknown": what,
                 "lines": on(self.waits[id_, what])} for id_, what in waits],
            "missing": [] if self.conflicts else self.questions({id_ for id_, _ in waits}),
            "assumptions": [self.about(id_, "assumptions", "citations", "waits_for")
                            for id_ in sorted(self.assumed)],
            "derived": {name: as_json(self.known[name]) for name in sorted(rules.derived)
                        if self.known.get(name) is not None},
            "information_request": asks and _reason(asks),
            "internal": fault or self.conflict(),
        }  # fmt: skip

    def about(self, id_: str, where: str, *more: str) -> dict[str, Any]:
        """What is said of a rule. The facts that it waits for: any that are not known."""
        rule, sources, facts = self.rules[id_], self.ruleset.references, self.ruleset.facts
        cited = [{"id": one, "title": getattr(sources.get(one), "title", one),
                  "href": getattr(sources.get(one), "href", None)} for one in rule.cites]  # fmt: skip
        waits = [name for name in names(self.was, "determination", where, id_, "waits_for")
                 if name in facts and self.known.get(name) is None]  # fmt: skip
        said = {"rule": id_, "title": rule.title, "kind": getattr(rule.effect, "kind", None),
                "citations": cited, "waits_for": waits}  # fmt: skip
        return {key: said[key] for key in ("rule", "title", *more)}

    def finding(self, id_: str, lines: list[Any]) -> dict[str, Any]:
        effect: Any = self.rules[id_].effect
        slots = [*map(self.slot, effect.because.facts), ""]
        text = "".join(map("".join, zip(effect.because.pieces, slots, strict=True)))
        on = None if effect.part is None else self.ruleset.line_parts.get(effect.part, effect.part)
        return {**self.about(id_, "findings", "kind", "citations"), **_reason(effect.reason),
                "because": text, "lines": lines, "on": on}  # fmt: skip

    def slot(self, name: str) -> str:
        """A value in a sentence, with its unit: in the plural, but for one of it."""
        parameter = self.ruleset.parameters.get(name.removeprefix("parameter:"))
        if name.startswith("parameter:") and parameter is not None:
            return f"{format_value(parameter.value)} {parameter.unit or ''}".rstrip()
        value, fact = self.known.get(name), self.ruleset.facts.get(name)
        if value is None and fact is not None and fact.type.kind == "date":
            return "an unknown date"
        text = format_value(value, None if fact is None else fact.type)
        one = value == 1 and value is not True and fact is not None and fact.type.unit in PLURAL
        return text[:-1] if one else text

    def conflict(self) -> str | None:
        """The recorded sentence on the derived facts in conflict, if it names each of them."""
        said, facts = str(self.said("internal")), self.ruleset.facts
        missed = [name for name in self.conflicts if facts[name].label not in said]
        return f"a conflict of {', '.join(missed)}" if missed else said if self.conflicts else None

    def questions(self, open_: set[str]) -> list[dict[str, Any]]:
        """The recorded questions, if they are about unknown facts and rules that wait."""
        out, was = [], self.said("missing")
        for name in names(was):
            fact, rules = self.ruleset.facts.get(name), names(was, name, "rules")
            if fact is not None and self.known.get(name) is None and open_ >= {*rules}:
                text = fact.question or at(was, name, "question")
                by, mends = fact.supplied_by, fact.correctable
                out.append({"fact": name, "label": fact.label, "question": text,
                            "supplied_by": by, "correctable": mends, "rules": rules})  # fmt: skip
        return out


def _reason(reason: Any) -> dict[str, Any]:
    return {"group": reason.group, "carc": reason.carc, "rarcs": list(reason.rarcs)}
