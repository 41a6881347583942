"""Building: only what passes is packed, what was read is what was checked, and the bytes are fixed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from payer_policy.bundle import building
from payer_policy.bundle.archive import unpack
from payer_policy.bundle.building import ScenariosFailed, build_bundle
from payer_policy.bundle.manifest import About, read_about
from payer_policy.bundle.opening import open_bundle_bytes
from payer_policy.bundle.problems import BundleError
from payer_policy.core.diagnostics import PolicyError
from payer_policy.engines import enough_engines
from payer_policy.policy.folder_hash import contents_hash
from payer_policy.specs.running import Run
from tests.bundle.making import FEATURE, MORE_UNITS, POLICY, found, key, write


def refused(policies: Path, features: Path | None, **how: Any) -> list[tuple[str, str]]:
    with pytest.raises(BundleError) as error:
        build_bundle(policies, features, key(), **how)
    return found(error.value)


def test_the_manifest_says_what_the_scenarios_came_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    policies, features = write(tmp_path)

    built = build_bundle(policies, features, key(), pack_features=True, about=About(sequence=7))

    specs = built.manifest.specs
    assert specs is not None and not built.manifest.without_specs
    assert (specs.scenarios, specs.passed, specs.failed, specs.skipped) == (2, 2, 0, 0)
    assert (specs.features, specs.packed) == (1, True)
    assert specs.engines == [name for name in specs.engines if name in enough_engines()]
    assert specs.engines
    files = unpack(built.data, "b.zip")
    assert files["features/iron.feature"] == FEATURE.encode()
    assert specs.hash == contents_hash({"iron.feature": FEATURE.encode()})
    opened = open_bundle_bytes(built.data, "b.zip", [key().public])
    assert opened.manifest == built.manifest
    # Unpacked or not, what they came to is the same.
    without = build_bundle(policies, features, key(), engine="compiled").manifest
    assert without.specs is not None
    assert (without.specs.hash, without.specs.packed) == (specs.hash, False)
    assert without.specs.engines == ["compiled"]
    assert not any(one.path.startswith("features/") for one in without.files)


def test_a_failing_scenario_is_not_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    policies, features = write(tmp_path, MORE_UNITS)

    with pytest.raises(ScenariosFailed) as error:
        build_bundle(policies, features, key(), engine="compiled")

    (one,) = error.value.diagnostics
    assert (one.code, one.location.file) == ("failed-scenario", "features/iron.feature:12")
    assert one.message == "the scenario `One unit more` does not pass on compiled"
    assert error.value.run.count("passed") == 1


def test_an_error_of_check_is_not_packed(tmp_path: Path) -> None:
    policies, features = write(tmp_path)
    (policies / POLICY).write_text("{", "utf-8")
    (policies / "south" / "payer.json").unlink()

    where = policies.as_posix()
    assert refused(policies, features) == [
        ("json-syntax", f"{where}/{POLICY}"),
        ("missing-file", f"{where}/south/payer.json"),
    ]
    assert refused(tmp_path / "nowhere", features)[0][0] == "no-folder"


def test_a_file_that_cannot_be_loaded_is_not_passed_over(tmp_path: Path) -> None:
    policies, features = write(tmp_path)
    (policies / "drugs" / "J9999.json").symlink_to(tmp_path / "gone.json")

    assert refused(policies, features) == [
        ("unreadable", f"{policies.as_posix()}/drugs/J9999.json"),
    ]


def test_no_scenarios_must_be_asked_for(tmp_path: Path) -> None:
    policies, _ = write(tmp_path)
    (tmp_path / "none").mkdir()

    assert refused(policies, tmp_path / "none") == [("no-scenarios", f"{tmp_path}/none")]
    assert refused(policies, tmp_path / "nowhere") == [("no-scenarios", f"{tmp_path}/nowhere")]
    manifest = build_bundle(policies, None, key()).manifest
    assert (manifest.specs, manifest.without_specs) == (None, True)


def test_a_feature_file_that_is_no_gherkin(tmp_path: Path) -> None:
    policies, features = write(tmp_path)
    (features / "iron.feature").write_text("Feature: x\n  Scenario: y\n    When nothing\n", "utf-8")
    (features / "other.feature").write_bytes(b"\xff")

    codes = {code for code, _ in refused(policies, features)}
    assert "not-text" in codes and len(codes) > 1


def test_feature_files_whose_names_not_every_computer_takes(tmp_path: Path) -> None:
    policies, features = write(tmp_path)
    for name in ("a:b.feature", "IRON.feature"):
        (features / name).write_text(FEATURE, "utf-8")

    assert refused(policies, features, engine="compiled", pack_features=True) == [
        ("wrong-name", "features/a:b.feature"),
        ("duplicate-address", "features/iron.feature"),
    ]
    assert build_bundle(policies, features, key(), engine="compiled").manifest.specs


def test_scenarios_of_which_none_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policies, features = write(tmp_path)
    monkeypatch.setattr(building, "run_scripts", lambda *_, **__: Run([]))

    assert refused(policies, features) == [("no-scenarios", f"{features}")]


def test_the_schema_is_asked_as_check_asks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies, _ = write(tmp_path)
    monkeypatch.setattr(
        "payer_policy.formats.schemas.agreement.policy_schema",
        lambda library: {"required": ["color"]},
    )

    assert {code for code, _ in refused(policies, None)} == {"schema-mismatch"}


def test_scenarios_that_change_while_they_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies, features = write(tmp_path)
    real = building.run_scripts

    def run_and_edit(*arguments: Any, **more: Any) -> Any:
        run = real(*arguments, **more)
        (features / "iron.feature").write_text(FEATURE + "\n", "utf-8")
        (features / "new.feature").write_text(FEATURE, "utf-8")
        return run

    monkeypatch.setattr(building, "run_scripts", run_and_edit)

    assert refused(policies, features, engine="compiled") == [
        ("changed-while-read", f"{features}/iron.feature"),
        ("changed-while-read", f"{features}/new.feature"),
    ]


def test_policies_that_change_after_they_were_read_are_packed_as_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies, features = write(tmp_path)
    before = (policies / POLICY).read_bytes()
    real = building.run_scripts

    def edit_and_run(*arguments: Any, **more: Any) -> Any:
        (policies / POLICY).write_bytes(before.replace(b"300", b"900"))
        return real(*arguments, **more)

    monkeypatch.setattr(building, "run_scripts", edit_and_run)

    built = build_bundle(policies, features, key(), engine="compiled")
    assert unpack(built.data, "b.zip")[f"policies/{POLICY}"] == before


def test_warnings_and_files_for_people(tmp_path: Path) -> None:
    policies, _ = write(tmp_path)
    (policies / "README.md").write_text("For people.", "utf-8")
    (policies / "south" / "iron" / "limits.csv").write_text("x", "utf-8")

    built = build_bundle(policies, None, key())

    assert [one.model_dump() for one in built.manifest.check.warnings] == [
        {
            "code": "unexpected-file",
            "file": "policies/south/iron/limits.csv",
            "message": "this file is not read: its name does not end in .json",
        }
    ]
    assert not {"policies/README.md", "policies/south/iron/limits.csv"} & set(
        unpack(built.data, "b.zip")
    )
    open_bundle_bytes(built.data, "b.zip", [key().public])


def test_the_same_folder_gives_the_same_bytes_in_any_place_and_process(tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_bytes(key().pem())
    (tmp_path / "k.pem").chmod(0o600)
    made = []
    for name in ("one", "two/below"):
        (tmp_path / name).mkdir(parents=True)
        policies, features = write(tmp_path / name)
        (policies / "left.csv").write_text("a warning", "utf-8")
        arguments = ["--policies", str(policies), "--features", str(features), "--pack-features"]
        arguments += ["--engine", "compiled", "--key", str(tmp_path / "k.pem")]
        arguments += ["-o", "b.zip", "--json"]
        run = subprocess.run(
            [sys.executable, "-m", "payer_policy", "bundle", "build", *arguments],
            cwd=tmp_path / name,
            capture_output=True,
            check=False,
        )
        assert (run.returncode, run.stderr) == (0, b"")
        made.append((tmp_path / name / "b.zip").read_bytes())
        assert json.loads(run.stdout)["manifest"]["specs"]["passed"] == 2

    assert made[0] == made[1]


@pytest.mark.parametrize(
    ("said", "code", "words"),
    [
        ({"label": ""}, "wrong-value", "label"),
        ({"label": "x" * 2_001}, "wrong-value", "label"),
        ({"built": "yesterday"}, "wrong-value", "a time was expected"),
        ({"built": "2026-02-30T08:00:00Z"}, "wrong-value", "not a valid date and time"),
        ({"built": "2026-01-31T08:00:00+01:00"}, "wrong-value", "a time was expected"),
        ({"sequence": -1}, "wrong-value", "sequence"),
        ({"sequence": 10**16}, "wrong-value", "sequence"),
        ({"expires": "soon"}, "wrong-type", "soon"),
        ({"expires": "2027-02-30"}, "wrong-value", "2027-02-30"),
        ({"expires": "2027-01-31T08:00:00Z"}, "wrong-type", "2027-01-31T08:00:00Z"),
    ],
)
def test_what_is_said_of_a_bundle_is_checked(said: dict[str, Any], code: str, words: str) -> None:
    with pytest.raises(PolicyError) as error:
        read_about(said)
    (one,) = error.value.diagnostics
    assert one.code == code
    assert words in one.message
