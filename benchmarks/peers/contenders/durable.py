"""durable-rules alone: its rules as JSON, facts asserted and retracted claim by claim.

Comparisons of two facts are made in Python and asserted as facts of their own: the library's own
compare against stale values.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from answers import Answer, decided
from expressions import Language, flat, name_of, ordinal
from workload import DATES, Claim, Rule

REQUIREMENTS = ["durable-rules==2.0.28"]
NOTE = "forward chaining (Rete); Python below 3.13; presence is asked for in every test"
SIGNS = {"at_least": "$gte", "at_most": "$lte", "on_or_before": "$lte", "on_or_after": "$gte"}


def prepare(claim: Claim) -> Claim:
    made = flat(claim, lambda day: day.toordinal(), float)
    return {
        name: ("T" if value else "F") if isinstance(value, bool) else value
        for name, value in made.items()
        if value is not None and name != "id"
    }


def _leaf(fact: str, operator: str, right: Any, possible: bool) -> Any:
    name = name_of(fact, possible)
    if fact.startswith("derived."):
        return {name: "T"}
    if isinstance(right, dict):
        name = f"{name}_le_{name_of(right['fact'])}"
        test: Any = {name: "T"}
    elif operator == "in":
        test = {"$or": [{name: value} for value in right]}
    elif operator == "is":
        test = {name: ("T" if right else "F") if isinstance(right, bool) else right}
    else:
        test = {SIGNS[operator]: {name: ordinal(right) if isinstance(right, str) else right}}
    return {"$or": [{"$nex": {name: 1}}, test]} if possible else test


def build(rules: Sequence[Rule]) -> Callable[[Claim], Answer]:
    from durable.engine import Host

    class Quiet(Host):  # type: ignore[misc]
        def _run(self) -> None:
            pass  # no timers are used, and its threads never end

    language = Language(
        _leaf,
        lambda parts: parts[0] if len(parts) == 1 else {"$and": list(parts)},
        lambda parts: parts[0] if len(parts) == 1 else {"$or": list(parts)},
    )
    fired: set[str] = set()

    def rule_of(name: str, condition: Any) -> dict[str, Any]:
        def run(c: Any) -> None:
            fired.add(name)

        return {"all": [{"m": {"$and": [{"t": "claim"}, condition]}}], "run": run}

    first: dict[str, Any] = {}
    for rule in rules:
        if "conclude" in rule:
            for possible in (False, True):
                name = name_of(rule["conclude"], possible)
                key = f"{name}-{len(first)}"
                first[key] = rule_of(name, language.of(rule["when"], possible))
    second = {
        f"{'p' if possible else 'h'}{rule['id']}": rule_of(
            f"{'p' if possible else 'h'}{rule['id']}", language.of(rule["when"], possible)
        )
        for rule in rules
        if "conclude" not in rule
        for possible in (False, True)[: 1 if "advise" in rule else 2]
    }
    for made in (first, second):
        made["seen"] = {"all": [{"m": {"t": "claim"}}], "run": lambda c: None}
    host = Quiet()
    host.register_rulesets({"first": first, "second": second})
    denying = {rule["id"] for rule in rules if "deny" in rule}
    pending = {rule["id"] for rule in rules if "pend" in rule}
    pairs = list(itertools.permutations([name_of(day) for day in DATES], 2))
    numbers = itertools.count()

    def decide(claim: Claim) -> Answer:
        fired.clear()
        fact = {"id": f"f{next(numbers)}", "t": "claim", **claim}
        for one, other in pairs:
            if one in claim and other in claim:
                fact[f"{one}_le_{other}"] = "T" if claim[one] <= claim[other] else "F"
        host.assert_fact("first", dict(fact))
        host.retract_fact("first", dict(fact))
        told = {**fact, **dict.fromkeys(fired, "T")}
        fired.clear()
        host.assert_fact("second", dict(told))
        host.retract_fact("second", dict(told))
        holding = {name[1:] for name in fired if name[0] == "h"}
        possible = {name[1:] for name in fired if name[0] == "p"}
        return decided(
            list(holding),
            bool(holding & denying),
            bool(holding & pending),
            bool(possible - holding),
        )

    return decide
