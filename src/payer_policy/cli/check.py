"""`payer-policy check`: every problem of a policy folder, in one run."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.core.diagnostics import Diagnostic
from payer_policy.core.diagnostics.codes import CODES
from payer_policy.core.diagnostics.render import report_json, report_sarif, report_text
from payer_policy.determination.words import counted
from payer_policy.policy.library import Library
from payer_policy.policy.loading import read_library


@click.command("check")
@click.argument("folder", type=options.PATH, default=Path("policies"))
@options.as_json
@click.option("--sarif", is_flag=True, help="SARIF 2.1.0, for code-scanning annotations.")
@click.option("--strict", is_flag=True, help="Exit status 1 for warnings too.")
@click.option(
    "--deep",
    is_flag=True,
    help="Also analyze every possible request for parts without effect (needs z3-solver; minutes for "
    "many policies). Findings make the exit status 1.",
)
@click.option("--codes", is_flag=True, help="List every kind of problem, and stop.")
def command(
    folder: Path, as_json: bool, sarif: bool, strict: bool, deep: bool, codes: bool
) -> None:
    """Find every problem of the policies in FOLDER.

    Exit status 0: no errors (warnings may be printed); 1: errors; 2: no such folder.
    """
    if codes:
        _print_codes(as_json)
        return
    if not (as_json or sarif):  # programs get this problem as JSON
        options.need_policies(folder, "name it: payer-policy check FOLDER")
    if deep:
        options.need_solver()
    library, problems = read_library(folder)
    if library is not None:
        problems = options.settled(library, problems)
    errors = [problem for problem in problems if problem.severity == "error"]
    if library is not None and not errors:
        from payer_policy.formats.schemas import library_schema_problems, stale_schemas
        from payer_policy.specs.examples import example_problems

        found = [
            *library_schema_problems(library),
            *stale_schemas(library, folder),
            *example_problems(library),
        ]
        errors = [problem for problem in found if problem.severity == "error"]
        problems = sorted([*problems, *found], key=Diagnostic.sort_key)
    if deep and library is not None and not errors:
        from payer_policy.analysis.deep import deep_check
        from payer_policy.engine import Engine

        bad = deep_check(Engine(library))
        problems = sorted([*problems, *bad], key=Diagnostic.sort_key)
        strict = strict or bool(bad)
        errors = [problem for problem in bad if problem.severity == "error"]
    if sarif:
        options.print_json(report_sarif(problems, version("payer-policy")))
    elif as_json:
        options.print_json(report_json(problems))
    else:
        _print(folder, library, problems, bool(errors))
    if any(problem.code == "no-folder" for problem in problems):
        sys.exit(2)
    sys.exit(1 if errors or (strict and problems) else 0)


def _print(folder: Path, library: Library | None, problems: list[Diagnostic], bad: bool) -> None:
    if problems:
        consequence = "nothing can be loaded"
        codes = {one.code for one in problems if one.severity == "error"}
        if codes == {"wrong-example"}:
            consequence = "no scenario can start from them"
        elif codes <= {"conflict"}:
            consequence = "for such requests the fact is not known, and rules that read it pend"
        if library is None and any(p.location.file.endswith("vocabulary.json") for p in problems):
            consequence += ", and rules are checked only after vocabulary.json is correct"
        click.echo(report_text(problems, consequence=consequence))
    if bad or library is None:
        _say_older_forms(folder)
    if bad or library is None:
        return
    versions = [version for listed in library.policies.values() for version in listed]
    counts = [
        counted(len(library.reference.payers), "payer"),
        counted(len(versions), "policy version"),
        counted(sum(len(version.model.rules) for version in versions), "rule"),
        counted(len(library.vocabulary.facts), "fact"),
    ]
    before = "\n" if problems else ""
    click.echo(f"{before}{folder.as_posix()}: no errors ({', '.join(counts)}).")


def _say_older_forms(folder: Path) -> None:
    from payer_policy.authoring.migrating import migrated
    from payer_policy.policy.loading import load_folder

    files, _ = migrated(load_folder(folder)[0])
    if files:
        are = "is" if len(files) == 1 else "are"
        click.echo(
            f"\n{counted(len(files), 'file')} {are} of an older form; to rewrite: "
            f"payer-policy migrate --policies {folder.as_posix()}"
        )


def _print_codes(as_json: bool) -> None:
    width = max(map(len, CODES))
    value = [{"code": code, "means": means} for code, means in CODES.items()]
    options.report(as_json, value, (f"{code:<{width}}  {means}" for code, means in CODES.items()))
