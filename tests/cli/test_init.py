"""`payer-policy init`: what it writes, what stops it, and that what it writes is what is shipped."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from payer_policy.cli import payer_policy, starter
from payer_policy.cli.init import CONTENTS, EXAMPLE
from payer_policy.cli.starter import starter_files
from payer_policy.policy.loading import open_library
from tests.places import ROOT


def run(*words: str) -> Result:
    return CliRunner().invoke(payer_policy, words)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PAYER_POLICIES", raising=False)
    return tmp_path


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_it_writes_the_shipped_files_byte_for_byte(empty: Path) -> None:
    result = run("init")

    assert result.exit_code == 0, result.output
    written = files_in(empty)
    assert {name.split("/")[0] for name in written} == set(CONTENTS)
    for name in ("policies", "schema"):
        below = {one: data for one, data in written.items() if one.startswith(f"{name}/")}
        assert below == {f"{name}/{one}": data for one, data in files_in(ROOT / name).items()}
    for name, data in written.items():
        beside = ROOT / "starter" if name.startswith(".") else ROOT
        assert (beside / name).read_bytes() == data


def test_it_says_what_was_written_and_what_to_type_next(empty: Path) -> None:
    lines = run("init").output.splitlines()

    count = sum(path.is_file() for path in empty.rglob("*"))
    assert lines[0] == f"Wrote {count} files into this folder:"
    assert [line.split()[0].strip("/") for line in lines[1 : 1 + len(CONTENTS)]] == [*CONTENTS]
    assert lines[-4:] == [
        "Next:",
        "  payer-policy check",
        f"  payer-policy decide {EXAMPLE}",
        "  payer-policy spec",
    ]


def test_the_next_steps_work(empty: Path) -> None:
    assert run("init").exit_code == 0

    assert run("check", "--strict").exit_code == 0
    assert run("schema", "--check", "schema").exit_code == 0
    assert run("decide", EXAMPLE, "--engine", "compiled").exit_code == 0
    result = run("spec", "features", "-k", "Medicare and JZ", "--engine", "compiled")
    assert result.exit_code == 0, result.output
    assert run("facts").exit_code == 0


def test_a_folder_can_be_named_and_is_made(empty: Path) -> None:
    result = run("init", "new/my policies")

    assert result.exit_code == 0
    assert (empty / "new/my policies/policies/vocabulary.json").is_file()
    assert "into new/my policies:" in result.output
    assert "  cd 'new/my policies'\n" in result.output


def test_nothing_is_overwritten(empty: Path) -> None:
    (empty / "policies").mkdir()
    (empty / "features").write_text("mine", encoding="utf-8")
    (empty / ".vscode").mkdir()
    (empty / ".vscode/settings.json").write_text("{}", encoding="utf-8")
    before = files_in(empty)

    result = run("init")

    assert result.exit_code == 2
    assert (
        "nothing was written, because these are in the way: .vscode/settings.json, features, policies; "
        "move or delete them, or name another folder: payer-policy init FOLDER" in result.output
    )
    assert files_in(empty) == before


def test_one_thing_in_the_way_is_named_as_one(empty: Path) -> None:
    (empty / "schema").symlink_to(empty / "nowhere")

    result = run("init")

    assert result.exit_code == 2
    assert "because this is in the way: schema; move or delete it, or name" in result.output
    assert [path.name for path in empty.iterdir()] == ["schema"]


def test_a_long_list_is_counted(empty: Path) -> None:
    assert run("init").exit_code == 0
    before = files_in(empty)

    result = run("init")

    assert result.exit_code == 2
    assert f"and {len(CONTENTS) - 5} more; move" in result.output
    assert files_in(empty) == before


def test_settings_of_others_may_be_there(empty: Path) -> None:
    (empty / ".git").mkdir()
    (empty / ".github/workflows").mkdir(parents=True)
    (empty / ".github/workflows/other.yml").write_text("on: push\n", encoding="utf-8")
    (empty / "README.md").write_text("mine", encoding="utf-8")

    assert run("init").exit_code == 0


@pytest.mark.parametrize("name", ["notes", ".github"])
def test_a_file_in_place_of_a_folder_is_in_the_way(empty: Path, name: str) -> None:
    (empty / name).write_text("", encoding="utf-8")

    result = run("init", "notes") if name == "notes" else run("init")

    assert result.exit_code == 2
    assert f"this is in the way: {name}; move" in result.output


def test_a_folder_that_cannot_be_made_is_named(empty: Path) -> None:
    (empty / "notes").write_text("", encoding="utf-8")

    result = run("init", "notes/below")

    assert result.exit_code == 2
    assert "notes/below" in result.output


def test_an_installation_without_the_files_says_so(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starter, "INSTALLED", empty / "starter")
    monkeypatch.setattr(starter, "CHECKOUT", empty)

    result = run("init")

    assert result.exit_code == 2
    assert "this installation has no starter files" in result.output


def test_installed_files_come_before_those_of_a_checkout(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty / "starter/policies").mkdir(parents=True)
    (empty / "starter/policies/vocabulary.json").write_text("{}", encoding="utf-8")
    monkeypatch.setattr(starter, "INSTALLED", empty / "starter")

    assert list(starter_files()) == ["policies/vocabulary.json"]


def test_the_editor_gives_every_file_its_schema(empty: Path) -> None:
    """Each file has one schema: the one that its own `$schema` names, where it has one."""
    files = starter_files()
    rows = json.loads(files[".vscode/settings.json"].read_text("utf-8"))["json.schemas"]
    schemas = {}
    for name, path in files.items():
        if not name.startswith("policies/") or not name.endswith(".json"):
            continue
        found = [row["url"] for row in rows if _fits(name, row["fileMatch"])]
        assert len(found) == 1, name
        schemas[name] = found[0].removeprefix("./")
        own = json.loads(path.read_text("utf-8")).get("$schema")
        assert own is None or own.endswith(schemas[name]), name

    assert set(schemas.values()) <= set(files)
    assert {row["url"].removeprefix("./") for row in rows} == set(schemas.values())
    (request,) = [row for row in rows if row["url"] == "./schema/request.schema.json"]
    assert _fits(EXAMPLE, request["fileMatch"])
    assert not _fits("examples/claims/nightly.facts.json", request["fileMatch"])


def _fits(name: str, patterns: list[str]) -> bool:
    """As VS Code reads `fileMatch`: the last pattern that fits decides, and `!` leaves out."""
    fits = False
    for pattern in patterns:
        glob = pattern.removeprefix("!").removeprefix("/")
        if re.fullmatch(re.escape(glob).replace(r"\*", "[^/]*"), name):
            fits = not pattern.startswith("!")
    return fits


def test_the_ci_workflow_installs_this_version_and_runs_commands_that_exist() -> None:
    text = starter_files()[".github/workflows/payer-policy.yml"].read_text("utf-8")
    (job,) = yaml.safe_load(text)["jobs"].values()
    steps = [step["run"] for step in job["steps"] if "run" in step]

    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert steps == [
        f"pip install 'payer-policy[batch]~={version}'",
        "payer-policy check --strict",
        "payer-policy spec",
    ]


def test_every_policy_can_be_loaded_from_the_starter_folder(empty: Path) -> None:
    assert run("init").exit_code == 0

    assert (
        open_library(empty / "policies").addresses() == open_library(ROOT / "policies").addresses()
    )
