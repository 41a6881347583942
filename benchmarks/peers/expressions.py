"""The policy in the languages of contenders: for each rule an expression that says that it holds, and
one that says that it is possible, since none but SQL and Polars know "not known".

A test on a fact that is there is plain; where the fact is missing, it does not hold and is possible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from answers import Answer, decided
from workload import Claim, Rule

Leaf = Callable[[str, str, Any, bool], Any]
"""(fact, operator, right, possible) to a test; `right` is a value, a list or `{"fact": …}`."""
Join = Callable[[Sequence[Any]], Any]
Evaluate = Callable[[Claim], bool]


@dataclass(frozen=True)
class Language:
    leaf: Leaf
    all: Join
    any: Join

    def of(self, when: dict[str, Any], possible: bool) -> Any:
        if "all" in when:
            return self.all([self.of(part, possible) for part in when["all"]])
        if "any" in when:
            return self.any([self.of(part, possible) for part in when["any"]])
        operator = next(key for key in when if key != "fact")
        return self.leaf(when["fact"], operator, when[operator], possible)


def name_of(fact: str, possible: bool = False) -> str:
    """A fact as a variable; of a derived one, whether it holds or is possible."""
    name = fact.replace(".", "_")
    return f"{name}_possible" if possible and fact.startswith("derived.") else name


def one_by_one(
    rules: Sequence[Rule], language: Language, compiled: Callable[[Any], Evaluate]
) -> Callable[[Claim], Answer]:
    """Decide by evaluating one expression after the other, as few as the answer needs."""
    derived: dict[str, list[Rule]] = {}
    for rule in rules:
        if "conclude" in rule:
            derived.setdefault(rule["conclude"], []).append(rule)
    first = [
        (name_of(fact, possible), compiled(language.any([language.of(rule["when"], possible)
                                                         for rule in concluding])))
        for fact, concluding in derived.items()
        for possible in (False, True)
    ]  # fmt: skip
    found = [
        (rule["id"], "deny" in rule, "pend" in rule, compiled(language.of(rule["when"], False)))
        for rule in rules
        if "conclude" not in rule
    ]
    open_ = [
        (rule["id"], compiled(language.of(rule["when"], True)))
        for rule in rules
        if "deny" in rule or "pend" in rule
    ]

    def decide(claim: Claim) -> Answer:
        context = dict(claim)
        for name, holds in first:
            context[name] = holds(context)
        holding, denies, pends = [], False, False
        for id_, deny, pend, holds in found:
            if holds(context):
                holding.append(id_)
                denies |= deny
                pends |= pend
        unknown = False
        if not denies and not pends:
            unknown = any(id_ not in holding and possible(context) for id_, possible in open_)
        return decided(holding, denies, pends, unknown)

    return decide


def flat(claim: Claim, day: Callable[[Any], Any], number: Callable[[Any], Any]) -> Claim:
    """A claim in the types of a contender, all facts there, None where not known."""
    import datetime as dt
    from decimal import Decimal

    from workload import facts

    out: Claim = {name_of(name): None for name in facts()}
    for name, value in claim.items():
        if isinstance(value, dt.date):
            value = day(value)
        elif isinstance(value, Decimal):
            value = number(value)
        out[name_of(name)] = value
    return out


def ordinal(text: str) -> int:
    """A day of the policy as a number."""
    import datetime as dt

    return dt.date.fromisoformat(text).toordinal()
