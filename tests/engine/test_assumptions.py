"""A determination lists all that it rests on and nobody said; without that, it stays."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import pytest

from payer_policy import Engine, PolicyError
from payer_policy.analysis.selfcheck import palette_of
from payer_policy.core.vocabulary.types import to_json
from payer_policy.engine import Decided
from payer_policy.policy.learning import Learning
from tests.engine.test_engine import POLICIES
from tests.generated_claims import claims
from tests.policy.checks.building import build


def flag(**more: Any) -> dict[str, Any]:
    return {"type": "boolean", "label": "a flag", "question": "Is it?", **more}


FACTS = {
    "x.quiet": flag(absent_means=False),
    "x.open": flag(),
    "x.asked": flag(),
    "x.computed": {
        "type": "boolean", "label": "a computed flag",
        "from": {"compute": {"condition": {"fact": "x.quiet", "is": True}}},
    },
    "x.number_given": {
        "type": "boolean", "label": "whether a number is given", "question": "Is there one?",
        "from": {"lines": "service", "any": {"line": "authorization_number", "is_known": True}},
    },
    "x.covered": {
        "type": "boolean", "label": "covered", "derived": True, "otherwise": False,
        "tells": "preauthorization satisfied",
    },
}  # fmt: skip
REASON = {"group": "CO", "carc": "50", "rarc": ["N130"], "because": "It is so."}


def denies(name: str, when: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "title": name,
        "cites": ["manual"],
        "when": when,
        "then": {"deny": REASON},
        **more,
    }


def is_(name: str, value: Any = True) -> dict[str, Any]:
    return {"fact": name, "is": value}


NAME = "north/iron/2024-01-01.json"
SILENCED = ['"title": "Iron infusions",', '"title": "Iron infusions", "sections": ["clinical"], '
            '"silences": ["section:clinical"],']  # fmt: skip
COVERED = {
    "id": "covered", "title": "covered", "cites": ["manual"], "when": is_("x.quiet", False),
    "then": {"conclude": {"x.covered": True}},
}  # fmt: skip
QUESTION = {"fact": "x.asked", "is_known": True}
BOTH = {"all": [is_("x.open"), is_("x.quiet")]}
CASES: Mapping[str, tuple[list[dict[str, Any]], dict[str, Any], str, list[str]]] = {
    # name: (rules, facts beside, the decision, what it assumes)
    "nothing is unsaid": ([denies("a", is_("x.open"))], {"x.open": False}, "approve", []),
    "silence": ([denies("a", is_("x.quiet"))], {}, "approve", ["x.quiet"]),
    "what silence means is said": ([denies("a", is_("x.quiet"))], {"x.quiet": False}, "approve", []),
    "a denial by silence": ([denies("a", is_("x.quiet", False))], {}, "deny", ["x.quiet"]),
    "a denial that says enough": (
        [denies("a", is_("x.open")), denies("b", is_("x.quiet"))], {"x.open": True}, "deny", []
    ),
    "silence that settles nothing": (
        [denies("a", BOTH)], {"x.open": False}, "approve", []
    ),
    "silence that settles it": ([denies("a", BOTH)], {"x.open": True}, "approve", ["x.quiet"]),
    "a value that is computed from silence": (
        [denies("a", is_("x.computed"))], {}, "approve", ["x.quiet"]
    ),
    "a question that is open": ([denies("a", QUESTION)], {}, "approve", ["x.asked"]),
    "a question that is answered": ([denies("a", QUESTION)], {"x.asked": True}, "deny", []),
    "a question about lines": ([denies("a", is_("x.number_given"))], {}, "approve", ["x.number_given"]),
    "a rule that is assumed": (
        [denies("a", is_("x.open"), if_unknown="assume_not_holding")], {}, "approve", ["a"]
    ),
    "both": (
        [denies("a", is_("x.open"), if_unknown="assume_not_holding"), denies("b", is_("x.quiet"))],
        {}, "approve", ["a", "x.quiet"],
    ),
    "what an authorization silences by silence": (
        [COVERED, denies("a", is_("x.open"), section="clinical")],
        {"x.open": True}, "approve", ["x.quiet"],
    ),
    "what an authorization silences": (
        [COVERED, denies("a", is_("x.open"), section="clinical")],
        {"x.open": True, "x.quiet": False}, "approve", [],
    ),
    "what no authorization silences, by silence": (
        [{**COVERED, "when": is_("x.quiet")}, denies("a", is_("x.open"), section="clinical")],
        {"x.open": True}, "deny", ["x.quiet"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", ["compiled", "durable", "checked"])
def test_what_is_assumed_is_listed(tmp_path: Any, case: str, name: str) -> None:
    rules, facts, decision, assumed = CASES[case]
    edit = {NAME: [SILENCED]} if any("section" in rule for rule in rules) else {}
    build({"add_facts": FACTS, "edit": edit, "add_rules": {NAME: rules}}, tmp_path / "policies")
    line = {"code": "J1756", "units": 1, "date": "2024-06-03"}
    request = {
        "id": "SYN-1", "coverage": {"payer": "north"}, "lines": [line],
        "facts": {"oral.outcome": "not_tolerated", **facts},
    }  # fmt: skip
    (made,) = Engine.open(tmp_path / "policies", engine=name).decide(request).determinations

    assert (made.decision, [one.name for one in made.assumptions]) == (decision, assumed)
    for one in made.assumptions:
        assert (one.rule is None) is (one.fact is not None)
        assert one.title == (one.rule or FACTS[str(one.fact)]["label"])


# --- the law -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.open(POLICIES, engine="compiled")


def settled(decided: Decided) -> dict[int, str]:
    """The lines whose outcome no more knowledge may turn, if nothing is assumed."""
    lines = decided.determination.lines
    return {line.number: line.outcome for line in lines if line.outcome in ("approve", "deny")}


def test_what_turns_when_more_is_known_was_assumed(engine: Engine) -> None:
    """On claims of every kind: one more fact turns an approval or a denial only where it is named, or
    is worked out from one that is."""
    random = Random(5)
    facts = engine.library.vocabulary.facts
    turned, steady = 0, 0
    for claim in claims(11, 700):
        try:
            decided, _ = engine.decide_fully(claim)
        except PolicyError:
            continue
        if len(decided) != 1 or not settled(decided[0]):
            continue
        (one,) = decided
        assumed = {other for each in one.determination.assumptions for other in each.waits_for}
        sources = engine.library.basis.sources_on(one.ruleset.facts, one.ruleset.first_day)
        learning = Learning(one.ruleset, facts, sources)
        palette = palette_of(one.ruleset)
        open_ = [
            name
            for name in sorted(palette.keys() & facts.keys())
            if not facts[name].derived and claim.get("facts", {}).get(name) is None
            if one.facts.get(name) is None or facts[name].absent_means is not None
        ]
        for name in random.sample(open_, min(8, len(open_))):
            value = random.choice([value for value in palette[name] if value is not None])
            more = {**claim, "facts": {**claim.get("facts", {}), name: to_json(value)}}
            try:
                later, _ = engine.decide_fully(more)
            except PolicyError:  # the claim itself says otherwise
                continue
            same = [two for two in later if two.ruleset.policy == one.ruleset.policy]
            if same and settled(one).items() <= settled(same[0]).items():
                steady += 1
                continue
            turned += 1
            assert learning.inputs(name) & assumed, (claim["id"], name, value)
    assert turned > 100
    assert steady > 1_000
