"""The table of a bundle's codes: each is reported somewhere, and each is met in these tests."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path

from payer_policy.bundle.problems import CODES
from tests.places import ROOT


def texts(paths: Iterable[Path]) -> set[str]:
    return {
        node.value
        for path in paths
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_code_is_reported_and_tried() -> None:
    source = ROOT / "src" / "payer_policy"
    table = source / "bundle" / "problems.py"
    modules = [*(source / "bundle").glob("*.py"), *(source / "service" / "deployment").glob("*.py")]
    assert set(CODES) - texts(path for path in modules if path != table) <= {"too-many-problems"}
    tests = [
        *(ROOT / "tests/bundle").glob("test_*.py"),
        *(ROOT / "tests/service/deployment").glob("*.py"),
    ]
    assert set(CODES) - texts(tests) == set()


def test_codes_are_told_in_one_line_each() -> None:
    assert [code for code, means in CODES.items() if not means.endswith(".") or "\n" in means] == []
