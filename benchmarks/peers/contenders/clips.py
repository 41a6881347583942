"""CLIPS by clipspy: a template for the claim, a production for each half of each rule, Rete.

An unknown slot is `nil`. The category is matched in the pattern, so that Rete finds a claim's rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from halves import INFIX, And, Deciding, Formula, Guarded, as_doubles, halves_in_full, underscored
from workload import Policy, Ref

from contenders import About, Decide, Shape

SIGNS = INFIX | {"is": "=", "is_not": "<>"}


def formula_text(formula: Formula, variable: Callable[[str], str], texts: frozenset[str]) -> str:
    if isinstance(formula, Guarded):
        return guarded(formula, variable, texts)
    word = "and" if isinstance(formula, And) else "or"
    parts = [formula_text(part, variable, texts) for part in formula.parts]
    return parts[0] if len(parts) == 1 else f"({word} {' '.join(parts)})"


def guarded(one: Guarded, variable: Callable[[str], str], texts: frozenset[str]) -> str:
    test = one.test
    left, value = variable(test.fact), test.value
    if isinstance(value, tuple):
        if test.op in ("includes_any", "excludes"):
            listed = f"$?{left[1:]}"
            true = f"(or {' '.join(f'(member$ {quoted(code)} {listed})' for code in value)} FALSE)"
        else:
            true = f"(or {' '.join(f'(eq {left} {quoted(code)})' for code in value)} FALSE)"
        if test.op in ("excludes", "not_in"):
            true = f"(not {true})"
    elif isinstance(value, bool):
        true = f"(eq {left} {str(value).upper()})"
    elif isinstance(value, str):
        true = f"({'eq' if test.op == 'is' else 'neq'} {left} {quoted(value)})"
    else:
        right = variable(value.fact) if isinstance(value, Ref) else number(value)
        true = f"({SIGNS[test.op]} {left} {right})"
    many = isinstance(value, tuple) and test.op in ("includes_any", "excludes")
    if many:  # a multislot whose one value is nil
        missing = f"(member$ nil $?{left[1:]})"
        return f"(or {missing} {true})" if one.lenient else f"(and (not {missing}) {true})"
    names = [variable(fact) for fact in one.facts]
    if not names:
        return true
    if one.lenient:
        return f"(or {' '.join(f'(eq {name} nil)' for name in names)} {true})"
    return f"(and {' '.join(f'(neq {name} nil)' for name in names)} {true})"


def quoted(text: str) -> str:
    return f'"{text}"'


def number(value: Any) -> str:
    return str(value).replace("-", "")


def production(name: str, formula: Formula, then: str, kinds: Mapping[str, str], texts: Any) -> str:
    """The category is matched in the pattern; the other tests stand in one expression."""
    guard, rest = "", formula
    if isinstance(formula, And) and isinstance(formula.parts[0], Guarded):
        first = formula.parts[0].test
        if first.fact == "service.category":
            guard, rest = f" (service_category {quoted(str(first.value))})", And(formula.parts[1:])
    read = sorted(facts_in(rest))
    slots = " ".join(
        f"({underscored(fact)} {'$?' if kinds[fact] == 'codes' else '?'}{underscored(fact)})"
        for fact in read
    )
    test = formula_text(rest, lambda fact: f"?{underscored(fact)}", texts)
    return f"(defrule {name} (claim{guard} {slots}) (test {test}) => {then})"


def facts_in(formula: Formula) -> set[str]:
    if isinstance(formula, Guarded):
        value = formula.test.value
        return {formula.test.fact} | ({value.fact} if isinstance(value, Ref) else set())
    return set().union(*(facts_in(part) for part in formula.parts))


def build(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import clips

    environment = clips.Environment()
    kinds = {fact.name: fact.kind for fact in policy.facts}
    texts = frozenset(name for name, kind in kinds.items() if kind in ("code", "choice"))
    slots = " ".join(
        f"({'multislot' if fact.kind == 'codes' else 'slot'} {underscored(fact.name)})"
        for fact in policy.facts
    )
    environment.build(f"(deftemplate claim {slots})")
    environment.build("(deftemplate holds (slot rule))")
    environment.build("(deftemplate open (slot yes))")
    for half in halves_in_full(policy):
        then = f"(assert (holds (rule {quoted(half.rule.id)})))"
        environment.build(production(half.rule.id, half.holds, then, kinds, texts))
        if half.rule.kind != "advise":
            name, then = f"may-{half.rule.id}", "(assert (open (yes TRUE)))"
            environment.build(production(name, half.may_hold, then, kinds, texts))
    claim, holds = environment.find_template("claim"), environment.find_template("holds")
    open_ = environment.find_template("open")
    deciding = Deciding(policy)
    nil, truths = clips.Symbol("nil"), {True: clips.Symbol("TRUE"), False: clips.Symbol("FALSE")}

    def shape(request: dict[str, Any]) -> Any:
        facts = as_doubles(policy, request["facts"])
        made: dict[str, Any] = {}
        for name, kind in kinds.items():
            key = underscored(name)
            value = facts.get(key)
            if value is None:
                value = (nil,) if kind == "codes" else nil
            elif kind == "boolean":
                value = truths[value]
            elif kind == "date":
                value = int(value.replace("-", ""))
            made[key] = value
        return made

    def decide(facts: Any) -> Any:
        environment.reset()
        claim.assert_fact(**facts)
        environment.run()
        held = [fact["rule"] for fact in holds.facts()]
        return deciding.answer(held, any(True for _ in open_.facts()))

    return shape, decide


ABOUT = [
    About(
        name="clips",
        title="CLIPS (clipspy)",
        needs=("clipspy==1.0.6",),
        unknown="`nil`, asked for in every test",
        reasons="what the rules assert",
        proof="a watch of firings",
        dates="no; here whole numbers",
        note="Two productions a rule. Doses are doubles.",
        build=build,
    )
]
