"""CLIPS by clipspy: a template for the claim, a production a rule, Rete."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from answers import Answer, decided
from expressions import Language, flat, name_of, ordinal
from workload import Claim, Rule, facts

REQUIREMENTS = ["clipspy==1.0.6"]
NOTE = "forward chaining; `nil` is asked for in every test; which rules fired"
MOST = 500
"""Claims in a run: the longer an environment lives, the slower it gets."""
SIGNS = {"at_least": ">=", "at_most": "<=", "on_or_before": "<=", "on_or_after": ">="}


def prepare(claim: Claim) -> Claim:
    import clips

    nil = clips.Symbol("nil")
    made = flat(claim, lambda day: day.toordinal(), float)
    return {
        name: nil
        if value is None
        else clips.Symbol(str(value).upper())
        if isinstance(value, bool)
        else value
        for name, value in made.items()
        if name != "id"
    }


def _leaf(fact: str, operator: str, right: Any, possible: bool) -> str:
    if fact.startswith("derived."):
        return f"(eq ?{name_of(fact, possible)} TRUE)"
    name = f"?{name_of(fact)}"
    if operator == "is":
        value = str(right).upper() if isinstance(right, bool) else f'"{right}"'
        test = f"(eq {name} {value})"
        return f"(or (eq {name} nil) {test})" if possible else test
    if operator == "in":
        values = [f'"{value}"' for value in right] + (["nil"] if possible else [])
        return f"(or {' '.join(f'(eq {name} {value})' for value in values)})"
    if isinstance(right, dict):
        asked, other = [name, f"?{name_of(right['fact'])}"], f"?{name_of(right['fact'])}"
    else:
        asked = [name]
        other = str(ordinal(right)) if isinstance(right, str) else str(right)
    test = f"({SIGNS[operator]} {name} {other})"
    if possible:
        return f"(or {' '.join(f'(eq {one} nil)' for one in asked)} {test})"
    return f"(and {' '.join(f'(neq {one} nil)' for one in asked)} {test})"


def _joined(how: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({how} {' '.join(parts)})"


def build(rules: Sequence[Rule]) -> Callable[[Claim], Answer]:
    import clips

    language = Language(
        _leaf, lambda parts: _joined("and", parts), lambda parts: _joined("or", parts)
    )
    environment = clips.Environment()
    names = [name_of(name) for name in facts()]
    derived = list(dict.fromkeys(rule["conclude"] for rule in rules if "conclude" in rule))
    flags = [name_of(fact, possible) for fact in derived for possible in (False, True)]
    environment.build(f"(deftemplate claim {' '.join(f'(slot {name})' for name in names)})")
    environment.build(f"(deftemplate derived {' '.join(f'(slot {name})' for name in flags)})")
    environment.build("(deftemplate holds (slot rule))")
    environment.build("(deftemplate possible (slot rule))")
    pattern = f"(claim {' '.join(f'({name} ?{name})' for name in names)})"
    told = " ".join(
        f"({name_of(fact, possible)} "
        + language.any([language.of(rule["when"], possible)
                        for rule in rules if rule.get("conclude") == fact])
        + ")"
        for fact in derived
        for possible in (False, True)
    )  # fmt: skip
    environment.build(f"(defrule derive {pattern} => (assert (derived {told})))")
    second = f"(derived {' '.join(f'({name} ?{name})' for name in flags)})"
    for rule in rules:
        if "conclude" not in rule:
            for possible in (False, True)[: 1 if "advise" in rule else 2]:
                kind = "possible" if possible else "holds"
                environment.build(
                    f"(defrule {kind}-{rule['id']} {pattern} {second} "
                    f"(test {language.of(rule['when'], possible)}) => "
                    f'(assert ({kind} (rule "{rule["id"]}"))))'
                )
    denying = {rule["id"] for rule in rules if "deny" in rule}
    pending = {rule["id"] for rule in rules if "pend" in rule}
    claim_template = environment.find_template("claim")

    def decide(claim: Claim) -> Answer:
        environment.reset()
        claim_template.assert_fact(**claim)
        environment.run()
        holding, possible = set(), set()
        for fact in environment.facts():
            kind = fact.template.name
            if kind == "holds":
                holding.add(fact["rule"])
            elif kind == "possible":
                possible.add(fact["rule"])
        return decided(
            list(holding),
            bool(holding & denying),
            bool(holding & pending),
            bool(possible - holding),
        )

    return decide
