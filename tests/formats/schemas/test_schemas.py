"""The published JSON Schemas: fresh, valid, and of one mind with `payer-policy check`.

An editor shows what the schema says while a policy is written; `check` is the last word. What the
schema can see (names, operators, values, keys) it must refuse at the same place, and it must never
refuse what `check` accepts.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from payer_policy.cli.schema import command
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.json_source import decode_utf8, read_json, render_path
from payer_policy.formats.schemas import all_schemas, schema_problems
from payer_policy.policy.loading import open_library, read_library
from tests.places import ROOT
from tests.policy.checks.building import CASES, build

POLICIES, PUBLISHED = ROOT / "policies", ROOT / "schema"
FOLDERS = {
    "code_sets": "code-set",
    "reason_codes": "reason-codes",
    "drugs": "drug",
    "products": "products",
}


@pytest.fixture(scope="module")
def shipped() -> dict[str, dict[str, Any]]:
    return all_schemas(open_library(POLICIES))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """The schemas of the small folder that the golden cases change."""
    folder = tmp_path_factory.mktemp("base") / "policies"
    build({}, folder)
    return all_schemas(open_library(folder))


def schema_for(relative: str) -> str:
    if relative == "vocabulary.json":
        return "vocabulary"
    if relative.count("/") == 2:
        return "statements" if relative.endswith("/statements.json") else "policy"
    if "/examples/" in relative:
        return "request"
    return FOLDERS.get(relative.split("/")[0], "payer")


def test_the_published_schemas_are_fresh(shipped: dict[str, dict[str, Any]]) -> None:
    stale = [
        f"schema/{file} is not what the policies make of it: payer-policy schema --write schema"
        for file, schema in shipped.items()
        if not (PUBLISHED / file).is_file()
        or json.loads((PUBLISHED / file).read_text(encoding="utf-8")) != schema
    ]

    assert stale == []
    assert {path.name for path in PUBLISHED.glob("*.json")} == set(shipped)


def test_every_schema_is_a_schema(shipped: dict[str, dict[str, Any]]) -> None:
    for schema in shipped.values():
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        Draft202012Validator.check_schema(schema)


def test_every_reference_inside_a_schema_leads_somewhere(
    shipped: dict[str, dict[str, Any]],
) -> None:
    for file, schema in shipped.items():
        named = set(re.findall(r'"\$ref": "#/\$defs/([^"]+)"', json.dumps(schema)))
        assert named <= set(schema.get("$defs", {})), file


def test_every_shipped_file_is_right_by_its_schema(shipped: dict[str, dict[str, Any]]) -> None:
    found = []
    for path in sorted(POLICIES.rglob("*.json")):
        relative = path.relative_to(POLICIES).as_posix()
        kind = schema_for(relative)
        document = read_json(decode_utf8(path.read_bytes(), relative), relative)
        if kind == "request":
            del document.value["$schema"]  # as the reader of requests does
        found += schema_problems(shipped[f"{kind}.schema.json"], [document], kind)

    assert found == []


def test_every_shipped_file_names_its_schema() -> None:
    """By a relative path, so that an editor finds it; the right one of them."""
    offenders = []
    for path in sorted(POLICIES.rglob("*.json")):
        relative = path.relative_to(POLICIES).as_posix()
        named = json.loads(path.read_text(encoding="utf-8")).get("$schema")
        wanted = "../" * (relative.count("/") + 1) + f"schema/{schema_for(relative)}.schema.json"
        if named != wanted:
            offenders.append(f'{relative}: write "$schema": "{wanted}"')

    assert offenders == []


# --- an editor and `check` say the same ---------------------------------------------------------------

VISIBLE = ("unknown-key", "unknown-operator", "operator-type", "unknown-value", "unknown-fact")
"""What a schema can see: names, and which operators and values go with a fact."""

ONLY_CHECK_SEES = {
    "unknown-fact--in-a-sentence",  # a schema does not read sentences
    "unknown-fact--parameter-in-a-sentence",
    "operator-type--table-of-none",  # what a table gives stands elsewhere
    "unknown-value--rows-of-a-table",  # so do the types of its columns
    "unknown-key--acknowledged",  # any warning may come to be acknowledged
    "unknown-value--drug-attribute",  # the attributes stand in other files
    "unknown-value--drug-attribute-in-its-file",
    "unknown-value--otherwise",  # the values stand beside it
    "unknown-value--parameter",  # the value stands elsewhere
}
NAMES = sorted(
    path.stem
    for path in CASES.glob("*.json")
    if path.stem.partition("--")[0] in VISIBLE and path.stem not in ONLY_CHECK_SEES
)


def case_in(folder: Path, name: str) -> list[Diagnostic]:
    build(json.loads((CASES / f"{name}.json").read_text(encoding="utf-8")), folder)
    return read_library(folder)[1]


def refused(folder: Path, relative: str, schemas: dict[str, dict[str, Any]]) -> list[str]:
    """The places at which the schema refuses a file."""
    value = json.loads((folder / relative).read_text(encoding="utf-8-sig"))
    validator = Draft202012Validator(schemas[f"{schema_for(relative)}.schema.json"])
    return [render_path(tuple(error.absolute_path)) for error in validator.iter_errors(value)]


@pytest.mark.parametrize("name", NAMES)
def test_an_editor_marks_what_check_refuses(
    name: str, tmp_path: Path, small: dict[str, dict[str, Any]]
) -> None:
    folder = tmp_path / "policies"
    problems = [p for p in case_in(folder, name) if p.code == name.partition("--")[0]]
    assert problems
    for problem in problems:
        relative = Path(problem.location.file).relative_to(folder).as_posix()
        places = refused(folder, relative, small)
        # A key that is too many is marked at its object, everything else at the very place.
        assert any(problem.location.path.startswith(place) for place in places if place != "$") or (
            "$" in places and problem.location.path.count(".") == 1
        ), places


def test_an_editor_never_marks_what_check_accepts(
    tmp_path: Path, small: dict[str, dict[str, Any]]
) -> None:
    offenders = []
    for path in sorted(CASES.glob("ok--*.json")):
        folder = tmp_path / path.stem
        assert [p for p in case_in(folder, path.stem) if p.severity == "error"] == []
        schemas = small
        if "facts" in path.read_text(encoding="utf-8"):  # of the vocabulary, or of a policy
            schemas = all_schemas(open_library(folder))
        for file in sorted(folder.rglob("*.json")):
            relative = file.relative_to(folder).as_posix()
            if not any(part.startswith(".") for part in relative.split("/")):
                found = refused(folder, relative, schemas)
                offenders += [f"{path.stem}: {relative} at {place}" for place in found]

    assert offenders == []


# --- the command ----------------------------------------------------------------------------------------


def test_the_command_writes_prints_and_compares(tmp_path: Path) -> None:
    folder = tmp_path / "policies"
    build({}, folder)

    def schema(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(command, ["--policies", str(folder), *arguments])
        return result.exit_code, result.output

    target = tmp_path / "schema"
    assert schema("--write", str(target))[0] == 0
    assert schema("--check", str(target)) == (0, "")
    assert schema("policy") == (0, (target / "policy.schema.json").read_text(encoding="utf-8"))
    (target / "drug.schema.json").write_text("{}", encoding="utf-8")
    status, said = schema("--check", str(target))
    assert status == 1
    assert said.startswith(f"{target}/drug.schema.json is out of date")
    status, said = schema("polices")
    assert status == 2
    assert "did you mean `policy`?" in said
