"""The table of codes and the sources say the same: no other code is ever reported, and none is idle."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from click.testing import CliRunner

from payer_policy.cli.check import command
from payer_policy.core.diagnostics.codes import CODES
from tests.places import ROOT

SOURCE = ROOT / "src" / "payer_policy"
READS_FOLDERS = (
    "analysis/deep.py",
    "core/json_source.py",
    "core/json_models.py",
    "core/json_words.py",
    "core/vocabulary",
    "language",
    "policy",
    "formats/schemas",
    "specs/examples.py",
)
"""What takes part in reading a policy folder. Requests have codes of their own."""
TAKES_A_CODE = {
    "problem",
    "report",
    "reports",
    "refuse",
    "say",
    "at_parameter",
    "Diagnostic",
    "Said",
    "ValueProblem",
    "_Refused",
    "_of_parameter",
}
CODE = re.compile(r"[a-z]+(-[a-z]+)*\Z")


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for name in READS_FOLDERS:
        path = SOURCE / name
        for module in [path] if path.is_file() else sorted(path.rglob("*.py")):
            tree = ast.parse(module.read_text(encoding="utf-8"))
            yield module.relative_to(SOURCE).as_posix(), tree


def _called(node: ast.Call) -> str:
    function = node.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def test_only_codes_of_the_table_are_reported() -> None:
    offenders = [
        f"{module}:{node.lineno} reports {argument.value}"
        for module, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and _called(node) in TAKES_A_CODE
        for argument in node.args[:3]
        if isinstance(argument, ast.Constant)
        and isinstance(argument.value, str)
        and "-" in argument.value
        and CODE.match(argument.value)
        and argument.value not in CODES
    ]

    assert offenders == []


def test_every_code_of_the_table_is_reported_somewhere() -> None:
    written = {
        node.value
        for _, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }

    assert set(CODES) - written == set()


def test_codes_are_told_in_one_line_each() -> None:
    offenders = [
        f"{code}: {means}"
        for code, means in CODES.items()
        if not CODE.match(code) or not means.endswith(".") or "\n" in means or len(means) > 100
    ]

    assert offenders == []


def test_the_command_lists_them() -> None:
    printed = CliRunner().invoke(command, ["--codes"])
    as_json = CliRunner().invoke(command, ["--codes", "--json"])

    assert printed.exit_code == as_json.exit_code == 0
    assert [line.split()[0] for line in printed.output.splitlines()] == list(CODES)
    assert {entry["code"]: entry["means"] for entry in json.loads(as_json.output)} == CODES
