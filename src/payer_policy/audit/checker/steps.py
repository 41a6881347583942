"""The checker: every step of a record from facts to decision, against one ruleset.

Short enough to read in one sitting, and without any code of the engines or of `determination`. Each step
is computed twice: from the facts, and from the recorded steps before it. What follows from neither is
wrong, so one wrong step is reported once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from payer_policy.audit.checker.certified import certified
from payer_policy.audit.checker.lines import FOLLOWED, NEED, NUMBER, Lines
from payer_policy.audit.checker.silence import facts_assumed, stated
from payer_policy.audit.checker.values import (
    OPPOSITE,
    as_json,
    at_least,
    codes,
    concluded,
    in_order,
    judged,
    read,
    truth_of,
    value_of,
)
from payer_policy.audit.checker.waits import Waits
from payer_policy.core.ruleset import (  # fmt: skip
    ENGINES,
    PREAUTHORIZATION,
    Conclude,
    Condition,
    Rule,
    Ruleset,
    Test,
    facts_in_test,
)
from payer_policy.core.sealed import NOTHING, Wrong, at, differences, keyed, leaves, names
from payer_policy.core.vocabulary.types import FactType, format_value

Sources = Mapping[tuple[str, str], str]
SOURCES: Final = {"kind": ("request", "kind"), "code": ("service", "code"),
                  "service_date": ("service", "date")}  # fmt: skip
AROUND: Final = frozenset({"answers", "candidates", "through"})
"""The members of a record on what surrounds its determination, which `answers` checks."""
FAILED: Final = r"The engine `{}` failed on this request \([a-z0-9 ]+\)\. Nothing was decided\."
DISAGREE: Final = r"The engines do not agree: .+"
UNKNOWN: Final = ("condition", "authorization", "amount", "line units", "earlier lines",
                  "lines followed", "preauthorization")  # fmt: skip
RANK: Final = ("deny", "pend", "reduce", "certify", "advise")
DATE: Final = FactType("date")
PLURAL: Final = ("minutes", "hours", "days", "weeks", "months", "years", "points", "containers",
                 "billing units")  # fmt: skip


class Verified(NamedTuple):
    """The result for one record."""

    content: Mapping[str, Any]
    """The record, as JSON values."""
    steps: int
    """How many of its values were checked."""
    wrong: tuple[Wrong, ...]
    """The steps that do not follow, each with its place."""
    unchecked: tuple[str, ...] = ()
    """What could not be checked, in sentences; a record with any is not proved."""


def check(content: Mapping[str, Any], ruleset: Ruleset, by: Sources) -> Verified:
    """Check a record against one ruleset, apart from its hash and from what surrounds it.

    `by` names the facts that are read from fields of the request, as in a library.
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


