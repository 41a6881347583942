"""Writes the lock files of this folder anew, from pyproject.toml: `python requirements/lock.py`.

Needs uv (`pip install uv`) and a package index. Each file names every package with its version and the
SHA-256 of every file of it, for every platform; none names an index.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
OLDEST = "3.11"
"""The oldest Python that is supported; the files hold for all from it on."""
BUILD = ("hatchling", "setuptools", "wheel")
"""What builds this project, and the one dependency that comes as source code only."""
FILES = {
    "image.txt": ("serve", "fhir", "postgres"),
    "ci.txt": ("dev",),
    "all.txt": ("dev", "spark", "docs"),
}
"""By file, the extras of pyproject.toml that it covers."""


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))[
        "project"
    ]
    return found


def name_of(requirement: str) -> str:
    """`psycopg[binary]>=3.2` is about `psycopg`."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return re.sub(r"[._-]+", "-", found[0]).lower()


def requirements(file: str) -> list[str]:
    """What a file must cover, directly: as pyproject.toml says it."""
    return sorted({*_core(), *_extras(*FILES[file])})


def _core() -> list[str]:
    found = project()["dependencies"]
    assert isinstance(found, list)
    return found


def _extras(*names: str) -> Iterator[str]:
    extras = project()["optional-dependencies"]
    assert isinstance(extras, dict)
    for name in names:
        for one in extras[name]:
            own = re.fullmatch(r"payer-policy\[([\w,]+)\]", one)
            if own is None:
                yield one
            else:
                yield from _extras(*own[1].split(","))


def lock(file: str, asked: list[str], *more: str) -> None:
    """Resolve and write a file."""
    command = [
        *("uv", "pip", "compile", "-", "--output-file", str(HERE / file)),
        *("--universal", "--python-version", OLDEST, "--generate-hashes"),
        *("--no-header", "--no-annotate", "--quiet", *more, *sys.argv[1:]),
    ]
    subprocess.run(
        command, input="\n".join(asked), text=True, check=True, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    lock("build.txt", list(BUILD))
    lock("all.txt", requirements("all.txt"))
    # One version of each package everywhere: what the tests run with is what the image has.
    same = ("--constraint", str(HERE / "all.txt"))
    lock("ci.txt", requirements("ci.txt"), *same)
    lock("image.txt", requirements("image.txt"), *same)
