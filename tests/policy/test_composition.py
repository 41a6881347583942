"""What several files say together, held to the rules of dominance as they are stated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from payer_policy import Engine, PolicyError
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.json_source import read_json
from payer_policy.engine import NotInForce
from payer_policy.policy.files import PolicyFile
from payer_policy.policy.library import spans_of
from payer_policy.policy.versions import PolicyVersion
from tests.examples import examples
from tests.policy.folders import library, policy, rule, units

DAY = date(2024, 1, 1)
NAMES = ("alpha", "beta", "gamma")


# --- the law ---------------------------------------------------------------------------------------


@st.composite
def graphs(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Modules that extend some of those before them, each with words of its own; the last on top."""
    made: list[dict[str, Any]] = []
    for at in range(draw(st.integers(2, 6))):
        before = st.sets(st.sampled_from(range(at))) if at else st.just(set())
        words = st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), max_size=3)
        made.append({"extends": sorted(draw(before)), "words": draw(words)})
    made[-1]["extends"] = sorted({*made[-1]["extends"], len(made) - 2})
    return made


def files(graph: list[dict[str, Any]], order: Mapping[int, list[int]]) -> Iterator[PolicyVersion]:
    for at, node in enumerate(graph):
        raw = policy(
            DAY.isoformat(),
            extends=[f"general/m{base}" for base in order[at]],
            parameters={name: {"value": value} for name, value in node["words"].items()},
        )
        text = json.dumps(raw)
        model = PolicyFile.model_validate_json(text)
        yield PolicyVersion(f"general/m{at}", DAY, None, model, read_json(text, f"m{at}.json"))


def expected(graph: list[dict[str, Any]], top: int) -> dict[str, set[int]]:
    """By name, the values that no file above another one's replaces: the rule, word for word."""

    def below(at: int) -> set[int]:
        return set(graph[at]["extends"]).union(*(below(one) for one in graph[at]["extends"]))

    reached = below(top) | {top}
    out: dict[str, set[int]] = {}
    for name in NAMES:
        giving = [at for at in reached if name in graph[at]["words"]]
        left = [at for at in giving if not any(at in below(other) for other in giving)]
        if left:
            out[name] = {graph[at]["words"][name] for at in left}
    return out


def test_of_two_equal_words_each_is_above_what_its_file_extends() -> None:
    """m1 and m2 both say 1, and m2 extends m0, which says 2. m2 also goes before m0 further up."""
    words: tuple[dict[str, int], ...] = ({"alpha": 2}, {"alpha": 1}, {"alpha": 1}, {}, {})
    extends: tuple[list[int], ...] = ([], [], [0], [0, 1, 2], [0, 3])
    graph = [{"extends": e, "words": w} for e, w in zip(extends, words, strict=True)]
    policies = {one.address: (one,) for one in files(graph, dict(enumerate(extends)))}
    problems: list[Diagnostic] = []

    (merged,) = spans_of("general/m4", policies, problems.append)

    assert problems == []
    assert merged.parameters["alpha"].model.value == 1


@given(graphs(), st.randoms(use_true_random=False))
@settings(max_examples=examples(60), deadline=None)
def test_a_word_yields_to_the_same_name_above_it_whatever_the_order(
    graph: list[dict[str, Any]], random: Any
) -> None:
    plain = {at: list(node["extends"]) for at, node in enumerate(graph)}
    shuffled = {at: random.sample(bases, len(bases)) for at, bases in plain.items()}
    wanted = expected(graph, len(graph) - 1)
    seen = []
    for order in (plain, shuffled):
        policies = {one.address: (one,) for one in files(graph, order)}
        problems: list[Diagnostic] = []
        top = f"general/m{len(graph) - 1}"
        (merged,) = spans_of(top, policies, problems.append)
        found = {name: placed.model.value for name, placed in merged.parameters.items()}
        # A disagreement is reported where the files come together: here, or further down.
        disagree = {name for name, values in wanted.items() if len(values) > 1}
        for address in policies:
            spans_of(address, policies, problems.append)
        named = {name for name in NAMES for one in problems if f"`{name}`" in one.message}
        assert disagree <= named
        assert {name: {value} for name, value in found.items() if name not in disagree} == {
            name: values for name, values in wanted.items() if name not in disagree
        }
        assert found.keys() == wanted.keys()
        seen.append((found, sorted(one.message for one in problems)))
    assert seen[0] == seen[1]


# --- in a folder -----------------------------------------------------------------------------------

MODULE = {"abstract": True, "references": {"manual": {"title": "Manual"}}}


def module(**more: Any) -> dict[str, Any]:
    return policy("2024-01-01", extends=[], **MODULE, **more)


def test_a_replacement_of_one_base_reaches_the_policy_although_another_brings_the_original(
    tmp_path: Path,
) -> None:
    made = library(
        tmp_path,
        {
            "general/core/2024-01-01.json": module(rules=[rule("looked-at", 1)]),
            "general/one/2024-01-01.json": policy(
                "2024-01-01",
                abstract=True,
                extends="general/core",
                rules=[rule("looked-at", 7, replaces=True)],
            ),
            "general/two/2024-01-01.json": policy(
                "2024-01-01", abstract=True, extends="general/core", rules=[rule("also", 2)]
            ),
            "north/iron/2024-01-01.json": policy(
                "2024-01-01",
                extends=["general/two", "general/one"],
                applies_to={"fact": "drug.code", "in": ["J1756"]},
            ),
        },
    )
    ruleset = made.ruleset("north/iron", DAY)
    assert ruleset is not None
    assert {one.id: one.origin for one in ruleset.rules} == {
        "also": "general/two/2024-01-01",
        "looked-at": "general/one/2024-01-01",
    }


