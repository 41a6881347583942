"""The benchmark script still fits the product: every part of it runs, a few rounds only.

Nothing here looks at a time.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from payer_policy.policy.loading import open_library
from tests.places import ROOT


@pytest.fixture
def core(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    for name in ("core", "handwritten"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return pytest.importorskip("core")


def test_every_part_of_the_report_can_be_made(core: Any) -> None:
    library = open_library(ROOT / "policies")
    lines = (ROOT / "benchmarks/claims.jsonl").read_text(encoding="utf-8").splitlines()
    claims = {raw["id"]: raw for raw in map(json.loads, lines)}

    results: dict[str, Any] = {"machine": "any", "starting": {"nothing": 0.0}}
    for name, claim in (("refill", "SYN-B-REFILL"), ("record", "SYN-B-REFILL-RECORD")):
        by_stage = core.stages(library, claims[claim], 2)
        by_engine = core.engines(library, claims[claim], 2)
        results[name] = {
            "ratios": core.ratios(by_stage, by_engine), "stages": by_stage, "engines": by_engine,
        }  # fmt: skip
    results["mix"] = core.throughput(library, claims, 2)

    report = core.markdown(results)
    assert all(
        f"| {claim} | {kind} |" in report for claim, kind in results["mix"]["decisions"].items()
    )
    assert set(results["mix"]["decisions"].values()) == {"approve", "deny", "pend", "partial"}
    json.dumps(core.plain(results))
