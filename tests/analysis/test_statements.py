"""Statements of `lab/cases/`: each with the verdict in `expected.json`, and shown by decided requests."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from payer_policy.analysis.prove import prove
from payer_policy.engine import Engine
from payer_policy.policy.loading import open_library
from tests.analysis.lab_folders import CASES, POLICY, build_lab

WITH_STATEMENTS = sorted(path.parent for path in CASES.glob("*/expected.json"))


@pytest.mark.parametrize("case", WITH_STATEMENTS, ids=lambda path: path.name)
def test_verdicts(case: Path, tmp_path: Path) -> None:
    build_lab(case, tmp_path / "policies")
    engine = Engine.open(tmp_path / "policies")
    found = {proof.statement.id: proof for proof in prove(engine, "lab/main")}

    expected = json.loads((case / "expected.json").read_text("utf-8"))
    assert {id_: proof.verdict for id_, proof in found.items()} == expected
    for proof in found.values():
        shown = proof.counterexample
        assert (shown is not None) == (proof.verdict == "broken")
        if shown is None:
            continue
        assert shown.case.determination in engine.decide(shown.case.request).determinations
        if proof.statement.kind != "stays":
            continue
        # The second request is the first with more known of it, and nothing else.
        assert shown.later is not None
        before, after = shown.case.facts, shown.later.facts
        assert {name: after[name] for name in before} == before
        assert len(after) > len(before)
        assert shown.later.determination in engine.decide(shown.later.request).determinations
        assert shown.later.determination.decision != shown.case.determination.decision


def test_the_two_requests_of_a_rule_that_is_assumed(tmp_path: Path) -> None:
    build_lab(CASES / "assumed-rule", tmp_path / "policies")
    engine = Engine.open(tmp_path / "policies")
    (proof, _) = prove(engine, "lab/main")

    assert proof.counterexample is not None
    case, later = proof.counterexample.case, proof.counterexample.later
    assert later is not None
    assert case.determination.decision == "approve"
    assert [one.rule for one in case.determination.assumptions] == ["r-a"]
    assert {name: v for name, v in later.facts.items() if name not in case.facts} == {"x.b1": True}
    assert [one.rule for one in later.determination.findings] == ["r-a"]


def test_a_name_that_nothing_can_assume(tmp_path: Path) -> None:
    build_lab(CASES / "assumed-rule", tmp_path / "policies")
    file = (tmp_path / "policies" / POLICY).parent / "statements.json"
    text = file.read_text("utf-8").replace('"is": "approve"', '"is": "approve"', 1)
    said = json.loads(text)
    said["statements"][0]["when"] = {"fact": "assumptions", "excludes": ["r-aa"]}
    file.write_text(json.dumps(said), "utf-8")

    from payer_policy.policy.loading import read_library

    _, problems = read_library(tmp_path / "policies")
    assert [(one.code, one.hint) for one in problems] == [("unknown-value", "did you mean `r-a`?")]


def test_ranges_hold_for_requests_and_for_counterexamples(tmp_path: Path) -> None:
    case = CASES / "read-by-no-rule"
    build_lab(case, tmp_path / "policies")
    path = tmp_path / "policies/vocabulary.json"
    vocabulary = json.loads(path.read_text("utf-8"))
    vocabulary["facts"]["x.i1"] |= {"minimum": 40, "maximum": 300}
    vocabulary["facts"]["x.d1"] |= {"minimum": "1990-01-01", "maximum": "2001-12-31"}
    path.write_text(json.dumps(vocabulary), "utf-8")
    beside = (tmp_path / "policies" / POLICY).parent / "statements.json"
    said = json.loads(beside.read_text("utf-8"))
    said["statements"] = [
        {"id": id_, "title": id_, "cites": ["r"], "never": {"fact": fact, **test}}
        for id_, fact, test in (
            ("below", "x.i1", {"less_than": 40}),
            ("above", "x.i1", {"more_than": 300}),
            ("small", "x.i1", {"at_most": 250}),
            ("early", "x.d1", {"before": "1990-01-01"}),
            ("late", "x.d1", {"after": "2001-12-31"}),
            ("later", "x.d1", {"after": "1995-05-05"}),
        )
    ]
    beside.write_text(json.dumps(said), "utf-8")
    library = open_library(tmp_path / "policies")
    found = {one.statement.id: one for one in prove(Engine(library), "lab/main")}

    assert {id_: one.verdict for id_, one in found.items()} == {
        "below": "proved", "above": "proved", "small": "broken",
        "early": "proved", "late": "proved", "later": "broken",
    }  # fmt: skip
    small, later = found["small"].counterexample, found["later"].counterexample
    assert small is not None
    assert later is not None
    assert 40 <= small.case.facts["x.i1"] <= 250  # type: ignore[operator]
    assert date(1995, 5, 5) < later.case.facts["x.d1"] <= date(2001, 12, 31)  # type: ignore[operator]
