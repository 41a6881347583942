"""`payer-policy init`: a folder to start from, written from the shipped policies."""

from __future__ import annotations

import os
import shlex
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from payer_policy.cli import options
from payer_policy.cli.starter import starter_files
from payer_policy.core.whole_file import FOR_ALL

CONTENTS: Final = {
    "policies": "policies, the vocabulary, code sets, reason codes, drugs and products",
    "schema": "JSON Schemas for editors",
    "examples": "claims to decide",
    "features": "scenarios to run",
    ".vscode": "editor settings: which schema each file has",
    ".github": "a CI workflow that runs check and spec",
}
"""The contents of each folder of the starter."""
EXAMPLE: Final = "examples/claims/refill.json"
"""The claim that the next steps decide."""
SHOWN: Final = 5
"""The maximum number of existing files listed; the rest are counted."""


@click.command("init")
@click.argument("folder", type=options.PATH, default=Path())
def command(folder: Path) -> None:
    """Write a starter folder into FOLDER (default: this folder): policies, schemas, examples,
    scenarios, editor settings, a CI workflow.

    Nothing is overwritten: if anything is in the way, it is listed and nothing is written.
    Exit status 0: written; 2: something is in the way, or a file cannot be written.
    """
    try:
        files = starter_files()
    except FileNotFoundError as error:
        raise click.UsageError(
            f"this installation has no starter files ({error}); install payer-policy again from its wheel"
        ) from None
    if found := _in_the_way(folder, files):
        more = len(found) - SHOWN
        listed = ", ".join(found[:SHOWN]) + (f" and {more} more" if more > 0 else "")
        raise click.UsageError(
            f"nothing was written, because {'these are' if len(found) > 1 else 'this is'} in the way: "
            f"{listed}; move or delete {'them' if len(found) > 1 else 'it'}, or name another folder: "
            "payer-policy init FOLDER"
        )
    for name, source in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            name = f"the folder {path.parent}"
            raise options.file_error(name, error, "cannot be made") from None
        with options.written(path, FOR_ALL) as out:
            out.write(source.read_bytes())
    click.echo("\n".join(_report(folder, files)))


def _in_the_way(folder: Path, files: Iterable[str]) -> list[str]:
    """The existing files and folders that would be overwritten, in order.

    Folders of settings (`.github`) may exist, since a repository may have them.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        return [str(folder)]
    found = set()
    for name in map(Path, files):
        if not name.parts[0].startswith("."):
            places = [Path(name.parts[0])]
        else:
            above = [one for one in reversed(name.parents) if not (folder / one).is_dir()]
            places = [*above, name]
        found |= {folder / one for one in places if os.path.lexists(folder / one)}
    return sorted(map(str, found))


def _report(folder: Path, files: Iterable[str]) -> Iterable[str]:
    names = list(files)
    here = folder == Path()
    yield f"Wrote {len(names)} files into {'this folder' if here else folder}:"
    counts = Counter(name.split("/")[0] for name in names)
    for first, what in CONTENTS.items():
        count = counts[first]
        yield f"  {first + '/':<11}{count:>4} file{' ' if count == 1 else 's'}  {what}"
    yield ""
    yield "Next:"
    if not here:
        yield f"  cd {shlex.quote(str(folder))}"
    yield "  payer-policy check"
    yield f"  payer-policy decide {EXAMPLE}"
    yield "  payer-policy spec"
