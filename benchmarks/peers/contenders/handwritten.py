"""Hand-written Python: what a good programmer would write for this policy, and nothing general.

The module is generated, block by block, in the words somebody would type: None for unknown, a dict
from category to function, tests in the order that settles most claims soonest. The second row keeps
an account of every rule (holds, fails, unknown), which is what an audit asks for.
"""

from __future__ import annotations

import importlib.util
from decimal import Decimal
from pathlib import Path
from typing import Any

from line_workload import DRUGS, OTHER_DRUG, PLACES, PROCEDURES
from tables import claim_by_claim, read_lines
from workload import All, AnyOf, AtLeast, Condition, Not, Policy, Ref, Rule, Test

from contenders import About, Decide, Lines, Shape

CONVERTED = {"decimal": "Decimal(raw) if (raw := get({name!r})) is not None else None"}
PYTHON = {
    "is": "==", "is_not": "!=", "at_least": ">=", "on_or_after": ">=", "more_than": ">",
    "after": ">", "less_than": "<", "before": "<", "on_or_before": "<=", "in": "in",
    "not_in": "not in",
}  # fmt: skip


def variable(name: str) -> str:
    return name.replace(".", "_")


class Writer:
    """Writes the function of one block. Truths are True, False and None."""

    def __init__(self, policy: Policy, account: bool) -> None:
        self.policy = policy
        self.account = account
        self.kinds = {fact.name: fact.kind for fact in policy.facts}
        self.constants: dict[str, str] = {}

    def literal(self, test: Test) -> str:
        value = test.value
        if isinstance(value, Ref):
            return variable(value.fact)
        if test.op in ("includes_any", "excludes") or isinstance(value, tuple):
            assert isinstance(value, tuple)
            return self.constant("frozenset({" + ", ".join(map(repr, value)) + "})")
        if self.kinds[test.fact] == "decimal":
            return self.constant(f"Decimal('{value}')")
        # Days are compared as they arrive: ISO text sorts as the days do.
        return repr(value.isoformat()) if self.kinds[test.fact] == "date" else repr(value)  # type: ignore[union-attr]

    def constant(self, source: str) -> str:
        return self.constants.setdefault(source, f"K{len(self.constants)}")

    def test(self, test: Test, fails: bool, lenient: bool) -> str:
        """The test (or its contrary) as a bool: strict, False for unknown; lenient, True."""
        name = variable(test.fact)
        names = [name] + ([variable(test.value.fact)] if isinstance(test.value, Ref) else [])
        if test.fact in self.policy.derived:
            wanted = (test.value is True) != fails
            return f"{name} is {wanted}" if not lenient else f"{name} is not {not wanted}"
        if self.kinds[test.fact] == "boolean":
            wanted = (test.value is True) != fails
            return f"{name} is {wanted}" if not lenient else f"{name} is not {not wanted}"
        if test.op in ("includes_any", "excludes"):
            disjoint = (test.op == "excludes") != fails
            true = f"{'' if disjoint else 'not '}{self.literal(test)}.isdisjoint({name})"
        else:
            true = f"{name} {PYTHON[test.op]} {self.literal(test)}"
            if fails:
                true = f"not {true}"
        always = {fact.name for fact in self.policy.facts if not fact.unknown}
        guarded = [one for one, fact in zip(names, (test.fact, *self.right(test)), strict=True)
                   if fact not in always]  # fmt: skip
        if not guarded:
            return true
        if lenient:
            return "(" + " or ".join([*(f"{one} is None" for one in guarded), true]) + ")"
        return " and ".join([*(f"{one} is not None" for one in guarded), true])

    def right(self, test: Test) -> tuple[str, ...]:
        return (test.value.fact,) if isinstance(test.value, Ref) else ()

    def half(self, condition: Condition, fails: bool, lenient: bool) -> str:
        match condition:
            case Test():
                return self.test(condition, fails, lenient)
            case Not(part):
                return self.half(part, not fails, lenient)
            case AtLeast(count, parts):
                needed = len(parts) - count + 1 if fails else count
                counted = " + ".join(f"({self.half(part, fails, lenient)})" for part in parts)
                return f"{counted} >= {needed}"
            case All(parts) | AnyOf(parts):
                word = " and " if isinstance(condition, All) != fails else " or "
                return "(" + word.join(self.half(part, fails, lenient) for part in parts) + ")"

    def block(self, number: int) -> list[str]:
        rules = [rule for rule in self.policy.rules if rule.block == number]
        overriding = {other: rule for rule in rules for other in rule.overrides}
        lines = [f"def decide_c{number:02}(facts):", "    get = facts.get"]
        read = sorted({fact for rule in rules for fact in self.facts(rule.when)})
        for fact in read:
            if fact in self.kinds and fact != self.policy.guard:
                source = CONVERTED.get(self.kinds[fact], "get({name!r})").format(name=fact)
                lines.append(f"    {variable(fact)} = {source}")
        lines += ["    found = []", "    denied = pended = False"]
        if self.account:
            lines.append("    account = {}")
        for rule in rules:
            lines += self.rule(rule, overriding.get(rule.id))
        lines += [
            "    decision = 'deny' if denied else 'pend' if pended else 'approve'",
            f"    return decision, found{', account' if self.account else ''}",
        ]
        return lines

    def facts(self, condition: Condition) -> set[str]:
        match condition:
            case Test():
                return {condition.fact, *self.right(condition)}
            case Not(part):
                return self.facts(part)
            case _:
                return set().union(*(self.facts(part) for part in condition.parts))

    def rule(self, rule: Rule, over: Rule | None) -> list[str]:
        condition = rule.when
        if self.policy.guarded:
            assert isinstance(condition, All)  # the function is chosen by the category
            rest = condition.parts[1:]
            condition = rest[0] if len(rest) == 1 else All(rest)
        if over is not None:
            inner = (
                over.when.parts[1:]
                if isinstance(over.when, All) and self.policy.guarded
                else (over.when,)
            )
            condition = All((condition, Not(All(tuple(inner)))))
        holds = self.half(condition, False, False)
        may = self.half(condition, False, True)
        if rule.concludes is not None:
            name = variable(rule.concludes)
            lines = [f"    {name} = True if {holds} else None if {may} else False"]
            if self.account:
                lines.append(f"    account[{rule.id!r}] = {name}")
            return lines
        finding = self.constant(repr((rule.id, rule.carc, rule.rarcs)))
        flag = {"deny": "denied", "pend": "pended", "advise": ""}[rule.kind]
        lines = [f"    if {holds}:", f"        found.append({finding})"]
        if flag:
            lines.append(f"        {flag} = True")
        if self.account:
            lines.append(f"        account[{rule.id!r}] = True")
            lines.append(f"    elif {may}:")
            if flag:
                lines.append("        pended = True")
            lines.append(f"        account[{rule.id!r}] = None")
            lines += ["    else:", f"        account[{rule.id!r}] = False"]
        elif flag:
            lines += [f"    elif not pended and {may}:", "        pended = True"]
        return lines

    def module(self) -> str:
        blocks = [self.block(number) for number in range(self.policy.blocks)]
        head = ['"""Written out for a benchmark."""', "from decimal import Decimal", ""]
        constants = [f"{name} = {source}" for source, name in self.constants.items()]
        names = ", ".join(f"{key!r}: decide_c{n:02}" for n, key in enumerate(self.policy.keys))
        text = [*head, *constants, *(line for block in blocks for line in ("", *block))]
        return "\n".join([*text, "", f"BLOCKS = {{{names}}}", ""])


