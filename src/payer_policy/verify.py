"""The checker of records: every step from facts to decision, against the policy files.

It shares no code with the engines, `semantics` or `determination`, and is short enough to be read
in one sitting. Each step is worked out twice: from the facts, and from the steps before it as they
are recorded. What follows from neither is wrong; so one wrong step is one report, not a landslide.
"""

from __future__ import annotations

import hashlib
import json
import math
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final, NamedTuple

from payer_policy.policy.hashing import part_hashes, short_hash
from payer_policy.policy.library import Library
from payer_policy.ruleset import (
    All, AnyOf, Arithmetic, AtLeast, Conclude, Condition, Constant, Expression, FactRef, Finding,
    Not, Rule, Ruleset, Score, Test, Window, facts_in_test,
)  # fmt: skip
from payer_policy.vocabulary.types import FactType, format_value, to_json

Record = Mapping[str, Any]
Sources = Mapping[tuple[str, str], str]
NOTHING: Final = "(nothing)"
OPPOSITE: Final = {"holds": "fails", "fails": "holds", "unknown": "unknown"}
DOES: Final = {"deny": "denies", "pend": "pends", "reduce": "reduces", "advise": "advises"}
UNKNOWN: Final = ("condition", "amount", "line units", "earlier lines")
ZERO, ENDLESS, NUMBER = Fraction(), Fraction(10**18), FactType("decimal")
PLURAL: Final = {"minutes", "hours", "days", "weeks", "months", "years", "points", "containers",
                 "billing units"}  # fmt: skip
HOLDS: Final[Mapping[str, Any]] = {
    "is": lambda x, v: x == v,
    "is_not": lambda x, v: not x == v,
    "in": lambda x, v: any(x == one for one in v),
    "not_in": lambda x, v: not any(x == one for one in v),
    **dict.fromkeys(("at_least", "on_or_after"), lambda x, v: not x < v),
    **dict.fromkeys(("more_than", "after"), lambda x, v: v < x),
    **dict.fromkeys(("at_most", "on_or_before"), lambda x, v: not v < x),
    **dict.fromkeys(("less_than", "before"), lambda x, v: x < v),
    "between": lambda x, a, b: not (x < a or b < x),
    "within": lambda x, days: not (x < days[0] or days[1] < x),
    "includes": lambda x, v: v in x,
    "includes_any": lambda x, v: any(code in x for code in v),
    "includes_all": lambda x, v: all(code in x for code in v),
    "excludes": lambda x, v: not any(code in x for code in v),
}
COMPUTE: Final[Mapping[str, Any]] = {
    "sum": lambda *all_: sum(all_, ZERO),
    "difference": lambda a, b: a - b,
    "product": lambda *all_: math.prod(all_, start=Fraction(1)),
    "quotient": lambda a, b: a / b if b else None,
    "round_up": lambda a: Fraction(math.ceil(a)),
    "round_down": lambda a: Fraction(math.floor(a)),
    "minimum": lambda *all_: min(all_),
    "maximum": lambda *all_: max(all_),
    "days_between": lambda a, b: Fraction((b - a).days),
    "years_between": lambda a, b: Fraction(b.year - a.year - (f"{b:%m%d}" < f"{a:%m%d}")),
}


class Wrong(NamedTuple):
    """A step that does not follow: its place in the record, what is recorded, what follows, and
    the policy file by which it follows (None: the record alone says so)."""

    path: tuple[str, ...]
    recorded: Any
    found: Any
    file: str | None = None


class Verified(NamedTuple):
    """The answer on one record. `steps` counts the values in it that were checked."""

    record: Record
    steps: int
    wrong: tuple[Wrong, ...]


def verify(line: bytes, library: Library) -> Verified:
    """Check one line of a file of records, whatever its bytes are."""
    try:
        record = json.loads(line.decode("ascii"))
        content = {key: value for key, value in record.items() if key != "sha256"}
    except (ValueError, AttributeError, RecursionError) as error:
        return Verified({}, 0, (Wrong(("record",), "damaged", str(error)[:80]),))
    plain = json.dumps(content, separators=(",", ":"))
    seal, was = hashlib.sha256(plain.encode()).hexdigest(), record.get("sha256", NOTHING)
    wrong = [] if was == seal else [Wrong(("sha256",), was, seal)]
    if line != f'{plain[:-1]},"sha256":{json.dumps(was)}}}\n'.encode():
        wrong.append(Wrong(("bytes",), "spelt otherwise", "compact JSON and one line end"))
    if "without_policy" in content:
        checked = _without_policy(content, library)
    elif (ruleset := _ruleset(content, library)) is None:
        place = Wrong(("policy",), content.get("policy", NOTHING), "no such policy on that day")
        checked = Verified(content, 0, (place,))
    else:
        checked = check(content, ruleset, library.reference_hash, library.facts_by_source)
    return checked._replace(wrong=(*wrong, *checked.wrong))


