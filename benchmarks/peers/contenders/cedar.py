"""Cedar by cedarpy: each rule a `permit`, whose ids are the reasons of one answer.

Cedar only permits and forbids, so a rule that holds is a policy that permits; which ones did comes
back as the reasons. Its numbers are whole (doses are thousandths), days are whole numbers too, since
its optional dates must be parsed for every test.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from halves import INFIX, Deciding, Formula, Guarded, Or, halves_in_full, underscored, written
from workload import Policy, Ref

from contenders import About, Decide, Shape

REQUEST = {"principal": 'Claim::"c"', "action": 'Action::"decide"', "resource": 'Plan::"p"'}


def guarded(one: Guarded, doses: frozenset[str]) -> str:
    test = one.test
    left, value = f"context.{underscored(test.fact)}", test.value
    if isinstance(value, Ref):
        true = f"{left} {INFIX[test.op]} context.{underscored(value.fact)}"
    elif isinstance(value, tuple):
        listed = f"[{', '.join(map(json.dumps, value))}]"
        if test.op in ("includes_any", "excludes"):
            true = f"{left}.containsAny({listed})"
        else:
            true = f"{listed}.contains({left})"
        if test.op in ("excludes", "not_in"):
            true = f"!{true}"
    elif isinstance(value, bool | str):
        true = f"{left} {INFIX[test.op]} {json.dumps(value)}"
    else:
        true = f"{left} {INFIX[test.op]} {whole(value, test.fact in doses)}"
    there = [f"context has {underscored(fact)}" for fact in one.facts]
    if one.lenient:
        return "(" + " || ".join([*(f"!({asked})" for asked in there), true]) + ")"
    return "(" + " && ".join([*there, true]) + ")"


def whole(value: Any, dose: bool) -> int:
    return int(value * 1000) if dose else int(str(value).replace("-", ""))


def policies(policy: Policy) -> str:
    doses = frozenset(fact.name for fact in policy.facts if fact.kind == "decimal")

    def permit(name: str, formula: Formula) -> str:
        text = written(formula, lambda one: guarded(one, doses))
        return f'@id("{name}")\npermit(principal, action, resource) when {{ {text} }};'

    halves = halves_in_full(policy)
    made = [permit(half.rule.id, half.holds) for half in halves]
    # That some rule may hold is all that the decision needs, so it is one policy: it stops at the first.
    open_ = Or(tuple(half.may_hold for half in halves if half.rule.kind != "advise"))
    return "\n".join([*made, permit("open", open_)])


def build(policy: Policy, _: Path) -> tuple[Shape, Decide]:
    import cedarpy

    parsed = cedarpy.PolicySet.from_str(policies(policy))
    nothing = cedarpy.Entities.from_json_str("[]")
    deciding = Deciding(policy)
    kinds = {fact.name: fact.kind for fact in policy.facts}
    # Cedar names policies by their place in the text: policy0, policy1, …
    names = [rule.id for rule in policy.rules if rule.kind != "conclude"]
    by_reason = {f"policy{place}": name for place, name in enumerate(names)}
    open_ = f"policy{len(names)}"

    def shape(request: dict[str, Any]) -> Any:
        made: dict[str, Any] = {}
        for name, value in request["facts"].items():
            kind = kinds[name]
            if kind == "decimal":
                value = int(value.replace(".", ""))  # all have three places
            elif kind == "date":
                value = int(value.replace("-", ""))
            made[underscored(name)] = value
        return made

    def decide(context: Any) -> Any:
        result = cedarpy.is_authorized(REQUEST | {"context": context}, parsed, nothing)
        reasons = result.diagnostics.reasons
        held = (by_reason[reason] for reason in reasons if reason != open_)
        return deciding.answer(held, open_ in reasons)

    return shape, decide


ABOUT = [
    About(
        name="cedar",
        title="Cedar (cedarpy, Rust)",
        needs=("cedarpy==4.12.2",),
        unknown="absent; `has` in every test",
        reasons="ids of the policies that permit",
        proof="no",
        dates="yes, parsed for every test; here whole numbers",
        note="A `permit` policy a rule, and one for all that may hold. Doses are whole thousandths.",
        build=build,
    )
]
