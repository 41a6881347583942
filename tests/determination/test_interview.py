"""Questions as a tree: the one that splits the case, then only what its answer needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from payer_policy import Engine
from payer_policy.core.vocabulary.types import to_json
from payer_policy.determination.interview import Item
from tests.places import POLICIES
from tests.policy.folders import library, policy, rule

REFILL = {
    "coverage": {"payer": "commercial-standard", "line_of_business": "commercial"},
    "place_of_service": "11",
    "diagnoses": ["G82.51"],
    "lines": [{"code": "J0945", "units": 4, "date": "2025-03-03"}],
}


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES)


def questions(engine: Engine, payer: str) -> dict[str, Any]:
    facts = {"drug.code": "J0945", "service.date": "2025-03-03"}
    return {"kind": "preauthorization", "coverage": {"payer": payer}, "facts": facts}


def test_a_refill_of_unknown_phase_is_asked_one_question(engine: Engine) -> None:
    ((item,),) = engine.interviews(REFILL)
    (made,) = engine.decide(REFILL).determinations
    assert item.question is not None and item.question.fact == "therapy.phase"
    assert len(made.missing) > 20
    assert [answer.value for answer in item.answers] == [
        "trial", "initial", "refill", "dose_change", "catheter_revision", "replacement"
    ]  # fmt: skip
    for answer in item.answers:
        facts = {"therapy.phase": answer.value}
        (then,) = engine.decide({**REFILL, "facts": facts}).determinations
        assert (answer.decision, answer.left) == (then.decision, len(then.missing))
        assert answer.then == ()


def asked(items: Sequence[Item]) -> Iterator[str]:
    """The facts that are asked without an answer to another question."""
    for item in items:
        if item.question is not None:
            yield item.question.fact
        for way in item.one_of:
            yield from asked(way)


def paths(
    items: Sequence[Item], assumed: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], Sequence[Item]]]:
    yield assumed, items
    for item in items:
        for answer in item.answers:
            assert item.question is not None
            yield from paths(answer.then, {**assumed, item.question.fact: to_json(answer.value)})


@pytest.mark.parametrize("payer", ["medicare", "commercial-standard", "commercial-strict"])
def test_under_each_answer_is_what_it_leaves_open(engine: Engine, payer: str) -> None:
    request = questions(engine, payer)
    (tree,) = engine.interviews(request, whole=True)
    found = list(paths(tree, {}))
    assert len(found) >= 6
    for assumed, items in found:
        facts = {**request["facts"], **assumed}
        (made,) = engine.decide({**request, "facts": facts}).determinations
        missing = {question.fact for question in made.missing}
        if len(items) == 1 and items[0].answers:
            assert set(asked(items)) < missing
        else:
            assert sorted(asked(items)) == sorted(missing)


TRIED = {
    "type": "choice", "values": ["failed", "not_tried"], "label": "a drug", "question": "And this?"
}  # fmt: skip
FACTS = {f"iron.{name}": TRIED for name in ("tablets", "drops", "diet")} | {
    "iron.tried": {
        "type": "boolean", "label": "whether enough was tried", "derived": True, "otherwise": False
    },
}  # fmt: skip


def step(tmp_path: Path, **more: Any) -> Engine:
    """Two of three drugs must have failed first."""
    tests = [{"fact": name, "is": "failed"} for name in FACTS if name != "iron.tried"]
    enough = rule("enough", when={"at_least": 2, "of": tests})
    enough["then"] = {"conclude": {"iron.tried": True}}
    first = rule("first", when={"fact": "iron.tried", "is": False})
    first["then"] = {"pend": {"because": "Try others first."}}
    file = policy("2024-01-01", facts=FACTS, rules=[enough, first], **more)
    return Engine(library(tmp_path, {"north/iron/2024-01-01.json": file}))


CLAIM = {
    "coverage": {"payer": "north"},
    "lines": [{"code": "J1756", "units": 3, "date": "2024-06-03"}],
}


def test_alternatives_are_one_item_and_say_how_many_are_enough(tmp_path: Path) -> None:
    engine = step(tmp_path)
    ((item,),) = engine.interviews(CLAIM)
    assert item.question is None and item.enough == 2
    assert sorted(asked([item])) == ["iron.diet", "iron.drops", "iron.tablets"]
    ((rest,),) = engine.interviews({**CLAIM, "facts": {"iron.drops": "failed"}})
    assert rest.enough == 1 and sorted(asked([rest])) == ["iron.diet", "iron.tablets"]
    assert engine.interviews(
        {**CLAIM, "facts": dict.fromkeys(["iron.drops", "iron.diet"], "failed")}
    ) == ((),)


def test_the_policy_says_what_is_asked_first(tmp_path: Path) -> None:
    ((item,),) = step(tmp_path, ask_first=["iron.diet"]).interviews(CLAIM)
    assert item.question is not None and item.question.fact == "iron.diet"
    assert [(answer.value, answer.left) for answer in item.answers] == [
        ("failed", 2), ("not_tried", 2)
    ]  # fmt: skip


def test_what_has_no_date_asks_for_that_alone(engine: Engine) -> None:
    undated = {**REFILL, "lines": [{"code": "J0945", "units": 4}]}
    ((item,),) = engine.interviews(undated)
    assert item.question is not None and item.question.fact == "service.date"
