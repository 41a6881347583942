"""`payer-policy migrate`: a policy folder of an older form, in the form of this version."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.core.whole_file import FOR_ALL


@click.command("migrate")
@options.policies
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 if there is an old form.")
def command(folder: Path, check: bool) -> None:
    """Rewrite the files of a policy folder that have an older form.

    What is not old stays as it is, with its layout and order. Run `payer-policy check` afterwards.
    """
    from payer_policy.authoring.migrating import migrated
    from payer_policy.core.diagnostics.render import report_text
    from payer_policy.policy.loading import load_folder

    contents, problems = load_folder(folder)
    if problems:
        click.echo(report_text(problems, consequence="nothing was written"), err=True)
        sys.exit(2)
    files, changes = migrated(contents)
    for change in changes:
        click.echo(f"{(folder / change.path).as_posix()}: {change.says}")
    if not changes:
        click.echo(f"{folder.as_posix()}: nothing is of an older form")
        return
    if check:
        sys.exit(1)
    for path, data in files.items():
        with options.written(folder / path, FOR_ALL) as out:
            out.write(data)
    count = len(files)
    click.echo(f"{count} file{'' if count == 1 else 's'} rewritten")
