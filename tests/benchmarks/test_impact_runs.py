"""The benchmark of `impact` still fits the product. Nothing here looks at a time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("impact", "workload"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return pytest.importorskip("impact")


def test_every_part_of_the_report_can_be_made(bench: Any, tmp_path: Path) -> None:
    made = bench.measured(300, 1, tmp_path)

    assert made["services"] == 300
    assert 0 < made["changed"] < 300
    assert set(made["runs"]) == {"batch, old", "batch, new", "impact"}
    assert "| impact ÷ both batches |" in bench.markdown(made)