class Everything(Writer):
    """The form without guards: one function in which every rule is about every claim."""

    def block(self, number: int) -> list[str]:
        if number:
            return []
        policy = self.policy
        overriding = {other: rule for rule in policy.rules for other in rule.overrides}
        lines = ["def decide_c00(facts):", "    get = facts.get"]
        for fact in policy.facts:
            source = CONVERTED.get(fact.kind, "get({name!r})").format(name=fact.name)
            lines.append(f"    {variable(fact.name)} = {source}")
        lines += ["    found = []", "    denied = pended = False"]
        if self.account:
            lines.append("    account = {}")
        for name in policy.derived:
            rules = [rule for rule in policy.rules if rule.concludes == name]
            whole = AnyOf(tuple(rule.when for rule in rules))
            holds, may = self.half(whole, False, False), self.half(whole, False, True)
            lines.append(f"    {variable(name)} = True if {holds} else None if {may} else False")
        for rule in policy.rules:
            if rule.concludes is None:
                lines += self.rule(rule, overriding.get(rule.id))
        lines += [
            "    decision = 'deny' if denied else 'pend' if pended else 'approve'",
            f"    return decision, found{', account' if self.account else ''}",
        ]
        return lines

    def module(self) -> str:
        text = super().module()
        return text[: text.index("BLOCKS = ")] + "BLOCKS = {}\n"


