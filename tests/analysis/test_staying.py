"""`stays` on random small policies: what is proved, no pair of random requests contradicts."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest

from payer_policy.analysis.possible import FoundRequest
from payer_policy.analysis.prove import prove
from payer_policy.analysis.witness import Case, Decider
from payer_policy.core.vocabulary.outcome import ASSUMPTIONS, DECISION
from payer_policy.engine import Engine
from tests.analysis.lab_folders import LAB, POLICY, build_lab

VALUES: dict[str, list[Any]] = {
    "x.b1": [True, False],
    "x.b2": [True, False],
    "x.b3": [True, False],
    "x.i1": [1, 5, 9],
    "x.mods": [[], ["JW"], ["JZ"]],
}
NOTHING = {"fact": "assumptions", "is": []}
FINDING = {"group": "CO", "carc": "50", "rarc": ["N130"], "because": "No."}


def condition(random: Random, derived: list[str], depth: int) -> dict[str, Any]:
    if depth and random.random() < 0.5:
        parts = [condition(random, derived, depth - 1) for _ in range(random.randint(1, 2))]
        kind = random.choice(["all", "any", "not"])
        return {"not": parts[0]} if kind == "not" else {kind: parts}
    if derived and random.random() < 0.3:
        return {"fact": random.choice(derived), "is": random.random() < 0.5}
    name = random.choice(list(VALUES))
    if random.random() < 0.25:
        return {"fact": name, "is_known": random.random() < 0.5}
    if name == "x.i1":
        return {"fact": name, random.choice(["at_least", "less_than"]): random.choice([3, 7])}
    if name == "x.mods":
        return {"fact": name, random.choice(["includes_any", "excludes"]): ["JW"]}
    return {"fact": name, "is": random.random() < 0.5}


def policy(random: Random) -> dict[str, Any]:
    rules: list[dict[str, Any]] = []
    derived: list[str] = []
    for number in range(random.randint(2, 5)):
        rule = {
            "id": f"r-{number}",
            "title": f"Rule {number}",
            "cites": ["r"],
            "when": condition(random, derived, 2),
        }
        if number < 2 and random.random() < 0.6:
            name = ("d.a", "d.b")[number]
            rule["then"] = {"conclude": {name: True}}
            derived.append(name)
        else:
            kind = random.choice(["deny", "deny", "pend", "advise"])
            rule["then"] = {kind: FINDING}
            if kind in ("deny", "pend") and random.random() < 0.4:
                rule["if_unknown"] = "assume_not_holding"
            earlier = [one["id"] for one in rules if "conclude" not in one["then"]]
            if earlier and random.random() < 0.3:
                rule["overrides"] = [random.choice(earlier)]
        rules.append(rule)
    return {
        "title": "Random",
        "effective": {"from": "2024-01-01", "through": None},
        "applies_to": {"fact": "drug.code", "in": ["J1756"]},
        "references": {"r": {"title": "ref"}},
        "rules": rules,
    }


STATEMENTS = [
    {"id": f"{decision}-{kind}", "title": kind, "cites": ["r"], **when, "stays": stays}
    for decision in ("approve", "deny")
    for stays in ({"fact": "decision", "is": decision},)
    for kind, when in (("plain", {}), ("without-assumptions", {"when": NOTHING}))
]


def some(random: Random, share: float) -> dict[str, Any]:
    return {name: random.choice(of) for name, of in VALUES.items() if random.random() < share}


@pytest.mark.parametrize("seed", range(40))
def test_what_is_proved_no_two_requests_contradict(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    case = tmp_path / "case"
    case.mkdir()
    (case / "policy.json").write_text(json.dumps(policy(random)), "utf-8")
    said = {"title": "Random", "statements": STATEMENTS}
    (case / "statements.json").write_text(json.dumps(said), "utf-8")
    build_lab(case, tmp_path / "policies")
    engine = Engine.open(tmp_path / "policies", engine="compiled")
    found = {proof.statement.id: proof for proof in prove(engine, "lab/main")}
    decider = Decider(engine, "lab/main", [ASSUMPTIONS])

    def decide(facts: dict[str, Any]) -> Case:
        exact = {n: frozenset(v) if isinstance(v, list) else v for n, v in facts.items()}
        day = engine.library.windows("lab/main")[0][0]
        made = decider.decide(FoundRequest({"drug.code": "J1756", "service.date": day, **exact}))
        assert made is not None
        return made

    broken: set[str] = set()
    for _ in range(150):
        less = some(random, 0.5)
        more = {**some(random, 0.7), **less}
        before, after = decide(less), decide(more)
        decision = before.known[DECISION]
        if decision == after.known[DECISION] or decision == "pend":
            continue
        broken.add(f"{decision}-plain")
        if not before.known[ASSUMPTIONS]:
            broken.add(f"{decision}-without-assumptions")
    # The law: whatever the policy, what rests on no assumption stays.
    assert not broken & {"approve-without-assumptions", "deny-without-assumptions"}
    for id_, proof in found.items():
        assert proof.verdict != "not proved", (id_, proof.why)
        if "without" in id_:
            assert proof.verdict == "proved"
        if id_ in broken:
            assert proof.verdict == "broken"


def test_the_lab_has_what_the_policies_read() -> None:
    vocabulary = json.loads((LAB / "base/vocabulary.json").read_text("utf-8"))
    assert set(VALUES) <= set(vocabulary["facts"])
    assert "absent_means" in vocabulary["facts"]["x.mods"]
    assert POLICY.startswith("lab/")
