"""`payer-policy spec`: run Gherkin scenarios against the policies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from payer_policy.cli import options, playing
from payer_policy.core.diagnostics import PolicyError
from payer_policy.core.diagnostics.render import report_text


@click.command("spec")
@click.argument("paths", nargs=-1, type=options.PATH)
@options.policies_in_some_calls
@click.option(
    "--engine",
    help="Only this engine: compiled, durable, checked or columnar. "
    "[default: checked, which runs the first two, and columnar]",
)
@click.option(
    "-k", "expression", metavar="EXPR", help="Only matching names or tags, as pytest's -k."
)
@click.option("--steps", is_flag=True, help="List every sentence that a scenario can use.")
@options.as_json
def command(
    paths: tuple[Path, ...],
    folder: Path,
    engine: str | None,
    expression: str | None,
    steps: bool,
    as_json: bool,
) -> None:
    """Run the scenarios of feature files and folders (default: features) on every engine.

    Exit status 0: all passed; 1: some failed; 2: the call, a feature file or a policy was wrong.
    """
    from payer_policy.policy.loading import open_library
    from payer_policy.specs import report
    from payer_policy.specs.listing import steps_json, steps_text
    from payer_policy.specs.reading import read_features
    from payer_policy.specs.roles import scripts_in, withdrawn_without_effect
    from payer_policy.specs.running import run_scripts
    from payer_policy.specs.selecting import WrongExpression, select

    if steps:
        options.print_json(steps_json()) if as_json else click.echo(steps_text(), nl=False)
        return
    options.need_policies(folder)
    if engine is not None:
        options.engine_or_default(engine)
    files = playing.feature_files(paths)
    try:
        features = read_features(files, Path.cwd())
    except PolicyError as error:
        click.echo(report_text(error.diagnostics, consequence="no scenario was run"), err=True)
        sys.exit(2)
    library = open_library(folder)
    scripts = scripts_in(features, library)
    if not paths and (idle := withdrawn_without_effect(features, library)):
        click.echo(report_text(idle, consequence="no scenario was run"), err=True)
        sys.exit(2)
    if expression:
        with options.wrong_call(WrongExpression, option="-k"):
            scripts = select(scripts, expression)
        if not scripts:
            raise click.UsageError(f"no scenario matches `{expression}`")
    run = run_scripts(scripts, library, engine=engine, processes=os.cpu_count() or 1)
    options.print_json(report.as_json(run)) if as_json else click.echo(report.as_text(run))
    sys.exit(1 if run.count("failed") else 0)
