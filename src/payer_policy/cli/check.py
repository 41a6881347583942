"""`payer-policy check`: everything that is wrong with a policy folder, in one run."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.diagnostics.render import report_json, report_sarif, report_text
from payer_policy.policy.reading import read_library


@click.command("check")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("policies"))
@options.as_json
@click.option("--sarif", is_flag=True, help="SARIF 2.1.0, for code-scanning annotations.")
@click.option("--strict", is_flag=True, help="Warnings too make the exit status 1.")
def command(folder: Path, as_json: bool, sarif: bool, strict: bool) -> None:
    """Find everything that is wrong with the policies in FOLDER.

    Exit status 0: nothing wrong (warnings may be printed); 1: errors; 2: no such folder.
    """
    library, problems = read_library(folder)
    errors = [problem for problem in problems if problem.severity == "error"]
    if sarif:
        options.print_json(report_sarif(problems, version("payer-policy")))
    elif as_json:
        options.print_json(report_json(problems))
    else:
        if problems:
            click.echo(report_text(problems, consequence="nothing can be loaded"))
        if not errors and library is not None:
            count = sum(len(versions) for versions in library.policies.values())
            rules = {
                (span.merged.version.name, id_)
                for spans in library.spans.values()
                for span in spans
                for id_ in span.merged.rules
            }
            click.echo(
                f"{'' if not problems else chr(10)}{folder}: {count} policy versions, "
                f"{len(rules)} rules with their overlays, {len(library.vocabulary.facts)} facts: "
                "no errors."
            )
    if any(problem.code == "no-folder" for problem in problems):
        sys.exit(2)
    sys.exit(1 if errors or (strict and problems) else 0)
