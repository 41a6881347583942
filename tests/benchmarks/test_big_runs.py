"""The benchmark of large files makes files that batch reads, and its report has every run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.places import ROOT


@pytest.fixture
def big(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.delitem(sys.modules, "big", raising=False)
    return pytest.importorskip("big")


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peaks in /proc")
@pytest.mark.parametrize("form", ["facts", "claim lines"])
def test_claims_differ_and_are_decided(
    big: Any, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(big, "BASE", 200)
    monkeypatch.setattr(big, "BLOCK", 300)

    path = big.write(tmp_path / "claims.parquet", big.blocks(big.FORMS[form](), 700))
    run = big.measured(path, 700, 1, tmp_path)

    ids = pq.read_table(path)["id"].to_pylist()
    assert len(set(ids)) == 700
    assert 0 < run["peaks_mb"][0] < 450
    made = {"claims": 700, "forms": {form: {"file_mb": 1.0, "runs": [run]}}}
    assert f"| {form} | 1 |" in big.markdown(made)
