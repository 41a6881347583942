"""The files of a starter folder: the shipped policies, schemas, examples and scenarios themselves.

In an installed wheel they are package data. In a source checkout they are the folders of the repository,
by the same table of pyproject.toml that the wheel is built from, so there is one copy.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parents[1]
INSTALLED: Final = PACKAGE / "starter"
"""Their place in an installed wheel."""
CHECKOUT: Final = PACKAGE.parents[1]
"""The root of the repository, if the package is in its `src` folder."""
_TARGET: Final = "payer_policy/starter/"


def starter_files() -> dict[str, Path]:
    """The files to copy, by their path in the starter folder (with `/`), in order.

    Raises:
        FileNotFoundError: The installation has no starter files.
    """
    if INSTALLED.is_dir():
        return _files(INSTALLED, "")
    project = CHECKOUT / "pyproject.toml"
    if not project.is_file():
        raise FileNotFoundError(f"{INSTALLED} is not there")
    hatch = tomllib.loads(project.read_text(encoding="utf-8"))["tool"]["hatch"]
    found: dict[str, Path] = {}
    for source, target in hatch["build"]["targets"]["wheel"]["force-include"].items():
        if target.startswith(_TARGET):
            found |= _files(CHECKOUT / source, target.removeprefix(_TARGET))
    return dict(sorted(found.items()))


def _files(source: Path, below: str) -> dict[str, Path]:
    if source.is_file():
        return {below: source}
    before = f"{below}/" if below else ""
    return {
        before + path.relative_to(source).as_posix(): path
        for path in sorted(source.rglob("*"))
        if path.is_file()
    }
