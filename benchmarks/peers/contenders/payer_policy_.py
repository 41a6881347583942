"""payer-policy itself, by the `compiled` engine: from a request as JSON, and from typed facts.

The first row is what a service calls: the request is read and checked field by field, the policy is
found by payer, code and day. The second gives an already chosen policy facts that are already exact.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from contenders import About, Decide, Shape
from workload import PAYER, Policy, typed_facts, write_folder

DAY = date(2025, 7, 1)


def folder_of(policy: Policy, folder: Path) -> Path:
    made = folder / f"policies-{len(policy.rules)}{'' if policy.guarded else '-unguarded'}"
    write_folder(made, [policy])
    return made


def build(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    from payer_policy import Engine

    engine = Engine.open(folder_of(policy, folder))

    def decide(request: Any) -> Any:
        (found,) = engine.decide(request).determinations
        return found.decision, [(one.rule, one.carc, one.rarcs) for one in found.findings]

    return (lambda request: request), decide


def build_facts(policy: Policy, folder: Path) -> tuple[Shape, Decide]:
    from payer_policy import Engine

    engine = Engine.open(folder_of(policy, folder))
    if not hasattr(engine, "policy"):
        raise NotImplementedError("this version has no call from typed facts")
    chosen = engine.policy(f"{PAYER}/sample-{policy.code.lower()}", DAY)

    def shape(request: dict[str, Any]) -> Any:
        facts = typed_facts(policy, request["facts"])
        return request["id"], {name: value for name, value in facts.items() if value is not None}

    def decide(claim: Any) -> Any:
        name, facts = claim
        found = chosen.decide(facts, name)
        return found.decision, [(one.rule, one.carc, one.rarcs) for one in found.findings]

    return shape, decide


_SAYS: dict[str, str] = {
    "unknown": "its own truth value: pends, and asks",
    "reasons": "yes, with sentence and citation",
    "proof": "yes: a tree in English, on demand",
    "dates": "yes",
}
ABOUT = [
    About(
        name="payer-policy",
        title="payer-policy, from a request as JSON",
        needs=(".",),
        note="Every value is read and checked; also sentences, citations, questions, policy hash.",
        build=build,
        unguarded=True,
        **_SAYS,  # type: ignore[arg-type]
    ),
    About(
        name="payer-policy-facts",
        title="payer-policy, from typed facts",
        needs=(".",),
        note="The same answer from facts that are exact already, by a policy chosen beforehand.",
        build=build_facts,
        unguarded=True,
        **_SAYS,  # type: ignore[arg-type]
    ),
]
