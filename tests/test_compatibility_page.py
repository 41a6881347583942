"""docs/compatibility.md lists every format that the source names, and no other."""

from __future__ import annotations

import re
import tomllib

from tests.places import ROOT

PAGE = (ROOT / "docs" / "compatibility.md").read_text(encoding="utf-8")
FORMAT = re.compile(r"payer-policy/[a-z-]+/[0-9]+")


def test_every_format_is_listed_with_its_number() -> None:
    named = {
        found
        for path in (ROOT / "src").rglob("*.py")
        for found in FORMAT.findall(path.read_text(encoding="utf-8"))
    }

    assert set(FORMAT.findall(PAGE)) == named


def test_it_names_the_version_to_pin() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert f"`pip install 'payer-policy~={project['version']}'`" in PAGE
