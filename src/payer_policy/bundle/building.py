"""Building a bundle: policies that do not pass `check` and their own scenarios are not packed.

Each file is read once: the same bytes are checked, run and packed. A feature file that changes while the
scenarios run is reported. The same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from payer_policy.bundle.archive import MANIFEST, SIGNATURE, pack, why_no_path
from payer_policy.bundle.manifest import (
    About,
    Checked,
    Manifest,
    Product,
    Specs,
    listed_files,
    listed_policies,
    packed_files,
    warned,
)
from payer_policy.bundle.problems import BundleError, problem, refuse
from payer_policy.bundle.signing import PrivateKey
from payer_policy.core.diagnostics import Diagnostic, PolicyError
from payer_policy.formats.schemas import library_schema_problems
from payer_policy.policy.folder_hash import contents_hash
from payer_policy.policy.library import Library
from payer_policy.policy.loading import load_folder, read_library
from payer_policy.specs.examples import example_problems
from payer_policy.specs.reading import features_in, read_features
from payer_policy.specs.roles import scripts_in
from payer_policy.specs.running import Run, run_scripts


@dataclass(frozen=True)
class Built:
    """A new bundle."""

    data: bytes
    manifest: Manifest
    run: Run | None
    """The result of the scenarios; None if it was built without scenarios."""


Settle = Callable[[Library, list[Diagnostic]], list[Diagnostic]]
"""The problems of a folder, after a solver decided those that reading leaves open."""


class ScenariosFailed(BundleError):
    """Scenarios do not pass, so nothing was built. `run` has all results."""

    def __init__(self, run: Run) -> None:
        self.run = run
        super().__init__(_failed(run))


def build_bundle(
    policies: Path,
    features: Path | None,
    key: PrivateKey,
    *,
    about: About | None = None,
    pack_features: bool = False,
    engine: str | None = None,
    settle: Settle = lambda library, problems: problems,
) -> Built:
    """A signed bundle of a folder of policies.

    Args:
        policies: The folder that holds `vocabulary.json`.
        features: The scenarios, a folder or a file; None: none are run, and the manifest says so.
        key: Signs the manifest.
        about: The builder's description of the bundle.
        pack_features: Whether the feature files are packed too.
        engine: The only engine that runs the scenarios, as in `payer-policy spec --engine`.
        settle: Gives the final problems of a folder without errors.

    Raises:
        BundleError: `check` finds an error, a scenario does not pass (`ScenariosFailed`), or a file
            cannot be packed; with every problem. Nothing is built.
    """
    contents, library = _checked(policies, settle)
    run, scenarios = None, dict[str, bytes]()
    if features is not None:
        run, scenarios = _tried(features, library, engine)
    packed = scenarios if pack_features else {}
    warnings = warned(settle(library, read_library(Path("policies"), contents)[1]))
    read = {path: data for path, data in contents.items() if path.endswith(".json")}
    files = packed_files(read, packed)
    refuse(_unpackable(files))
    manifest = Manifest(
        product=Product(version=version("payer-policy")),
        signed_by=key.public.id,
        about=about or About(),
        folder_hash=contents_hash(read),
        check=Checked(warnings=warnings),
        specs=None if run is None else _specs(run, scenarios, pack_features),
        without_specs=run is None,
        policies=listed_policies(library),
        files=listed_files(files),
    )
    signed = manifest.to_bytes()
    try:
        data = pack({**files, MANIFEST: signed, SIGNATURE: key.sign(signed)})
    except ValueError as error:  # too many files, or too large
        raise BundleError([problem("too-large", policies.as_posix(), str(error))]) from None
    return Built(data, manifest, run)


def _checked(policies: Path, settle: Settle) -> tuple[dict[str, bytes], Library]:
    """The folder's files and their library, after every check passed."""
    contents, problems = load_folder(policies)
    library = None
    if not problems:
        library, problems = read_library(policies, contents)
        if library is not None:
            problems = settle(library, problems)
    errors = [one for one in problems if one.severity == "error"]
    if library is not None and not errors:
        found = [*library_schema_problems(library), *example_problems(library)]
        errors = [one for one in found if one.severity == "error"]
    refuse(errors)
    assert library is not None
    return contents, library


def _tried(features: Path, library: Library, engine: str | None) -> tuple[Run, dict[str, bytes]]:
    """The run of the scenarios, which all passed, and the feature files by their path below."""
    shown = features.as_posix()
    files = features_in([features]) if features.exists() else []
    if not files:
        what = "it holds no feature file" if features.exists() else "it does not exist"
        hint = "name the folder of the scenarios, or use --without-specs"
        refuse([problem("no-scenarios", shown, what, hint)])
    before = _bytes(features, files)
    try:
        read = read_features(files, Path.cwd())
    except PolicyError as error:
        refuse(error.diagnostics)
    run = run_scripts(scripts_in(read, library), library, engine=engine)
    if run.count("failed"):
        raise ScenariosFailed(run)
    if not run.count("passed"):
        refuse(
            [problem("no-scenarios", shown, "none of its scenarios ran", "name other scenarios")]
        )
    after = _bytes(features, features_in([features]))
    refuse(
        problem("changed-while-read", f"{shown}/{path}", "it changed while its scenarios ran")
        for path in sorted({*before, *after})
        if before.get(path) != after.get(path)
    )
    return run, before


def _bytes(features: Path, files: list[Path]) -> dict[str, bytes]:
    root = features if features.is_dir() else features.parent
    out: dict[str, bytes] = {}
    for file in files:
        try:
            out[file.relative_to(root).as_posix()] = file.read_bytes()
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            message = f"the file cannot be read: {reason}"
            refuse([problem("unreadable", file.as_posix(), message)])
    return out


def _specs(run: Run, scenarios: Mapping[str, bytes], packed: bool) -> Specs:
    return Specs(
        scenarios=len(run.scenarios),
        passed=run.count("passed"),
        skipped=run.count("skipped"),
        engines=list(run.engines),
        features=len(scenarios),
        hash=contents_hash(scenarios),
        packed=packed,
    )


def _failed(run: Run) -> Iterator[Diagnostic]:
    for result in run.scenarios:
        if result.outcome == "failed":
            engines = ", ".join(result.failures)
            message = f"the scenario `{result.place.scenario}` does not pass on {engines}"
            where = f"{result.place.file}:{result.place.example_line or result.place.line}"
            yield problem("failed-scenario", where, message, "payer-policy spec shows why")


def _unpackable(files: Mapping[str, bytes]) -> Iterator[Diagnostic]:
    by_folded: dict[str, str] = {}
    for path in sorted(files):
        if (why := why_no_path(path)) is not None:
            yield problem("wrong-name", path, f"the path {why}", "rename it")
        elif (other := by_folded.setdefault(path.casefold(), path)) != path:
            message = f"it differs only in letter case from `{other}`"
            yield problem("duplicate-address", path, message, "rename one of the two")
