"""`payer-policy check`: exit status, JSON, SARIF, paths and order; the sentences are in `cases/`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from payer_policy.cli.check import command
from payer_policy.core.diagnostics.codes import CODES
from tests.places import POLICIES
from tests.policy.checks.building import CASES, build

OVERLAY = "south/iron/2024-01-01.json"


def check(*arguments: str) -> Result:
    result = CliRunner().invoke(command, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def case(name: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return value


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    build({}, tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "policies"


@pytest.fixture
def wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Errors in four files, a warning in one."""
    several = case("wrong-shape--vocabulary")
    several["edit"] = {"code_sets/anaemia.json": [['"D50.8"', '"50D.8"']]}
    several["write"] = {OVERLAY: "{", "south/iron/limits.csv": "x", "loose.json": "{}"}
    build(several, tmp_path / "policies")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "policies"


def test_the_shipped_policies_are_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(POLICIES.parent)

    result = check("--strict")

    assert result.exit_code == 0, result.output


def test_nothing_wrong_is_status_0(clean: Path) -> None:
    assert check().exit_code == 0
    assert check("--strict").exit_code == 0


def test_errors_are_status_1(wrong: Path) -> None:
    assert [check(*how).exit_code for how in ([], ["--json"], ["--sarif"])] == [1, 1, 1]


def test_warnings_are_status_1_only_where_that_is_asked(clean: Path) -> None:
    (clean / "south/iron/limits.csv").write_text("x", encoding="utf-8")

    assert check().exit_code == 0
    assert check("--strict").exit_code == 1


def test_no_folder_is_status_2(clean: Path) -> None:
    result = check("nowhere")

    assert result.exit_code == 2
    assert (
        "there is no folder `nowhere` here; to start one, type `payer-policy init`" in result.output
    )


def test_a_file_in_place_of_the_folder_is_status_2(clean: Path) -> None:
    result = check("policies/vocabulary.json")

    assert result.exit_code == 2
    assert "error[no-folder]" in result.output
    assert "policies/vocabulary.json" in result.output
    assert "nothing can be loaded" in result.output


def test_an_empty_folder_is_an_error(clean: Path) -> None:
    (clean.parent / "empty").mkdir()

    result = check("empty")

    assert result.exit_code == 1
    assert result.output.startswith("empty/vocabulary.json: error[missing-file]\n")


def test_problems_come_in_the_order_of_files_and_lines(wrong: Path) -> None:
    found = json.loads(check("--json").output)["problems"]
    places = [
        (at["file"], (at["start"] or {"line": 0})["line"], (at["start"] or {"column": 0})["column"])
        for at in (problem["location"] for problem in found)
    ]

    assert len({file for file, _, _ in places}) == 5
    assert places == sorted(places)


def test_the_json_is_complete(wrong: Path) -> None:
    made = json.loads(check("--json").output)

    assert made["schema"] == "payer-policy/problems/1"
    for problem in made["problems"]:
        assert set(problem) == {"code", "severity", "message", "hint", "location"}
        assert problem["code"] in CODES
        assert problem["severity"] in ("error", "warning")
        assert set(problem["location"]) == {"file", "path", "start", "end"}
    assert json.loads(check("--json", str(wrong)).output)["problems"] != made["problems"]


def test_the_json_says_the_same_as_the_text(wrong: Path) -> None:
    text = check().output
    for problem in json.loads(check("--json").output)["problems"]:
        assert f"{problem['severity']}[{problem['code']}]\n  {problem['message']}\n" in text


def test_a_clean_folder_is_an_empty_list(clean: Path) -> None:
    assert json.loads(check("--json").output)["problems"] == []
    assert json.loads(check("--sarif").output)["runs"][0]["results"] == []


def test_the_sarif_has_what_readers_of_sarif_need(wrong: Path) -> None:
    made = json.loads(check("--sarif").output)

    assert made["version"] == "2.1.0"
    assert made["$schema"].startswith("https://")
    (run,) = made["runs"]
    driver = run["tool"]["driver"]
    assert driver["name"] == "payer-policy"
    assert [rule["id"] for rule in driver["rules"]] == sorted({r["ruleId"] for r in run["results"]})
    for rule in driver["rules"]:
        assert rule["shortDescription"] == {"text": CODES[rule["id"]]}
    assert run["columnKind"] == "unicodeCodePoints"
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning")
        assert result["message"]["text"]
        (location,) = result["locations"]
        physical = location["physicalLocation"]
        assert " " not in physical["artifactLocation"]["uri"]
        region = physical.get("region")
        if region is not None:
            assert 1 <= region["startLine"] <= region["endLine"]
            assert region["startColumn"] >= 1


def test_sarif_names_files_by_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my policies"
    build({"write": {OVERLAY: "{"}}, folder)
    monkeypatch.chdir(tmp_path)

    def uri(where: str) -> str:
        (result,) = json.loads(check("--sarif", where).output)["runs"][0]["results"]
        found: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        return found

    assert uri("my policies") == f"my%20policies/{OVERLAY}"
    assert uri(str(folder)) == f"{folder.as_uri()}/{OVERLAY}"


def test_files_are_named_as_the_folder_was_given(wrong: Path) -> None:
    relative, absolute = check("policies").output, check(str(wrong)).output

    assert relative.startswith("policies/code_sets/anaemia.json:9:14: error[wrong-value]\n")
    assert absolute.startswith(f"{wrong}/code_sets/anaemia.json:9:14: error[wrong-value]\n")
    assert absolute.replace(f"{wrong}/", "policies/") == relative
    assert check("./policies/").output == relative


def test_two_runs_print_the_same_bytes(wrong: Path) -> None:
    """Also with other seeds for the order of sets."""

    def run(how: str, seed: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-m", "payer_policy", "check", *how.split()],
            cwd=wrong.parent,
            env={**os.environ, "PYTHONHASHSEED": seed, "PAYER_POLICY_DEBUG": "1"},
            capture_output=True,
            check=False,
        ).stdout

    assert run("--json", "1") == run("--json", "2") != b""


@pytest.mark.parametrize("text", ["", "[" * 100_000, "\x00", '{"rules": [{}]}', "null", "[]"])
def test_nobody_sees_a_stack_trace(clean: Path, text: str) -> None:
    for name in ("vocabulary.json", OVERLAY, "drugs/J1756.json", "reason_codes/carc.json"):
        before = (clean / name).read_text(encoding="utf-8")
        (clean / name).write_text(text, encoding="utf-8")

        result = check()

        assert result.exit_code == 1
        assert "Traceback" not in result.output
        assert f"policies/{name}" in result.output
        (clean / name).write_text(before, encoding="utf-8")


def test_json_schema_is_asked_too(clean: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were the published schema ever to refuse what is right, `check` would say so."""
    from payer_policy.formats.schemas import files

    real = files.policy_schema
    monkeypatch.setattr(
        "payer_policy.formats.schemas.agreement.policy_schema",
        lambda library: {**real(library), "required": ["color"]},
    )

    result = check()

    assert result.exit_code == 1
    assert result.output.count("error[schema-mismatch]") == 2