def test_a_module_decides_nothing_by_itself(tmp_path: Path) -> None:
    made = library(
        tmp_path,
        {
            "general/core/2024-01-01.json": module(rules=[rule("looked-at", 1)]),
            "north/iron/2024-01-01.json": policy(
                "2024-01-01",
                extends="general/core",
                applies_to={"fact": "drug.code", "in": ["J1756"]},
            ),
        },
    )
    engine = Engine(made)
    assert made.is_module("general/core") and not made.is_module("north/iron")
    assert made.codes["general/core"] == frozenset()
    with pytest.raises(NotInForce, match="is a module"):
        engine.policy("general/core", DAY)
    (decided,) = engine.decide(
        {
            "coverage": {"payer": "north"},
            "lines": [{"code": "J1756", "units": 3, "date": DAY.isoformat()}],
        }
    ).determinations
    assert decided.policy.address == "north/iron"
    assert [one.rule for one in decided.findings] == ["looked-at"]


def test_a_version_that_continues_another_takes_over_all_but_its_dates(tmp_path: Path) -> None:
    most = {"fact": "units.billed", "more_than": {"parameter": "most"}}
    made = library(
        tmp_path,
        {
            "north/iron/2024-01-01.json": policy(
                "2024-01-01", "2024-12-31", parameters=units(3), rules=[rule("many", when=most)]
            ),
            "north/iron/2025-01-01.json": {
                "effective": {"from": "2025-01-01", "through": "2025-12-31"},
                "continues": True,
                "parameters": units(5),
            },
            "north/iron/2026-01-01.json": {
                "effective": {"from": "2026-01-01"},
                "continues": True,
                "rules": [rule("few", at_least=2)],
            },
        },
    )
    versions = made.policies["north/iron"]
    assert [version.title for version in versions] == ["A policy"] * 3
    found = []
    for version in versions:
        ruleset = made.ruleset("north/iron", version.first_day)
        assert ruleset is not None
        found.append(({one.id for one in ruleset.rules}, ruleset.parameters["most"].value))
    assert found == [({"many"}, 3), ({"many"}, 5), ({"many", "few"}, 5)]


# --- facts of a policy -----------------------------------------------------------------------------

WEIGHT = {
    "type": "decimal",
    "unit": "points",
    "label": "the weight",
    "question": "What is the weight?",
}
HEAVY = {
    "type": "boolean",
    "label": "whether the patient is heavy",
    "from": {"compute": {"condition": {"fact": "core.weight", "at_least": {"parameter": "heavy"}}}},
}


def with_facts(tmp_path: Path, **more: Any) -> Any:
    heavy = {"value": 90, "unit": "points"}
    core = module(
        facts={"core.weight": WEIGHT, "core.heavy": HEAVY},
        parameters={"heavy": heavy},
        rules=[rule("heavy", when={"fact": "core.heavy", "is": True})],
    )
    applies = {"fact": "drug.code", "in": ["J1756"]}
    return library(
        tmp_path,
        {
            "general/core/2024-01-01.json": core,
            "north/iron/2024-01-01.json": policy(
                "2024-01-01", extends="general/core", applies_to=applies
            ),
            "south/iron/2024-01-01.json": policy(
                "2024-01-01",
                extends="general/core",
                applies_to=applies,
                parameters={"heavy": {**heavy, "value": 120}},
                **more,
            ),
        },
    )


@pytest.mark.parametrize(("payer", "wanted"), [("north", True), ("south", False)])
def test_a_fact_of_a_module_reads_the_parameter_of_the_policy(
    tmp_path: Path, payer: str, wanted: bool
) -> None:
    request = {
        "coverage": {"payer": payer},
        "lines": [{"code": "J1756", "units": 3, "date": DAY.isoformat()}],
        "facts": {"core.weight": 100},
    }
    for name in ("compiled", "checked", "columnar"):
        (decided,) = Engine(with_facts(tmp_path / name), name).decide(request).determinations
        assert [one.rule for one in decided.findings] == ["heavy"] * wanted


def test_a_fact_of_one_policy_changes_the_hash_of_no_other(tmp_path: Path) -> None:
    plain = with_facts(tmp_path / "plain")
    own = {"iron.sleep": {**WEIGHT, "label": "the sleep", "question": "How much sleep?"}}
    read = [rule("sleep", when={"fact": "iron.sleep", "at_least": 3})]
    more = with_facts(tmp_path / "more", facts=own, rules=read)

    def hashes(made: Any, address: str) -> str:
        ruleset = made.ruleset(address, DAY)
        assert ruleset is not None
        return str(ruleset.hash)

    assert hashes(plain, "north/iron") == hashes(more, "north/iron")
    assert hashes(plain, "general/core") == hashes(more, "general/core")
    assert hashes(plain, "south/iron") != hashes(more, "south/iron")
    assert "iron.sleep" in more.vocabulary.facts and "iron.sleep" not in plain.vocabulary.facts


def test_a_sibling_cannot_read_the_fact_of_a_policy(tmp_path: Path) -> None:
    own = {"iron.sleep": {**WEIGHT, "label": "the sleep", "question": "How much sleep?"}}
    with pytest.raises(PolicyError) as refused:
        library(
            tmp_path,
            {
                "north/iron/2024-01-01.json": policy("2024-01-01", facts=own),
                "south/iron/2024-01-01.json": policy(
                    "2024-01-01", rules=[rule("sleep", when={"fact": "iron.sleep", "at_least": 3})]
                ),
            },
        )
    (problem,) = refused.value.diagnostics
    assert problem.code == "unknown-fact" and "`iron.sleep`" in problem.message
