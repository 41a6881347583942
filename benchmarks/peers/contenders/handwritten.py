"""The policy as a programmer would write it into a service: one Python function, rule after rule.

The text is made from the rules, since the policy is made up; it is what somebody would type.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from answers import Answer
from expressions import Language, flat, name_of
from workload import Claim, Rule

REQUIREMENTS: list[str] = []
NOTE = "no questions, no citations, no proof; a change is a release"
SIGNS = {"is": "==", "at_least": ">=", "at_most": "<=", "on_or_before": "<=", "on_or_after": ">="}


def prepare(claim: Claim) -> Claim:
    return flat(claim, lambda day: day, lambda number: number)


def leaf(fact: str, operator: str, right: Any, possible: bool) -> str:
    name = name_of(fact, possible)
    if fact.startswith("derived."):
        return name
    missing, join = ("is None", "or") if possible else ("is not None", "and")
    if isinstance(right, dict):
        other = name_of(right["fact"])
        return (
            f"({name} {missing} {join} {other} {missing} {join} {name} {SIGNS[operator]} {other})"
        )
    if operator == "is" and isinstance(right, bool):
        return f"{name} is not {not right}" if possible else f"{name} is {right}"
    if operator == "is":
        return f"({name} is None or {name} == {right!r})" if possible else f"{name} == {right!r}"
    if operator == "in":
        values = (*right, None) if possible else tuple(right)
        return f"{name} in {values!r}"
    if operator.startswith("on_or"):
        year, month, day = map(int, right.split("-"))
        return f"({name} {missing} {join} {name} {SIGNS[operator]} date({year}, {month}, {day}))"
    return f"({name} {missing} {join} {name} {SIGNS[operator]} {right})"


PYTHON = Language(
    leaf,
    lambda parts: "(" + " and ".join(parts) + ")",
    lambda parts: "(" + " or ".join(parts) + ")",
)


def source(rules: Sequence[Rule], *, account: bool) -> str:
    """The text. `account`: whether each rule holds, fails or is not known is told too."""
    from workload import facts

    lines = ["def decide(claim):", "    get = claim.get"]
    whens = " ".join(PYTHON.of(rule["when"], False) for rule in rules)
    lines += [
        f"    {name_of(name)} = get({name_of(name)!r})"
        for name in facts()
        if name_of(name) in whens
    ]
    derived = list(dict.fromkeys(rule["conclude"] for rule in rules if "conclude" in rule))
    for fact in derived:
        concluding = [rule["when"] for rule in rules if rule.get("conclude") == fact]
        for possible in (False, True):
            told = PYTHON.any([PYTHON.of(when, possible) for when in concluding])
            lines.append(f"    {name_of(fact, possible)} = {told}")
    lines += ["    holding = []", "    denies = pends = unknown = False", "    account = {}"]
    for rule in rules:
        if "conclude" in rule:
            continue
        settles = "deny" in rule or "pend" in rule
        lines += [
            f"    if {PYTHON.of(rule['when'], False)}:",
            f"        holding.append({rule['id']!r})",
        ]
        if settles:
            lines.append("        denies = True" if "deny" in rule else "        pends = True")
        if account:
            lines.append(f"        account[{rule['id']!r}] = True")
        if settles or account:
            check = "" if account else "not unknown and not denies and "
            lines.append(f"    elif {check}{PYTHON.of(rule['when'], True)}:")
            if settles:
                lines.append("        unknown = True")
            if account:
                lines.append(f"        account[{rule['id']!r}] = None")
        if account:
            lines += ["    else:", f"        account[{rule['id']!r}] = False"]
    lines += [
        '    decision = "deny" if denies else "pend" if pends or unknown else "approve"',
        "    return decision, holding" + (", account" if account else ""),
    ]
    return "\n".join(lines) + "\n"


def build(rules: Sequence[Rule], *, account: bool = False) -> Callable[[Claim], Answer]:
    import datetime

    space: dict[str, Any] = {"date": datetime.date}
    exec(source(rules, account=account), space)  # noqa: S102  # the text is made above
    made: Callable[[Claim], Answer] = space["decide"]
    return made
