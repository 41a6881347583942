"""The tool that compares the answers of two versions records what decides, and misses nothing."""

from __future__ import annotations

import copy
import json
import sys
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.delitem(sys.modules, "answers", raising=False)
    return pytest.importorskip("answers")


def test_examples_scenarios_and_claims_are_recorded_without_words(
    answers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = tmp_path / "features"
    features.mkdir()
    source = ROOT / "features/commercial-standard/intrathecal-baclofen/diagnosis.feature"
    (features / "some.feature").write_bytes(source.read_bytes())
    for name in ("policies", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    file = tmp_path / "some.jsonl"

    answers.record(
        Namespace(
            file=file, claims=40, seed=0, undated=0.0, spanned=0.0, engine="compiled", project=tmp_path
        )
    )  # fmt: skip

    text = file.read_text(encoding="utf-8")
    recorded = answers.answers_in(file)
    assert len(recorded) == len(text.splitlines())
    assert recorded["claims/refill.json#0"]["decision"] == "approve"
    assert recorded["claims/no-jz.json#0"]["determinations"][0]["findings"][-1][0] == "jz-missing"
    assert recorded["x12/reviews.278#2"] == {
        "id": "x12/reviews.278#2", "decision": "refused", "problems": ["wrong-value"],
    }  # fmt: skip
    assert any(name.startswith("some.feature: It is approved: ") for name in recorded)
    assert sum(name.startswith("SYN-0-") for name in recorded) == 40
    assert "because" not in text
    assert "hash" not in text


OLD: dict[str, Any] = {
    "id": "A", "decision": "partial", "without": [["62370", "2025-03-04"]],
    "determinations": [{
        "code": "J0945", "day": "2025-03-04", "policy": "medicare/baclofen", "decision": "partial",
        "lines": [[1, "approve", 4], [2, "reduce", 2]],
        "findings": [["limit", "reduce", "CO 151", [2]]],
        "unsettled": ["age"], "missing": ["patient.age"], "assumptions": [], "internal": False,
    }],
}  # fmt: skip
Change = Callable[[dict[str, Any], dict[str, Any]], object]
CHANGES: dict[str, Change] = {
    "decision: partial -> deny": lambda answer, _: answer.update(decision="deny"),
    "service without a policy gone": lambda answer, _: answer["without"].clear(),
    "decided service gone": lambda answer, _: answer["determinations"].clear(),
    "decision of a service: partial -> pend": lambda _, one: one.update(decision="pend"),
    "line: approve -> deny": lambda _, one: one.update(lines=[[1, "deny", 0], [2, "reduce", 2]]),
    "line: reduce -> absent": lambda _, one: one["lines"].pop(),
    "allowed units": lambda _, one: one["lines"][1].__setitem__(2, 1),
    "finding gone": lambda _, one: one["findings"].clear(),
    "finding new": lambda _, one: one["findings"].append(["other", "deny", "CO 4", [1]]),
    "kind of a finding": lambda _, one: one["findings"][0].__setitem__(1, "deny"),
    "codes of a finding": lambda _, one: one["findings"][0].__setitem__(2, "CO 151 N362"),
    "lines of a finding": lambda _, one: one["findings"][0].__setitem__(3, [1, 2]),
    "unsettled gone": lambda _, one: one["unsettled"].clear(),
    "missing new": lambda _, one: one["missing"].append("patient.weight"),
    "assumptions new": lambda _, one: one["assumptions"].append("rare"),
    "internal fault": lambda _, one: one.update(internal=True),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_every_kind_of_difference_is_reported_once(answers: Any, kind: str) -> None:
    new = copy.deepcopy(OLD)
    CHANGES[kind](new, new["determinations"][0])

    head, *said = answers.report({"A": OLD, "B": OLD}, {"A": new, "B": OLD})

    assert head == "1 of 2 answers differ"
    assert [line.strip().partition(" ")[2] for line in said[::2]] == [f"{kind} (1 requests)"]
    assert said[1].strip().startswith("A: ")


def test_equal_files_have_no_difference_and_requests_of_one_file_are_named(answers: Any) -> None:
    same = json.loads(json.dumps(OLD))

    assert list(answers.report({"A": OLD}, {"A": same})) == ["0 of 1 answers differ"]
    head, *said = answers.report({"A": OLD}, {"B": OLD})
    assert head == "0 of 0 answers differ"
    assert [line.strip() for line in said] == [
        "1 request only in the new file (1 requests)", "B:",
        "1 request only in the old file (1 requests)", "A:",
    ]  # fmt: skip