class Account(Lines):
    """The record as it should be, from its facts alone or, with `trust`, from its recorded steps."""

    def __init__(self, ruleset: Ruleset, was: Any, trust: int) -> None:
        super().__init__(ruleset)
        self.was, self.trust = was, trust
        self.open = Waits(ruleset, self.known, self.truths)

    def seen(self, own: Any, *path: str, type_: FactType | None = None) -> Any:
        """What later steps use: the checker's own truth or value, or the recorded one."""
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
            self.recorded = dict(self.truths)
            if self.conflicts:
                self.unsettle()
        billed = [self.line(at(was, "lines", key)) for key in names(was, "lines")]
        confirmations = self.confirmations()
        self.asks = about["kind"] == PREAUTHORIZATION
        self.day = read(DATE, about["service_date"], None)
        self.needed = self.known.get(str(rules.needed_by))
        silence = stated(was, inputs)
        lines, steps = self.lines(billed, fault)
        proof = proof and {**proof, "lines": steps}
        said = self.determination(lines, [at(line, "number") for line in billed], fault)
        if proof is not None:
            said["assumptions"] += self.facts_assumed(silence, billed, said["decision"])
        said |= self.terms(said["decision"], about["code"], billed, lines)
        return {"format": "payer-policy/record/2", "request": about["claim_id"], "policy": policy,
                "meaning": dict(rules.parts.others), "facts": facts, "silence": silence,
                **confirmations, "lines": billed, "proof": proof,
                "determination": {**about, **said}}  # fmt: skip

    def confirmations(self) -> dict[str, Any]:
        """What clinicians have confirmed: recorded, like the facts, and of rules that they review."""
        stated = []
        for key in names(self.was, "confirmations"):
            rule, by, on = (at(self.was, "confirmations", key, one) for one in ("rule", "by", "on"))
            known = rule in self.rules and getattr(self.rules[rule].effect, "review", False)
            day = read(DATE, on, None)
            stated.append({
                "rule": rule if known else "a rule that a clinician must review",
                "by": by if isinstance(by, str) and by != NOTHING else "who confirmed it",
                "on": "a date" if day is None else as_json(day),
            })  # fmt: skip
        self.confirmed = {one["rule"] for one in stated}
        return {"confirmations": stated} if stated else {}

    def terms(
        self, decision: str, code: Any, billed: list[Any], lines: list[Any]
    ) -> dict[str, Any]:
        """What is recommended, and what is certified, where anything is."""
        said: dict[str, Any] = {"recommended": "deny"} if self.recommended else {}
        if self.certifying is not None and decision in ("approve", "partial"):
            units = [read(NUMBER, one["units"], None) for one in billed]
            allowed = [read(NUMBER, at(one, "allowed_units"), None) for one in lines]
            said["certified"] = certified(*self.certifying, code, units, allowed if billed else [])
        return said

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

    def facts_assumed(
        self, silence: dict[str, Any] | None, billed: list[Any], decision: str
    ) -> list[dict[str, Any]]:
        """The facts on which the decision rests although nothing was stated about them."""
        facts = {one: value for one, value in self.known.items() if one not in self.ruleset.derived}
        covered = self.known.get(str(self.ruleset.covered_by))
        on = {part for one in billed for part in one["parts"]} if billed else None
        denied = decision == "deny" or self.recommended
        needed = self.needed if self.asks and billed and self.ruleset.needed_by else None
        found = facts_assumed(
            self.ruleset, facts, silence, self.truths, covered, on, denied, self.asks, needed
        )
        return [{"rule": None, "fact": one, "title": self.ruleset.facts[one].label,
                 "citations": [], "waits_for": [one]} for one in found]  # fmt: skip

    # --- from facts to rules ---------------------------------------------------------------------

    def proof(self) -> dict[str, Any]:
        rules, derived = dict[str, Any](), dict[str, Any]()
        for one in in_order(self.ruleset):
            if isinstance(one, str):
                derived[one] = self.derived(one)
            else:
                rules[one.id] = self.rule(one)
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
        """As `judged`; the steps of the tests are added to `tests`."""

        def judge(test: Test, at_: str) -> str:
            step = tests[at_] = self.test(test, *base, "tests", at_)
            return str(self.seen(step["truth"], *base, "tests", at_, "truth"))

        return judged(whole, judge, place)

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
        value, conflict = concluded(self.ruleset, name, self.truths)
        self.known[name] = value
        self.conflicts += [name] if conflict else []
        truths = {id_: self.truths[id_] for id_ in self.concluding(name)}
        return {"value": as_json(value), "conflict": conflict, "settled_by": truths}

    # --- the determination ------------------------------------------------------------------------

    def determination(self, lines: list[Any], numbers: list[Any], fault: Any) -> dict[str, Any]:
        def on(indices: list[int]) -> list[Any]:
            return list(dict.fromkeys(numbers[one] for one in sorted(indices))) if numbers else []

        outcomes, rules = {line["outcome"] for line in lines}, self.ruleset
        mixed = len(outcomes) > 1 or "reduce" in outcomes
        decision = "pend" if "pend" in outcomes else "partial" if mixed else lines[0]["outcome"]
        findings = [self.finding(id_, on(self.finds[id_])) for id_ in sorted(self.finds)]
        if self.none_needed:
            findings = [self.advice(one) for one in findings]
        waits = sorted(self.waits, key=lambda key: (key[0], UNKNOWN.index(key[1])))
        asks = rules.information_request if {what for _, what in waits} - {FOLLOWED} else None
        return {
            "decision": decision,
            "headline": min(findings, key=self.rank)["rule"] if findings else None,
            "lines": lines if numbers else [],
            "findings": findings,
            "unsettled": [
                {**self.about(id_, "kind"), "unknown": what, "lines": on(self.waits[id_, what]),
                 "waits_for": self.open.waits_for(id_, what)} for id_, what in waits],
            "missing": [] if self.none_needed else self.open.questions(waits, self.said("missing")),
            "assumptions": [{**self.about(id_, "citations"), "fact": None,
                             "waits_for": self.open.waits_for(id_)}
                            for id_ in sorted(self.assumed) if not self.none_needed],
            "derived": {name: as_json(self.known[name]) for name in sorted(rules.derived)
                        if self.known.get(name) is not None},
            "information_request": None if self.none_needed else asks and codes(asks),
            "conflicts": [
                {"fact": name, "label": rules.facts[name].label, "rules": sorted(
                    one for one in self.concluding(name) if self.recorded[one] == "holds")}
                for name in sorted(self.conflicts)] + ([
                {"fact": "certified", "label": "what is certified", "rules": self.contradict}]
                if self.contradict else []),
            "internal": fault,
        }  # fmt: skip

    def rank(self, found: Mapping[str, Any]) -> tuple[int, int, str]:
        """The place of a finding among those that may lead."""
        rule, sections = self.rules.get(found["rule"]), self.ruleset.sections
        section = None if rule is None else rule.section
        place = sections.index(section) if section in sections else len(sections) + (rule is None)
        return RANK.index(found["kind"]), place, found["rule"]

    def followed_title(self, part: str) -> str:
        labels = self.ruleset.line_parts
        label = labels[part]
        followed = labels[self.ruleset.follows[part]]
        return f"{label[:1].upper()}{label[1:]} billed, and none of {followed} paid"

    def about(self, id_: str, *more: str) -> dict[str, Any]:
        if id_ == NEED:
            what = {
                "rule": id_,
                "title": "Whether preauthorization is needed is open",
                "kind": "pend",
            }
            return {key: what[key] for key in ("rule", "title", *more)}
        if id_ not in self.rules:  # a built-in finding
            part = next(one for one in self.ruleset.follows if self.built_in(one) == id_)
            what = {"rule": id_, "title": self.followed_title(part), "kind": "deny"}
            return {key: what[key] for key in ("rule", "title", *more)}
        rule, sources = self.rules[id_], self.ruleset.references
        cited = [{"id": one, "title": getattr(sources.get(one), "title", one),
                  "href": getattr(sources.get(one), "href", None)} for one in rule.cites]  # fmt: skip
        said = {"rule": id_, "title": rule.title, "kind": getattr(rule.effect, "kind", None),
                "citations": cited}  # fmt: skip
        return {key: said[key] for key in ("rule", "title", *more)}

    def finding(self, id_: str, lines: list[Any]) -> dict[str, Any]:
        if id_ not in self.rules:
            return self.finding_with_others(id_, lines)
        effect: Any = self.rules[id_].effect
        slots = [*map(self.slot, effect.because.facts), ""]
        text = "".join(map("".join, zip(effect.because.pieces, slots, strict=True)))
        on = None if effect.part is None else self.ruleset.line_parts.get(effect.part, effect.part)
        about = self.about(id_, "kind", "citations")
        silenced = id_ in self.silenced
        about["kind"] = "advise" if silenced else about["kind"]
        more: dict[str, Any] = {}
        if self.reviewed(id_) and not silenced:
            more["review"] = "clinician"
        if effect.disposition and not silenced:
            more["disposition"] = effect.disposition
        if effect.follow_up and not silenced:
            more["follow_up"] = True
        return {**about, "silenced": silenced, **codes(effect.reason),
                "because": text, "lines": lines, "on": on, **more}  # fmt: skip

    @staticmethod
    def advice(found: dict[str, Any]) -> dict[str, Any]:
        """A finding where no preauthorization is needed: advice on what a claim would meet."""
        if found["kind"] == "advise":
            return found
        kept = {key: one for key, one in found.items() if key != "disposition"}
        return {**kept, "kind": "advise", "would": found["kind"]}

    def finding_with_others(self, id_: str, lines: list[Any]) -> dict[str, Any]:
        """The finding that lines are denied with those that they follow, for the leading reason there."""
        part = next(one for one in self.ruleset.follows if self.built_in(one) == id_)
        labels, other = self.ruleset.line_parts, self.ruleset.follows[part]
        billed = [self.line(at(self.was, "lines", key)) for key in names(self.was, "lines")]
        followed = [index for index, line in enumerate(billed) if other in line["parts"]]
        found = [self.finding(one, []) for one in self.finds
                 if one in self.rules and {*followed} & {*self.finds[one]}]  # fmt: skip
        led = min(
            (one for one in found if one["kind"] in ("deny", "reduce", "certify")), key=self.rank
        )
        led = {key: one for key, one in led.items() if key not in ("review", "follow_up")}
        numbers = list(dict.fromkeys(str(billed[index]["number"]) for index in followed))
        some = f"{', '.join(numbers[:-1])} and {numbers[-1]}" if numbers[1:] else numbers[0]
        where = f"{'lines' if numbers[1:] else 'line'} {some}"
        because = f"None of {labels[other]} is paid ({where}: {led['title']}), "
        because += f"so {labels[part]} are not paid."
        return {**led, "rule": id_, "title": self.followed_title(part), "kind": "deny",
                "because": because, "lines": lines, "on": labels[part]}  # fmt: skip

    def slot(self, name: str) -> str:
        """A value in a sentence, with its unit in the singular or plural."""
        parameter = self.ruleset.parameters.get(name.removeprefix("parameter:"))
        if name.startswith("parameter:") and parameter is not None:
            return f"{format_value(parameter.value)} {parameter.unit or ''}".rstrip()
        value, fact = self.known.get(name), self.ruleset.facts.get(name)
        if value is None and fact is not None and fact.type.kind == "date":
            return "an unknown date"
        text = format_value(value, None if fact is None else fact.type)
        one = value == 1 and value is not True and fact is not None and fact.type.unit in PLURAL
        return text[:-1] if one else text