def load(policy: Policy, folder: Path, account: bool) -> Any:
    kind = f"{'account' if account else 'plain'}_{policy.guard.partition('.')[0]}"
    name = f"handwritten_{kind}_{len(policy.rules)}"
    path = folder / f"{name}.py"
    writer = (Writer if policy.guarded else Everything)(policy, account)
    path.write_text(writer.module(), encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _shape(request: dict[str, Any]) -> Any:
    return request


def build(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    module = load(policy, folder, account=False)
    if not policy.guarded:
        everything = module.decide_c00

        def decide_all(request: Any) -> Any:
            decision, found = everything(request["facts"])
            found.sort()
            return decision, found

        return _shape, decide_all
    blocks = module.BLOCKS

    def decide(request: Any) -> Any:
        facts = request["facts"]
        decision, found = blocks[facts["service.category"]](facts)
        found.sort()
        return decision, found

    return _shape, decide


def build_account(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    blocks = load(policy, folder, account=True).BLOCKS

    def decide(request: Any) -> Any:
        facts = request["facts"]
        decision, found, _account = blocks[facts["service.category"]](facts)
        found.sort()
        return decision, found

    return _shape, decide


def services_of(request: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """The services of a claim with lines, each with its facts: one pass, and one for each of them."""
    with_procedure = set()
    other_drug, last_day = False, ""
    services: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for line in request["lines"]:
        code, day = line["code"], line["date"]
        if day > last_day:
            last_day = day
        if code in DRUGS:
            services.setdefault((code, day), []).append(line)
        elif code in PROCEDURES:
            with_procedure.add(day)
        elif code == OTHER_DRUG:
            other_drug = True
    found = []
    for code, day in sorted(services):
        administered, discarded, charges = [], [], []
        unmarked = marked = both = unknown_place = elsewhere = False
        for line in services[code, day]:
            modifiers, place = line["modifiers"], line.get("place_of_service")
            (discarded if "JW" in modifiers else administered).append(line.get("units"))
            charges.append(line.get("charge"))
            if "JZ" in modifiers:
                marked = True
                both = both or "JW" in modifiers
            elif "JW" not in modifiers:
                unmarked = True
            if place is None:
                unknown_place = True
            elif place not in PLACES:
                elsewhere = True
        units = administered + discarded
        all_known = None not in units
        facts = {
            "drug.code": code,
            "service.date": day,
            "units.billed": sum(units) if all_known else None,
            "units.administered": sum(administered) if None not in administered else None,
            "units.discarded": sum(discarded) if None not in discarded else None,
            "units.largest": max(units) if all_known else None,
            "units.missing": True
            if any(one is not None and one < 1 for one in units)
            else False
            if all_known
            else None,
            "charge.total": None if None in charges else sum(map(Decimal, charges)),
            "lines.administered": len(administered),
            "lines.discarded": len(discarded),
            "modifiers.unmarked": unmarked,
            "modifiers.marked": marked,
            "modifiers.both": both,
            "place.elsewhere": True if elsewhere else None if unknown_place else False,
            "procedure.billed": day in with_procedure,
            "claim.other_drug": other_drug,
            "claim.last_day": last_day,
        }
        found.append((code, day, {**request["facts"], **facts}))
    return found


def build_lines(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    blocks = load(policy, folder, account=False).BLOCKS

    def decide(request: Any) -> Any:
        answers = []
        for code, day, facts in services_of(request):
            decision, found = blocks[code](facts)
            found.sort()
            answers.append((code, day, decision, found))
        return answers

    return _shape, decide


ABOUT = [
    About(
        name="handwritten",
        title="Python by hand",
        needs=("pyarrow",),
        unknown="`None`, thought of in every line",
        reasons="yes",
        proof="no",
        dates="ISO text",
        note="Knows this one policy; a change is a change of program. The baseline of all ratios.",
        build=build,
        unguarded=True,
        lines=Lines(
            build_lines,
            claim_by_claim(build_lines),
            read_lines,
            note="One pass over the lines into a dictionary of facts for each drug and day; columns from "
            "and to Parquet by pyarrow.",
        ),
    ),
    About(
        name="handwritten-account",
        title="Python by hand, with an account of every rule",
        needs=(),
        unknown="`None`, thought of in every line",
        reasons="yes",
        proof="which rules hold, fail or are unknown",
        dates="ISO text",
        note="The same, and keeps what became of every rule.",
        build=build_account,
    ),
]