def check(content: Record, ruleset: Ruleset, reference: str, sources: Sources) -> Verified:
    """Check what a record says, its own hash aside, against one ruleset.

    `reference` is the hash of the folder's reference data; `sources` names the facts that are read
    from fields of the request. A library has both.
    """
    was, meaning = _keyed(content), part_hashes(ruleset, reference)
    own, trusting = (_keyed(_Account(ruleset, was, trust).record(meaning, sources)) for trust in (0, 1))
    files = {rule.id: rule.origin for rule in ruleset.rules}
    main = f"{ruleset.policy}/{ruleset.version}"
    wrong = [
        Wrong(path, *pair, file=next((files[key] for key in path if key in files), main) + ".json")
        for path, *pair in _differences((), was, own, trusting)
    ]
    return Verified(content, _leaves(own), tuple(wrong))


class _Account:
    """The record as it should be: by its facts alone or, if it is trusted, by its earlier steps."""

    def __init__(self, ruleset: Ruleset, was: Any, trust: int) -> None:
        self.ruleset, self.was, self.trust = ruleset, was, trust
        self.known: dict[str, Any] = {}
        self.truths: dict[str, str] = {}
        self.conflicts: list[str] = []
        self.left: dict[str, tuple[Fraction, Fraction]] = {}
        self.finds: dict[str, list[int]] = {}
        self.waits: dict[tuple[str, str], list[int]] = {}
        self.assumed: set[str] = set()

    def seen(self, own: Any, *path: str, type_: FactType | None = None) -> Any:
        """What later steps build on: our own truth or value, or the recorded one."""
        raw = _at(self.was, "proof", *path) if self.trust else NOTHING
        if type_ is None:
            return raw if isinstance(raw, str) and raw in OPPOSITE else own
        return own if raw == NOTHING else _read(type_, raw, own)

    def record(self, meaning: dict[str, str], sources: Sources) -> dict[str, Any]:
        rules, was = self.ruleset, self.was
        facts = {name: self.fact(name) for name in _keys(was, "facts") if name in rules.facts}
        named = ("version", "title", "hash", "first_day", "last_day")
        policy = {"address": rules.policy, **{name: _json(getattr(rules, name)) for name in named}}
        about = {key: _at(was, "determination", key) for key in ("kind", "code", "service_date")}
        for key, root, path in zip(about, ("request", "service", "service"), ("kind", "code", "date")):
            if (value := self.known.get(sources.get((root, path), ""))) is not None:
                about[key] = _json(value)
        day = str(about["service_date"] or rules.first_day)
        if not str(rules.first_day) <= day <= str(rules.last_day or day):
            about["service_date"] = f"a day from {rules.first_day} to {rules.last_day}"
        proof, fault = None, _at(was, "determination", "internal")
        if was.get("proof", NOTHING) is not None or fault is None:
            proof, fault = self.proof(), None
        given = [_at(was, "lines", key) for key in _keys(was, "lines")]
        lines, steps = self.lines(given, fault)
        if proof is not None:
            proof["lines"] = steps
        about |= {"schema": "payer-policy/determination/1", "claim_id": _at(was, "request")}
        about |= {"engine": _at(was, "determination", "engine"), "policy": policy}
        said = self.determination(lines, [_at(line, "number") for line in given], fault)
        return {"format": "payer-policy/record/1", "request": about["claim_id"], "policy": policy,
                "meaning": meaning, "facts": facts, "lines": given, "proof": proof,
                "determination": {**about, **said}}  # fmt: skip

    def fact(self, name: str) -> dict[str, Any]:
        type_ = self.ruleset.facts[name].type
        value = self.known[name] = _read(type_, _at(self.was, "facts", name, "value"), None)
        found = type_.describe() if value is None else _json(value)
        return {"type": type_.kind, "unit": type_.unit, "value": found}

    # --- from facts to rules ---------------------------------------------------------------------

    def proof(self) -> dict[str, Any]:
        last = {name: max((at for at, _ in fact.concluded_by), default=-1)
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
        at, tests, effect = ("rules", rule.id), {}, rule.effect
        condition = self.condition(rule.condition, "when", tests, *at)
        others = {one: self.truths[one] for one in rule.overridden_by if one in self.truths}
        parts = [self.seen(condition, *at, "condition"), *(OPPOSITE[one] for one in others.values())]
        truth = _at_least(len(parts), parts)
        self.truths[rule.id] = self.seen(truth, *at, "truth")
        if isinstance(effect, Conclude):
            does: Any = {"concludes": {name: _json(value) for name, value in effect.values}}
        else:
            does = {"finds": effect.kind}
            does |= {} if effect.to is None else {"to": _json(_value(effect.to, self.known))}
        return {"file": rule.origin, "hash": short_hash(rule), "truth": truth, **does,
                "condition": condition, "overridden_by": others, "tests": tests}  # fmt: skip

    def condition(self, whole: Condition, at: str, tests: dict[str, Any], *base: str) -> str:
        """The truth of a condition; the steps of its tests are put with `tests`."""
        match whole:
            case Test():
                tests[at] = self.test(whole, *base, "tests", at)
                return str(self.seen(tests[at]["truth"], *base, "tests", at, "truth"))
            case Not(part):
                return OPPOSITE[self.condition(part, f"{at}.not", tests, *base)]
            case All(parts):
                word, count = "all", len(parts)
            case AnyOf(parts):
                word, count = "any", 1
            case AtLeast(count, parts):
                word = "of"
        places = enumerate(parts)
        return _at_least(
            count, [self.condition(part, f"{at}.{word}[{i}]", tests, *base) for i, part in places]
        )

    def test(self, test: Test, *base: str) -> dict[str, Any]:
        types, facts = {name: fact.type for name, fact in self.ruleset.facts.items()}, {}
        for name in facts_in_test(test):
            facts[name] = self.seen(self.known.get(name), *base, "read", name, type_=types[name])
        left, right = _value(test.left, facts), [_value(side, facts) for side in test.right]
        if test.operator == "is_known":
            truth = "holds" if (left is not None) == right[0] else "fails"
        elif left is None or any(value is None for value in right):
            truth = "unknown"
        else:
            truth = "holds" if HOLDS[test.operator](left, *right) else "fails"
        read = {name: _json(self.known.get(name)) for name in facts}
        return {"fact": test.fact, "test": test.operator, "read": read, "truth": truth}

    def derived(self, name: str) -> dict[str, Any]:
        fact, ids = self.ruleset.derived[name], [rule.id for rule in self.ruleset.rules]
        by = [(value, self.truths[ids[at]]) for at, value in fact.concluded_by]
        holding = {value for value, truth in by if truth == "holds"}
        possible = {value for value, truth in by if truth != "fails"}
        self.conflicts += [name] if len(holding) > 1 else []
        settled = holding == possible and len(holding) < 2
        value = self.known[name] = _plain([*holding, fact.otherwise][0]) if settled else None
        return {"value": _json(value), "conflict": len(holding) > 1,
                "settled_by": {ids[at]: self.truths[ids[at]] for at, _ in fact.concluded_by}}  # fmt: skip

    # --- from rules to lines ---------------------------------------------------------------------

    def lines(self, given: Sequence[Any], fault: Any) -> tuple[list[Any], list[Any]]:
        """The outcome of each line, and what led to it. Without lines: of one with every part."""
        live = sorted(id_ for id_, truth in self.truths.items() if truth != "fails")
        found = [(id_, self.ruleset.rule(id_)) for id_ in live]
        rules = {id_: (rule, rule.effect) for id_, rule in found if isinstance(rule.effect, Finding)}
        for id_, (_, effect) in rules.items():
            if effect.kind == "reduce" and self.truths[id_] == "holds":
                own = None if effect.to is None else _value(effect.to, self.known)
                to = self.seen(own, "rules", id_, "to", type_=NUMBER)
                self.left[id_] = (ZERO, ENDLESS) if to is None else (max(to, ZERO), max(to, ZERO))
        lines, steps = [], []
        for at, line in enumerate(given or [{}]):
            does = {}
            for id_, (rule, effect) in rules.items():
                if given and effect.part not in (None, *_keys(line, "parts")):
                    continue
                if self.truths[id_] == "holds":
                    does[id_] = DOES[effect.kind]
                elif effect.kind != "advise":
                    does[id_] = "is assumed" if rule.assume_not_holding else "waits"
            before = {id_: self.left[id_] for id_, what in does.items() if what == "reduces"}
            denied, stuck = "denies" in does.values(), fault or self.conflicts
            outcome = "pend" if {"pends", "waits"} & {*does.values()} else "approve"
            outcome = "pend" if stuck else "deny" if denied else outcome
            allowed = units = _read(NUMBER, _at(line, "units"), None)
            if before and outcome != "deny":
                outcome, allowed = self.reduce(at, outcome, units, before, bare=not given)
            for id_, what in does.items():
                if what in ("denies", "pends", "advises"):
                    self.finds.setdefault(id_, []).append(at)
                elif what == "waits" and not denied:
                    self.waits.setdefault((id_, "condition"), []).append(at)
                elif what == "is assumed" and outcome != "deny" and not stuck:
                    self.assumed.add(id_)
            allowed = {"pend": None, "deny": ZERO}.get(outcome, allowed)
            shared = {"number": _at(line, "number"), "parts": _at(line, "parts")}
            lines.append({**shared, "outcome": outcome, "billed_units": _at(line, "units"),
                          "allowed_units": _json(allowed)})  # fmt: skip
            left = {id_: [_json(low), _json(high)] for id_, (low, high) in before.items()}
            steps.append({"number": shared["number"], "rules": does, "left": left})
        for at, line in enumerate(lines):
            line["findings"] = [id_ for id_ in sorted(self.finds) if at in self.finds[id_]]
        return lines, steps if given else []

    def reduce(self, at: int, outcome: str, units: Any, before: Any, bare: bool) -> tuple[str, Any]:
        """A line takes the least that its reductions leave; it pends where that is not known."""
        least, most = (min(amounts[side] for amounts in before.values()) for side in (0, 1))
        billed, allowed = most if units is None else units, units
        least, most = min(least, billed), min(most, billed)
        unknown = {id_ for id_, (_, high) in before.items() if high == ENDLESS}
        if units is None or unknown or (outcome == "approve" and least != most):
            outcome = "pend"
        elif outcome == "approve" and most < units:
            outcome, allowed = ("reduce", most) if most > 0 else ("deny", ZERO)
        for id_, (low, high) in before.items():
            if id_ not in unknown and (bare if units is None else high < units):
                self.finds.setdefault(id_, []).append(at)
            what = "line units" if units is None else "earlier lines"
            what = "amount" if id_ in unknown else what
            if outcome == "pend" and (what != "earlier lines" or low < min(units, high)):
                self.waits.setdefault((id_, what), []).append(at)
            taken = ZERO if outcome == "deny" else max(most, ZERO)
            self.left[id_] = (max(low - taken, ZERO), high if outcome == "pend" else high - taken)
        return outcome, allowed

    # --- what is said ----------------------------------------------------------------------------

    def determination(self, lines: list[Any], numbers: list[Any], fault: Any) -> dict[str, Any]:
        def on(places: list[int]) -> list[Any]:
            return list(dict.fromkeys(numbers[at] for at in places)) if numbers else []

        outcomes, rules = {line["outcome"] for line in lines}, self.ruleset
        mixed = len(outcomes) > 1 or "reduce" in outcomes
        waits = sorted(self.waits, key=lambda key: (key[0], UNKNOWN.index(key[1])))
        asks = rules.information_request if waits and not self.conflicts else None
        open_ = {id_ for id_, _ in waits}
        return {
            "decision": "partial" if mixed else lines[0]["outcome"],
            "lines": lines if numbers else [],
            "findings": [self.finding(id_, on(self.finds[id_])) for id_ in sorted(self.finds)],
            "unsettled": [{**self.about(id_, "kind"), "unknown": what, "lines": on(self.waits[id_, what]),
                           "waits_for": self.asked("unsettled", id_)} for id_, what in waits],
            "missing": [] if self.conflicts else self.questions(open_),
            "assumptions": [{**self.about(id_, "citations"), "waits_for": self.asked("assumptions", id_)}
                            for id_ in sorted(self.assumed)],
            "derived": {name: _json(self.known[name]) for name in sorted(rules.derived)
                        if self.known.get(name) is not None},
            "information_request": asks and {"group": asks.group, "carc": asks.carc, "rarcs": [*asks.rarcs]},
            "internal": fault or self.conflict(),
        }  # fmt: skip

    def about(self, id_: str, *more: str) -> dict[str, Any]:
        rule, references = self.ruleset.rule(id_), self.ruleset.references
        cited = [(one, references.get(one)) for one in rule.cites]
        said = {"rule": id_, "title": rule.title, "kind": getattr(rule.effect, "kind", None),
                "citations": [{"id": one, "title": source.title if source else one,
                               "href": source.href if source else None} for one, source in cited]}  # fmt: skip
        return {key: said[key] for key in ("rule", "title", *more)}

    def finding(self, id_: str, lines: list[Any]) -> dict[str, Any]:
        effect: Any = self.ruleset.rule(id_).effect
        reason, on, because = effect.reason, effect.part, effect.because
        slots = [*map(self.slot, because.facts), ""]
        text = "".join(piece + slot for piece, slot in zip(because.pieces, slots, strict=True))
        return {**self.about(id_, "kind", "citations"), "group": reason.group, "carc": reason.carc,
                "rarcs": [*reason.rarcs], "because": text, "lines": lines,
                "on": None if on is None else self.ruleset.line_parts.get(on, on)}  # fmt: skip

    def slot(self, name: str) -> str:
        """A value in a sentence, with its unit: in the plural, but for one of it."""
        parameter = self.ruleset.parameters.get(name.removeprefix("parameter:"))
        if name.startswith("parameter:") and parameter is not None:
            return f"{_words(parameter.value, None)} {parameter.unit or ''}".rstrip()
        fact = self.ruleset.facts.get(name)
        return _words(self.known.get(name), fact and fact.type)

    def conflict(self) -> str | None:
        """The recorded sentence on the derived facts in conflict, if it names each of them."""
        said, facts = str(_at(self.was, "determination", "internal")), self.ruleset.facts
        missed = [name for name in self.conflicts if facts[name].label not in said]
        return f"a conflict of {', '.join(missed)}" if missed else said if self.conflicts else None

    def asked(self, *path: str) -> list[Any]:
        """The recorded facts that are waited for, if they are facts that are not known."""
        names, facts = _at(self.was, "determination", *path, "waits_for"), self.ruleset.facts
        return [name for name in _keys(names) if name in facts and self.known.get(name) is None]

    def questions(self, open_: set[str]) -> list[dict[str, Any]]:
        """The recorded questions, if they are about unknown facts and rules that wait."""
        out, was = [], _at(self.was, "determination", "missing")
        for name in _keys(was):
            fact, rules = self.ruleset.facts.get(name), _keys(was, name, "rules")
            if fact is not None and self.known.get(name) is None and open_ >= {*rules}:
                text = fact.question or _at(was, name, "question")
                out.append({"fact": name, "label": fact.label, "question": text, "rules": rules,
                            "supplied_by": fact.supplied_by, "correctable": fact.correctable})  # fmt: skip
        return out


# --- values --------------------------------------------------------------------------------------


def _at_least(count: int, truths: Sequence[str]) -> str:
    if truths.count("holds") >= count:
        return "holds"
    return "fails" if len(truths) - truths.count("fails") < count else "unknown"


def _value(expression: Expression, facts: Mapping[str, Any]) -> Any:
    """The value of an expression with exact numbers; None: not known."""
    match expression:
        case Constant(value):
            return _plain(value)
        case FactRef(name):
            return facts.get(name)
        case Score(name, values):
            return None if facts.get(name) is None else Fraction(values.index(facts[name]))
        case Arithmetic(operation, arguments):
            known = [_value(argument, facts) for argument in arguments]
            return None if None in known else COMPUTE[operation](*known)
        case Window(amount, unit, direction, anchor):
            count, day = _value(amount, facts), _value(anchor, facts)
            if count is None or day is None:
                return None
            if count < 0:
                return date.max, date.min
            before = direction == "before"
            other = _shift(day, int(-count if before else count), unit)
            return (other, day) if before else (day, other)


def _shift(day: date, count: int, unit: str) -> date:
    """So many units later or earlier, inside the month and the calendar."""
    step = 1 if count > 0 else -1
    try:
        if unit in ("days", "weeks"):
            return day + timedelta(days=count * (7 if unit == "weeks" else 1))
        if unit in ("months", "years"):
            year, month = divmod(day.year * 12 + day.month - 1 + count * (12 if unit == "years" else 1), 12)
            return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
        while count:
            day += timedelta(days=step)
            count -= step if day.weekday() < 5 else 0
        return day
    except (OverflowError, ValueError):
        return date.max if step > 0 else date.min


def _plain(value: Any) -> Any:
    exact = isinstance(value, (int, Decimal)) and not isinstance(value, bool)
    return Fraction(value) if exact else value


def _read(type_: FactType, raw: Any, otherwise: Any) -> Any:
    """A recorded value as the exact value that it stands for; `otherwise` where it stands for none."""
    kind = type_.kind
    try:
        if raw is None or (kind == "boolean" and isinstance(raw, bool)):
            return raw
        if kind in ("integer", "decimal") and isinstance(raw, (int, str)) and raw is not True and raw is not False:
            return Fraction(raw)
        if kind == "codes" and isinstance(raw, list) and all(isinstance(code, str) for code in raw):
            return frozenset(raw)
        if kind == "date" and isinstance(raw, str):
            return date.fromisoformat(raw)
        if isinstance(raw, str) and (kind == "code" or raw in type_.values):
            return raw
    except (ValueError, ZeroDivisionError):
        pass
    return otherwise


def _json(value: Any) -> Any:
    whole = isinstance(value, Fraction) and value.denominator == 1
    return int(value) if whole else to_json(value)


def _words(value: Any, type_: FactType | None) -> str:
    text = format_value(value, type_)
    one = type_ is not None and type_.unit in PLURAL and value == 1 and value is not True
    return text[:-1] if one else text


# --- the record as data ----------------------------------------------------------------------------


def _keyed(value: Any) -> Any:
    """Lists of objects as objects, by the first member of each, so that every step has a path."""
    if isinstance(value, dict):
        return {key: _keyed(one) for key, one in value.items()}
    if not isinstance(value, list) or not value or not all(isinstance(one, dict) and one for one in value):
        return value
    out: dict[str, Any] = {}
    for one in value:
        first = next((str(one[key]) for key in ("rule", "fact", "id", "number") if key in one), "?")
        key = next(name for name in (first + "'" * n for n in range(len(value))) if name not in out)
        out[key] = _keyed(one)
    return {"#order": list(out), **out}


def _at(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key, NOTHING) if isinstance(value, dict) else NOTHING
    return value


def _keys(value: Any, *path: str) -> list[str]:
    """The names in a list, or of the members of an object."""
    found = _at(value, *path)
    return [key for key in found if isinstance(key, str) and key != "#order"] if isinstance(found, (list, dict)) else []


def _differences(path: tuple[str, ...], *sides: Any) -> Iterator[tuple[Any, ...]]:
    """Where the record says neither what follows from its facts nor from its earlier steps."""
    was, own, trusting = sides
    if json.dumps(was) in (json.dumps(own), json.dumps(trusting)):
        return
    if any(isinstance(side, dict) for side in sides[1:]):
        was, own, trusting = ({} if side == [] else side for side in sides)
    objects = [side for side in (own, was, trusting) if isinstance(side, dict)]
    if not isinstance(was, dict) or len(objects) < 2:
        yield path, was, own
        return
    for key in dict.fromkeys(key for side in objects for key in side):
        if key != "#order" or {*_keys(was)} in ({*_keys(own)}, {*_keys(trusting)}):
            yield from _differences((*path, key), *(_at(side, key) for side in (was, own, trusting)))


def _leaves(value: Any) -> int:
    return sum(map(_leaves, value.values())) if isinstance(value, dict) else 1


def _ruleset(content: Record, library: Library) -> Ruleset | None:
    """The ruleset that the record names: by its hash or, where no file has it any more, by day."""
    address, hash_ = (_at(content, "policy", key) for key in ("address", "hash"))
    named = [address] if address in library.policies else []
    for one in (*named, *library.addresses()):
        for first, _, _ in library.windows(one):
            ruleset = library.ruleset(one, first)
            if ruleset is not None and ruleset.hash == hash_:
                return ruleset
    day = _read(FactType("date"), _at(content, "policy", "first_day"), None)
    return library.ruleset(address, day) if named and day is not None else None


def _without_policy(content: Record, library: Library) -> Verified:
    """Where no policy was found, there must be none for the payer, the code and the day."""
    service = content["without_policy"]
    asked = {_at(one, "label"): _at(one, "value") for one in _at(service, "looked_for") or ()}
    day = _read(FactType("date"), _at(service, "service_date"), None)
    nearly = [
        address
        for address in library.by_code.get((str(asked.get("payer")), str(_at(service, "code"))), ())
        if day is None or library.ruleset(address, day) is not None
    ]
    near = _at(service, "near")
    wrong = [
        Wrong(("without_policy", "near"), near, f"`{address}` covers the code on that day")
        for address in nearly
        if not any(str(one).startswith(address) for one in near)
    ]
    return Verified(content, 1, tuple(wrong))
