"""The benchmark of the service still fits the product. Nothing here looks at a time."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.places import ROOT


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    monkeypatch.delitem(sys.modules, "service", raising=False)
    return pytest.importorskip("service")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processor time is read there")
def test_a_running_service_is_asked_and_its_cost_is_counted(
    bench: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with bench.server(*bench.service(None)) as one:
        seen = one.load(bench.CLAIM.read_bytes(), 2, 0.5)

    assert set(seen.statuses) == {200}
    assert (seen.broken, len(seen.times)) == (0, seen.statuses[200])

    seen.cpu, seen.seconds = 2.0, 4.0
    half = bench.Load(8.0, seen.statuses, times=seen.times, cpu=1.0)
    rows = bench.reported(2, {bench.BARE: [half], "serve, before": [half], "serve, now": [seen]})

    now = rows["serve, now, 2"]
    assert (now["rate_to_before"], now["cpu_to_before"], now["cpu_to_bare"]) == (2.0, 2.0, 2.0)
    assert "| serve, now | 2 | " in capsys.readouterr().out
