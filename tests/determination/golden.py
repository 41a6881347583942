"""Golden files: what is printed is kept in a file beside the tests, and read in review.

`UPDATE_GOLDEN=1 pytest tests/determination` writes them anew; look at the difference before you
commit it.
"""

from __future__ import annotations

import os
from pathlib import Path

GOLDEN = Path(__file__).with_name("golden")


def agrees(name: str, text: str) -> None:
    """The text is what the golden file of that name says."""
    path = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert path.exists(), f"{path} is not there; UPDATE_GOLDEN=1 writes it"
    assert text == path.read_text(encoding="utf-8"), f"UPDATE_GOLDEN=1 writes {name} anew"
