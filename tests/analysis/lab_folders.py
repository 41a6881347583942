"""A case of `lab/cases/` as a folder: the small folder `lab/base/` with the policy of the case."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

LAB = Path(__file__).parent / "lab"
CASES = LAB / "cases"
POLICY = "lab/main/2024-01-01.json"


def build_lab(case: Path, folder: Path) -> None:
    """Write the folder of a case: `policy`, and where they are there `statements`, `facts-added`."""
    shutil.copytree(LAB / "base", folder)
    beside = folder / POLICY
    beside.parent.mkdir(parents=True)
    shutil.copy(case / "policy.json", beside)
    if (case / "statements.json").exists():
        shutil.copy(case / "statements.json", beside.parent)
    more = case / "facts-added.json"
    if more.exists():
        vocabulary = json.loads((folder / "vocabulary.json").read_text("utf-8"))
        vocabulary["facts"].update(json.loads(more.read_text("utf-8")))
        (folder / "vocabulary.json").write_text(json.dumps(vocabulary), "utf-8")
