"""What a process imports that decides one claim of JSON: nothing that reads or writes other forms."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.places import POLICIES, ROOT

CLAIM = ROOT / "examples/claims/refill.json"
LIBRARY = f"""
import json
from payer_policy import Engine
claim = json.load(open({str(CLAIM)!r}))
assert Engine.open({str(POLICIES)!r}).decide(claim).decision == "approve"
"""
COMMAND = f"""
from payer_policy.cli import payer_policy
arguments = ["decide", {str(CLAIM)!r}, "--policies", {str(POLICIES)!r}, "--engine", "compiled"]
payer_policy(arguments, standalone_mode=False)
"""
NEVER = (
    "jsonschema", "numpy", "polars", "pyarrow", "sqlalchemy", "fastapi", "fhir",
    "payer_policy.analysis", "payer_policy.audit", "payer_policy.formats.fhir",
    "payer_policy.formats.x12.remittance", "payer_policy.service", "payer_policy.batch",
)  # fmt: skip


@pytest.mark.parametrize("program", [LIBRARY, COMMAND], ids=["library", "command"])
def test_deciding_a_claim_imports_nothing_that_it_does_not_need(program: str) -> None:
    caught = f"try:\n{program.replace(chr(10), chr(10) + ' ')}\nexcept SystemExit: pass"
    script = f"{caught}\nimport sys\nprint('imported', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    imported = done.stdout.partition("imported")[2].split()
    assert "payer_policy.engine" in imported
    assert [name for name in NEVER if name in imported] == []
