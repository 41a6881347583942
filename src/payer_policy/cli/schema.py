"""`payer-policy schema`: the JSON Schemas with which editors complete and check files."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from payer_policy.cli import options
from payer_policy.core.diagnostics import did_you_mean
from payer_policy.core.whole_file import FOR_ALL
from payer_policy.formats.schemas import SCHEMAS, schema_texts
from payer_policy.policy.loading import open_library

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command("schema")
@click.argument("name", required=False)
@options.policies
@click.option("--write", type=_FOLDER, help="Write all into a folder.")
@click.option(
    "--check", "compare", type=_FOLDER, help="Exit status 1 if files of a folder are out of date."
)
def command(name: str | None, folder: Path, write: Path | None, compare: Path | None) -> None:
    """Print one JSON Schema (NAME, such as `policy`), or write all of them.

    If NAME is a folder of policies, its schemas are written into `schema` beside it, where the files'
    `$schema` looks for them.
    """
    if name is not None and Path(name).is_dir():
        folder, name = Path(name), None
        write = write or folder.parent / SCHEMAS
    schemas = schema_texts(open_library(folder))
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for file, text in schemas.items():
            with options.written(write / file, FOR_ALL) as out:
                out.write(text.encode("utf-8"))
        click.echo(f"{len(schemas)} schemas written to {write}")
        return
    if compare is not None:
        stale = [
            file
            for file, text in schemas.items()
            if not (compare / file).is_file()
            or (compare / file).read_text(encoding="utf-8") != text
        ]
        for file in stale:
            click.echo(
                f"{compare / file} is out of date; run payer-policy schema --write {compare}"
            )
        sys.exit(1 if stale else 0)
    names = [file.removesuffix(".schema.json") for file in schemas]
    if name is None:
        click.echo("\n".join(names))
        return
    if name not in names:
        hint = did_you_mean(name, names) or f"expected one of {', '.join(names)}"
        raise click.UsageError(f"there is no schema `{name}`; {hint}")
    click.echo(schemas[f"{name}.schema.json"], nl=False)
