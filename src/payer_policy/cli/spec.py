"""`payer-policy spec`: run Gherkin scenarios against the policies."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.core.diagnostics.render import report_text


@click.command("spec")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@options.policies_in_some_calls
@click.option(
    "--engine",
    help="Only this engine: compiled, durable, checked or columnar. "
    "[default: checked, which is the first two, and columnar]",
)
@click.option("-k", "expression", metavar="EXPR", help="Only what fits, as pytest's -k.")
@click.option("--steps", is_flag=True, help="List every sentence that a scenario may say.")
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
    from payer_policy.specs import report
    from payer_policy.specs.listing import steps_json, steps_text
    from payer_policy.specs.running import run_features

    if steps:
        options.print_json(steps_json()) if as_json else click.echo(steps_text(), nl=False)
        return
    options.need_policies(folder)
    _check_engine(engine)
    files = _files(paths or (Path("features"),))
    from payer_policy.policy.library import Library

    run = run_features(files, folder, Library.open(folder), engine=engine, expression=expression)
    if run.wrong is not None:
        raise click.UsageError(run.wrong)
    if as_json:
        options.print_json(report.as_json(run))
    else:
        click.echo(report.as_text(run))
    sys.exit(1 if run.count("failed") else 0)


def _check_engine(name: str | None) -> None:
    if name is not None:
        options.engine_or_default(name)


def _files(paths: tuple[Path, ...]) -> list[Path]:
    """The feature files, read once to see that they are in order; all problems are told at once."""
    from payer_policy.specs.reading import features_in, unreadable

    for path in paths:
        if not path.exists():
            raise click.UsageError(f"{path} is not there")
    files = features_in(paths)
    if not files:
        raise click.UsageError(f"no feature file in {', '.join(map(str, paths))}")
    if problems := unreadable(files):
        click.echo(report_text(problems, consequence="no scenario was run"), err=True)
        sys.exit(2)
    return files
